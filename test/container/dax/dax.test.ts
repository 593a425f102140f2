// DAX images, of both versions; those of maxcso are with CSO.
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openPacked, PACKED_DISC, readAll, readSectors } from '../../support/builders/packed-disc.js';

const FRAME = 8192;

function make(version: 0 | 1, change: (header: Buffer) => void = () => undefined): Buffer {
  const frames = Math.ceil(PACKED_DISC.length / FRAME);
  const bodies = Array.from({ length: frames }, (_, i) => {
    const content = PACKED_DISC.subarray(i * FRAME, (i + 1) * FRAME);
    const packed = deflateSync(content);
    const isStored = version === 1 && packed.length >= content.length;
    return { isStored, bytes: isStored ? content : packed };
  });
  const areas: [number, number][] = [];
  for (const [i, { isStored }] of bodies.entries()) {
    const last = areas.at(-1);
    if (!isStored) continue;
    if (last !== undefined && last[0] + last[1] === i) last[1] += 1;
    else areas.push([i, 1]);
  }
  const head = Buffer.alloc(32 + frames * 6 + areas.length * 8);
  head.write('DAX\0');
  head.writeUInt32LE(PACKED_DISC.length, 4);
  head.writeUInt32LE(version, 8);
  head.writeUInt32LE(version === 0 ? 0xffff_ffff : areas.length, 12);
  let at = head.length;
  for (const [i, { bytes }] of bodies.entries()) {
    head.writeUInt32LE(at, 32 + i * 4);
    head.writeUInt16LE(bytes.length, 32 + frames * 4 + i * 2);
    at += bytes.length;
  }
  for (const [i, [first, count]] of areas.entries()) {
    head.writeUInt32LE(first, 32 + frames * 6 + i * 8);
    head.writeUInt32LE(count, 32 + frames * 6 + i * 8 + 4);
  }
  change(head);
  return Buffer.concat([head, ...bodies.map(({ bytes }) => bytes)]);
}

describe('a DAX image', () => {
  it.each([0, 1] as const)('of version %i is read as what it was made of', async (version) => {
    expect((await readAll(await openPacked(make(version)))).equals(PACKED_DISC)).toBe(true);
  });

  it('with a spoiled frame lacks that, and no other', async () => {
    const packed = make(0);
    packed.fill(0, packed.readUInt32LE(32 + 10 * 4), packed.readUInt32LE(32 + 11 * 4));
    const found = await readSectors(await openPacked(packed));
    expect(found.slice(0, 40) + found.slice(44)).toMatch(/^=+$/);
    expect(found.slice(40, 44)).toBe('----');
  });

  it.each([
    ['expected 1 to', 4, 0],
    ['its tables end at byte', 4, 0xffff_ffff],
    ['its tables end at byte', 12, 0xffff_ffff],
    ['ranges, expected at most', 12, 200],
  ])('whose header lies is refused: %s', async (what, at, value) => {
    const refused = openPacked(make(1, (header) => header.writeUInt32LE(value, at)));
    await expect(refused).rejects.toThrow(what);
    await expect(refused).rejects.toMatchObject({ code: 'damaged' });
  });

  it('whose ranges of stored frames lie is refused', async () => {
    const packed = make(1, (header) => header.writeUInt32LE(0xffff_ffff, header.length - 4));
    await expect(openPacked(packed)).rejects.toThrow('its ranges have more than its');
  });
});
