// Compressed images of PSP discs: those that maxcso makes, those that it cannot make, and damaged ones.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPacked, PACKED_DISC, readAll, readSectors } from '../../support/builders/packed-disc.js';
import { needs } from '../../support/needs.js';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'isodrive-cso-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function pack(...options: readonly string[]): Buffer {
  const [from, to] = [join(folder, 'x.iso'), join(folder, 'x.packed')];
  writeFileSync(from, PACKED_DISC);
  execFileSync(process.env.ISODRIVE_MAXCSO!, ['--quiet', '--threads=1', ...options, from, '-o', to]);
  return readFileSync(to);
}

interface Made {
  readonly blockBytes?: number;
  readonly shift?: number;
  /** Blocks that are stored have so many bytes more. */
  readonly slack?: number;
  readonly size?: number;
  readonly version?: number;
}

/** CSO by our own hand: offsets are padded to what a shift asks for. */
function make(
  { blockBytes = 2048, shift = 0, slack = 0, size, version = 1 }: Made,
  bytes = PACKED_DISC,
): Buffer {
  const blocks = Math.ceil(bytes.length / blockBytes);
  const index: number[] = [];
  const unit = 2 ** shift;
  let at = Math.ceil((24 + (blocks + 1) * 4) / unit) * unit;
  const parts = [Buffer.alloc(at)];
  for (let i = 0; i < blocks; i += 1) {
    const block = bytes.subarray(i * blockBytes, (i + 1) * blockBytes);
    const packed = deflateRawSync(block);
    const isStored = packed.length >= block.length;
    const part = isStored ? Buffer.concat([block, Buffer.alloc(slack, 0xaa)]) : packed;
    const padded = Buffer.concat([part, Buffer.alloc((unit - (part.length % unit)) % unit, 0xee)]);
    index.push((at / unit + (isStored ? 2 ** 31 : 0)) >>> 0);
    parts.push(padded);
    at += padded.length;
  }
  // The mark of the end means nothing.
  index.push((at / unit + 2 ** 31) >>> 0);
  const head = parts[0]!;
  head.write('CISO');
  head.writeUInt32LE(0xdead, 4);
  head.writeBigUInt64LE(BigInt(size ?? bytes.length), 8);
  head.writeUInt32LE(blockBytes, 16);
  head.set([version, shift], 20);
  for (const [i, entry] of index.entries()) head.writeUInt32LE(entry, 24 + i * 4);
  return Buffer.concat(parts);
}

describe('a compressed image of a PSP disc', () => {
  it.each([
    ['CSO', '--format=cso1', '--block=2048'],
    ['CSO of large blocks', '--format=cso1', '--block=16384'],
    ['CSO of version 2', '--format=cso2', '--block=2048', '--use-lz4'],
    ['CSO of version 2 with LZ4 alone', '--format=cso2', '--block=16384', '--only-lz4', '--use-lz4'],
    ['ZSO', '--format=zso', '--block=2048'],
    ['ZSO of large blocks', '--format=zso', '--block=16384'],
    ['DAX', '--format=dax'],
    ['what is stored alone', '--format=cso1', '--orig-cost=1000000'],
  ])(
    'that maxcso makes is read as what it was made of: %s',
    needs('maxcso at ISODRIVE_MAXCSO'),
    async (_title, ...options) => {
      const opened = await openPacked(pack(...options));
      expect([opened.disc.format, opened.source.size]).toEqual(['iso', PACKED_DISC.length]);
      expect((await readAll(opened)).equals(PACKED_DISC)).toBe(true);
    },
  );

  it.each([
    ['with blocks of 2352 bytes', { blockBytes: 2352 }],
    ['with padded blocks', { shift: 6 }],
    ['with stored blocks that are longer than a block', { shift: 4, slack: 2048 }],
    ['of version 0', { version: 0, blockBytes: 512 }],
    ['with blocks of 1 MiB', { blockBytes: 1_048_576 }],
  ] as const)('%s is read as what it was made of', async (_title, made) => {
    const opened = await openPacked(make(made));
    expect((await readAll(opened)).equals(PACKED_DISC)).toBe(true);
  });

  it('in a compressed image is read too, but not five deep', async () => {
    let bytes = make({});
    for (let depth = 2; depth <= 4; depth += 1) bytes = make({ blockBytes: 16_384 }, bytes);
    expect((await readAll(await openPacked(bytes))).equals(PACKED_DISC)).toBe(true);
    await expect(openPacked(make({}, bytes))).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('that is cut off lacks the sectors behind the cut, and no other', async () => {
    const whole = make({});
    const found = await readSectors(await openPacked(whole.subarray(0, whole.length - 100_000)));
    expect(found).toMatch(/^=+-+$/);
    expect(found.indexOf('-')).toBeGreaterThan(100);
  });

  it('whose entry of a block lies lacks that block, and no other', async () => {
    const packed = make({});
    packed.writeUInt32LE(0x7fff_ff00, 24 + 120 * 4);
    packed.writeUInt32LE(0, 24 + 140 * 4);
    const found = await readSectors(await openPacked(packed));
    // A wrong offset is the end of the block before as well; of a stored one that does not matter.
    expect(found.slice(0, 119) + found.slice(121, 139) + found.slice(141)).toMatch(/^=+$/);
    expect([found[120], found[140]]).toEqual(['-', '-']);
  });

  it('whose stored bytes are spoiled lacks only what they are of', async () => {
    const packed = make({ blockBytes: 16_384 });
    const at = packed.readUInt32LE(24 + 8 * 4) & 0x7fff_ffff;
    packed.fill(0xff, at + 4, at + 8);
    const found = await readSectors(await openPacked(packed));
    expect(found.slice(0, 64) + found.slice(72)).toMatch(/^=+$/);
    expect(found.slice(64, 72)).toBe('--------');
  });

  it.each([
    ['blocks of 0 bytes, expected 512', make({}), 16, 0],
    ['blocks of 4294967295 bytes', make({}), 16, 0xffff_ffff],
    ['an image of 0 bytes', make({ size: 0 }), 16, 2048],
    ['an image of 1125899906842624 bytes', make({ size: 2 ** 50 }), 16, 2048],
    ['its index ends at byte', make({ size: 2 ** 39 }), 16, 2048],
  ])('whose header says %s is refused', async (what, packed, at, value) => {
    packed.writeUInt32LE(value, at);
    const refused = openPacked(packed);
    await expect(refused).rejects.toThrow(what);
    await expect(refused).rejects.toMatchObject({ code: 'damaged' });
  });

  it('is no image of a GameCube disc, which has the same magic number', async () => {
    const map = Buffer.alloc(0x8000 + 100_000, 0xb5);
    map.fill(0, 0, 0x8000).write('CISO');
    map.writeUInt32LE(0x20_0000, 4);
    map.fill(1, 8, 60);
    await expect(openPacked(map)).rejects.toMatchObject({ code: 'unsupported' });
  });
});
