// Images packed by bgzip and dictzip, whole and damaged; plain gzip files are refused.
import { execFileSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPacked, PACKED_DISC, readAll, readSectors } from '../../support/builders/packed-disc.js';
import { needs } from '../../support/needs.js';

function bgzip(...options: readonly string[]): Buffer {
  return execFileSync('bgzip', ['-c', ...options], { input: PACKED_DISC });
}

function dictzip(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'isodrive-dictzip-'));
  try {
    writeFileSync(join(folder, 'x.iso'), PACKED_DISC);
    execFileSync('dictzip', ['x.iso'], { cwd: folder });
    return readFileSync(join(folder, 'x.iso.dz'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('an image packed by bgzip', needs('bgzip'), () => {
  it('is read as what it was made of', async () => {
    const opened = await openPacked(bgzip());
    expect([opened.disc.format, opened.source.size]).toEqual(['iso', PACKED_DISC.length]);
    expect((await readAll(opened)).equals(PACKED_DISC)).toBe(true);
  });

  it('in several runs, which end in short blocks, is one image', async () => {
    const whole = bgzip();
    const text = execFileSync('bgzip', ['-c'], { input: Buffer.alloc(30_000, 'x') });
    const expected = Buffer.concat([PACKED_DISC, Buffer.alloc(30_000, 'x'), PACKED_DISC]);
    expect((await readAll(await openPacked(Buffer.concat([whole, text, whole])))).equals(expected)).toBe(
      true,
    );
  });

  it('with a bit changed lacks the block that it is in, and no other', async () => {
    const packed = bgzip();
    packed[packed.length - 50_000]! ^= 1;
    const found = await readSectors(await openPacked(packed));
    expect(found).toMatch(/^=+-{31,33}=+$/);
  });

  it('that is cut off ends before the block that is cut', async () => {
    const packed = bgzip();
    const { source } = await openPacked(packed.subarray(0, packed.length - 20_000));
    expect(source.size % 65_280).toBe(0);
    expect(source.size).toBeLessThan(PACKED_DISC.length);
  });
});

describe('an image packed by dictzip', needs('dictzip'), () => {
  it('is read as what it was made of', async () => {
    expect((await readAll(await openPacked(dictzip()))).equals(PACKED_DISC)).toBe(true);
  });

  it('whose table lies is refused', async () => {
    const packed = dictzip();
    packed.writeUInt16LE(0xffff, packed.indexOf('RA') + 10);
    const refused = openPacked(packed.subarray(0, packed.length - 100_000));
    await expect(refused).rejects.toMatchObject({ code: 'damaged' });
  });
});

it('A plain gzip file is refused with the command that packs it again', async () => {
  await expect(openPacked(gzipSync(PACKED_DISC))).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('it is a gzip file, which has to be unpacked from its start') as string,
    action: "Unpack it, or pack it again: gzip -dc 'memory' | bgzip > NEW.iso.gz",
  });
});
