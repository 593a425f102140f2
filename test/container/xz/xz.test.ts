// Images packed by xz and pixz: of several blocks and streams; those that cannot be read at any place; damaged ones.
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { crc64Of } from '../../../src/base/crc64.js';
import { openPacked, PACKED_DISC, readAll, readSectors } from '../../support/builders/packed-disc.js';
import { needs } from '../../support/needs.js';

const MOST = { maxBuffer: 256 * 1024 * 1024 };

function pack(options: readonly string[], input: Uint8Array = PACKED_DISC): Buffer {
  return execFileSync('xz', ['-c', ...options], { input, ...MOST });
}

const BLOCKS = ['--block-size=65536'];

describe('an image packed by xz', needs('xz'), () => {
  it.each([
    ['of one block', ['-1']],
    ['of blocks of 64 KiB', BLOCKS],
    ['of blocks of several sizes', ['--block-list=100000,5000,65536,1000']],
    ['with CRC-32', [...BLOCKS, '--check=crc32']],
    ['with SHA-256', [...BLOCKS, '--check=sha256']],
    ['without checks', [...BLOCKS, '--check=none']],
    ['by several threads', ['-T2', '--block-size=100KiB']],
  ])('%s is read as what it was made of', async (_title, options) => {
    const opened = await openPacked(pack(options));
    expect([opened.disc.format, opened.source.size]).toEqual(['iso', PACKED_DISC.length]);
    expect((await readAll(opened)).equals(PACKED_DISC)).toBe(true);
  });

  it('in several streams, with zeros between them and behind them, is one image', async () => {
    const half = 301_000;
    const parts = [
      pack(BLOCKS, PACKED_DISC.subarray(0, half)),
      Buffer.alloc(8),
      pack([]),
      pack(['--check=sha256'], PACKED_DISC.subarray(half)),
      Buffer.alloc(9000),
    ];
    parts[2] = pack([], new Uint8Array());
    const opened = await openPacked(Buffer.concat(parts));
    expect((await readAll(opened)).equals(PACKED_DISC)).toBe(true);
  });

  it('by pixz is read as what it was made of', needs('pixz'), async () => {
    const packed = execFileSync('pixz', ['-t', '-0'], { input: PACKED_DISC, ...MOST });
    expect((await readAll(await openPacked(packed))).equals(PACKED_DISC)).toBe(true);
  });

  it('in one block that is too large is refused with the command that packs it again', async () => {
    const large = Buffer.concat([PACKED_DISC, Buffer.alloc(33 * 1024 * 1024)]);
    await expect(openPacked(pack(['-0'], large))).rejects.toMatchObject({
      code: 'unsupported',
      action: "Unpack it, or pack it again: xz -dc 'memory' | xz --block-size=1MiB > NEW.iso.xz",
    });
  });

  it('with other filters is refused', async () => {
    await expect(openPacked(pack(['--x86', '--lzma2=preset=1']))).rejects.toThrow('filters beside LZMA2');
  });

  it('with a bit changed lacks the block that it is in, and no other', async () => {
    const packed = pack(BLOCKS);
    // Of the part that xz could not pack: only the check tells.
    packed[packed.indexOf(PACKED_DISC.subarray(-200_000, -199_980))]! ^= 1;
    const found = await readSectors(await openPacked(packed));
    expect(found).toMatch(/^(={32})+-{32}=+$/);
  });

  it.each([
    ['no footer ends at byte', (packed: Buffer) => packed.subarray(0, packed.length - 1000)],
    ['its index is damaged', (packed: Buffer) => packed.fill(0xff, packed.length - 30, packed.length - 20)],
    ['it ends in more than', (packed: Buffer) => Buffer.concat([packed, Buffer.alloc(70_000)])],
    ['no footer ends at byte 12', (packed: Buffer) => Buffer.concat([packed.subarray(0, 12), packed])],
  ])('that is damaged so that %s is refused', async (what, damage) => {
    const packed = damage(pack(BLOCKS));
    const refused = openPacked(packed);
    await expect(refused).rejects.toThrow(what);
    await expect(refused).rejects.toMatchObject({ code: 'damaged' });
  });
});

it('CRC-64 of the digits 1 to 9 is that of the standard', () => {
  expect(crc64Of(Buffer.from('123456789')).readBigUInt64LE()).toBe(0x995d_c9bb_df19_39fan);
});
