// JSO images, which no program at hand writes: made here by the layout that rom-properties gives.
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openPacked, PACKED_DISC, readAll, readSectors } from '../../support/builders/packed-disc.js';

const BLOCK = 4096;

function make(method = 1, headerBytes = 0x30): Buffer {
  const blocks = Math.ceil(PACKED_DISC.length / BLOCK);
  const head = Buffer.alloc(headerBytes + (blocks + 1) * 4);
  head.write('JISO');
  head.writeUInt16LE(BLOCK, 6);
  head.writeUInt8(method, 0x0a);
  head.writeUInt32LE(PACKED_DISC.length, 0x0c);
  head.writeUInt32LE(headerBytes, 0x20);
  let at = head.length;
  const parts: Uint8Array[] = [head];
  for (let i = 0; i < blocks; i += 1) {
    const content = PACKED_DISC.subarray(i * BLOCK, (i + 1) * BLOCK);
    const packed = deflateRawSync(content);
    head.writeUInt32LE(at, headerBytes + i * 4);
    parts.push(packed.length >= content.length ? content : packed);
    at += parts.at(-1)!.length;
  }
  head.writeUInt32LE(at, headerBytes + blocks * 4);
  return Buffer.concat(parts);
}

describe('a JSO image', () => {
  it.each([0x30, 0x100])('with a header of %i bytes is read as what it was made of', async (headerBytes) => {
    expect((await readAll(await openPacked(make(1, headerBytes)))).equals(PACKED_DISC)).toBe(true);
  });

  it('whose entry lies lacks what that is of, and no other block', async () => {
    const packed = make();
    packed.writeUInt32LE(0xffff_ffff, 0x30 + 20 * 4);
    const found = await readSectors(await openPacked(packed));
    expect(found.slice(0, 38) + found.slice(42)).toMatch(/^=+$/);
    expect(found.slice(40, 42)).toBe('--');
  });

  it('packed by LZO is refused by name', async () => {
    await expect(openPacked(make(0))).rejects.toThrow(
      'it is a compressed image (JSO) packed by LZO, expected',
    );
  });

  it.each([
    ['its index ends at byte', 0x20, 0xffff_ff00],
    ['expected 1 to', 0x0c, 0],
    ['blocks of 3 bytes', 4, 0x3_0000],
  ])('whose header lies is refused: %s', async (what, at, value) => {
    const packed = make();
    packed.writeUInt32LE(value, at);
    await expect(openPacked(packed)).rejects.toThrow(what);
  });
});
