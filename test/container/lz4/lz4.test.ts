// Images packed by lz4 in blocks that stand alone; linked ones are refused.
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { openPacked, PACKED_DISC, readAll, readSectors } from '../../support/builders/packed-disc.js';
import { needs } from '../../support/needs.js';

function pack(options: readonly string[], input: Uint8Array = PACKED_DISC): Buffer {
  return execFileSync('lz4', ['-q', '-c', ...options], { input, maxBuffer: 64 * 1024 * 1024 });
}

describe('an image packed by lz4', needs('lz4'), () => {
  it.each([
    ['of blocks of 64 KiB', ['-B4']],
    ['of blocks of 4 MiB', ['-B7']],
    ['with sums of blocks', ['-B5', '-BX']],
    ['without a sum', ['-B4', '--no-frame-crc']],
  ])('%s is read as what it was made of', async (_title, options) => {
    const opened = await openPacked(pack(options));
    expect([opened.disc.format, opened.source.size]).toEqual(['iso', PACKED_DISC.length]);
    expect((await readAll(opened)).equals(PACKED_DISC)).toBe(true);
  });

  it('in several frames is one image', async () => {
    const packed = Buffer.concat([
      pack(['-B4'], PACKED_DISC.subarray(0, 300_000)),
      pack(['-B5'], PACKED_DISC.subarray(300_000)),
    ]);
    expect((await readAll(await openPacked(packed))).equals(PACKED_DISC)).toBe(true);
  });

  it('that is cut off ends before the block that is cut', async () => {
    const packed = pack(['-B4']);
    const found = await readSectors(await openPacked(packed.subarray(0, packed.length - 30_000)));
    expect(found).toMatch(/^=+!+$/);
  });

  it('with a spoiled block lacks that, and no other', async () => {
    const packed = pack(['-B4']);
    const second = 7 + 4 + (packed.readUInt32LE(7) % 0x8000_0000);
    const third = second + 4 + (packed.readUInt32LE(second) % 0x8000_0000);
    packed.fill(0xff, second + 20, third);
    const found = await readSectors(await openPacked(packed));
    expect(found.slice(0, 32) + found.slice(64)).toMatch(/^=+$/);
    expect(found.slice(32, 64)).toBe('-'.repeat(32));
  });

  it('in linked blocks is refused with the command that packs it again', async () => {
    await expect(openPacked(pack(['-B4', '-BD']))).rejects.toMatchObject({
      code: 'unsupported',
      action: "Unpack it, or pack it again: lz4 -dc 'memory' | lz4 -B7 > NEW.iso.lz4",
    });
  });
});
