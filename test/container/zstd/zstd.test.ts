// Images packed by Zstandard in frames with a seek table, or that tell their sizes; others are refused.
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { openPacked, PACKED_DISC, readAll, readSectors } from '../../support/builders/packed-disc.js';
import { needs } from '../../support/needs.js';

const MOST = { maxBuffer: 256 * 1024 * 1024 };

/** Frames that tell their sizes, as a file has one that is packed whole. */
function pack(input: Uint8Array, ...options: readonly string[]): Buffer {
  return execFileSync('zstd', ['-q', '-c', `--stream-size=${input.length}`, ...options], { input, ...MOST });
}

/** As the seekable format of Zstandard's own contributions has it. */
function packSeekable(bytes: number, change: (table: Buffer) => void = () => undefined): Buffer {
  const starts = Array.from({ length: Math.ceil(PACKED_DISC.length / bytes) }, (_, i) => i * bytes);
  const frames = starts.map((start) => pack(PACKED_DISC.subarray(start, start + bytes), '--no-check'));
  const table = Buffer.alloc(8 + frames.length * 12 + 9);
  table.writeUInt32LE(0x184d_2a5e, 0);
  table.writeUInt32LE(table.length - 8, 4);
  for (const [i, frame] of frames.entries()) {
    table.writeUInt32LE(frame.length, 8 + i * 12);
    table.writeUInt32LE(Math.min(bytes, PACKED_DISC.length - i * bytes), 12 + i * 12);
  }
  table.writeUInt32LE(frames.length, table.length - 9);
  table.writeUInt8(0x80, table.length - 5);
  table.writeUInt32LE(0x8f92_eab1, table.length - 4);
  change(table);
  return Buffer.concat([...frames, table]);
}

describe('an image packed by Zstandard', needs('zstd'), () => {
  it('in frames with a seek table is read as what it was made of', async () => {
    const opened = await openPacked(packSeekable(100_000));
    expect([opened.disc.format, opened.source.size]).toEqual(['iso', PACKED_DISC.length]);
    expect((await readAll(opened)).equals(PACKED_DISC)).toBe(true);
  });

  it('in frames that tell their sizes is read as what it was made of', async () => {
    const cuts = [0, 50_001, 50_101, 400_000, PACKED_DISC.length];
    const frames = cuts.slice(1).map((end, i) => pack(PACKED_DISC.subarray(cuts[i], end)));
    expect((await readAll(await openPacked(Buffer.concat(frames)))).equals(PACKED_DISC)).toBe(true);
  });

  it('by pzstd, whose frames do not tell their sizes, is refused', needs('pzstd'), async () => {
    const packed = execFileSync('pzstd', ['-q', '-c', '-1', '-p', '2'], { input: PACKED_DISC, ...MOST });
    await expect(openPacked(packed)).rejects.toThrow('a zstd file without a seek table');
  });

  it('with a spoiled frame lacks that, and no other', async () => {
    const packed = packSeekable(65_536);
    packed.fill(0xff, 4, 40);
    await expect(openPacked(packed)).rejects.toMatchObject({ code: 'image-unreadable' });
    const other = packSeekable(65_536);
    const table = other.length - 9 - Math.ceil(PACKED_DISC.length / 65_536) * 12;
    const skipped = [0, 1, 2, 3].reduce((sum, i) => sum + other.readUInt32LE(table + i * 12), 0);
    other.fill(0xff, skipped + 6, skipped + 20);
    const found = await readSectors(await openPacked(other));
    expect(found).toMatch(/^={128}-{32}=+$/);
  });

  it('in one frame that does not tell its size is refused with the command that packs it again', async () => {
    const packed = execFileSync('zstd', ['-q', '-c'], { input: PACKED_DISC, ...MOST });
    await expect(openPacked(packed)).rejects.toMatchObject({
      code: 'unsupported',
      action: "Unpack it, or pack it again: zstd -dc 'memory' | bgzip > NEW.iso.gz",
    });
  });

  it.each([
    ['frames, expected at most', 9, 0xffff_ffff],
    ['does not begin where its end says', 9, 2],
  ])('whose seek table lies is refused: %s', async (what, back, value) => {
    const refused = openPacked(
      packSeekable(100_000, (table) => table.writeUInt32LE(value, table.length - back)),
    );
    await expect(refused).rejects.toThrow(what);
    await expect(refused).rejects.toMatchObject({ code: 'damaged' });
  });
});
