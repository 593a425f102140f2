// The cursor: numbers in every form, and never a byte from outside of its window.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteCursor } from '../../src/base/byte-cursor.js';

const BYTES = Uint8Array.from({ length: 64 }, (_, i) => (i * 37 + 200) & 0xff);

describe('a byte cursor', () => {
  it('reads numbers of both byte orders', () => {
    const cursor = new ByteCursor(Uint8Array.of(0x81, 0x02, 0x03, 0xf4, 0xf4, 0x03, 0x02, 0x81), 'test', 0);
    expect(cursor.u8(0)).toBe(0x81);
    expect(cursor.i8(0)).toBe(-127);
    expect(cursor.u16le(0)).toBe(0x0281);
    expect(cursor.u16be(0)).toBe(0x8102);
    expect(cursor.u32le(0)).toBe(0xf403_0281);
    expect(cursor.u32be(0)).toBe(0x8102_03f4);
    expect(cursor.u32both(0)).toBe(0xf403_0281);
    expect(cursor.mismatch).toBe(-1);
  });

  it('notes the first both-endian number whose halves differ, and only that', () => {
    const cursor = new ByteCursor(Uint8Array.of(1, 0, 0, 1, 1, 0, 0, 2, 1, 0, 0, 3), 'test', 0);
    expect(cursor.u16both(0)).toBe(1);
    expect(cursor.mismatch).toBe(-1);
    expect(cursor.u16both(4)).toBe(1);
    cursor.u16both(8);
    expect(cursor.mismatch).toBe(4);
  });

  it('reads nothing outside of its window, wherever that is', () => {
    const readers: [number, (cursor: ByteCursor, at: number) => unknown][] = [
      [1, (cursor, at) => cursor.u8(at)],
      [1, (cursor, at) => cursor.i8(at)],
      [2, (cursor, at) => cursor.u16le(at)],
      [2, (cursor, at) => cursor.u16be(at)],
      [4, (cursor, at) => cursor.u32le(at)],
      [4, (cursor, at) => cursor.u32be(at)],
      [8, (cursor, at) => cursor.u32both(at)],
      [5, (cursor, at) => cursor.slice(at, 5)],
      [5, (cursor, at) => cursor.copyText(at, 5, new Uint8Array(5), 0)],
    ];
    // Sums of fields go beyond 32 bits.
    const far = fc.tuple(
      fc.constantFrom(0, 2 ** 32, 2 ** 33, 2 ** 53 - 100, -(2 ** 32)),
      fc.integer({ min: -10, max: 40 }),
    );
    const at = far.map(([high, low]) => high + low);
    const place = fc.record({ start: fc.nat(40), length: fc.nat(24), at });
    fc.assert(
      fc.property(place, fc.constantFrom(...readers), ({ start, length, at }, [width, read]) => {
        const cursor = new ByteCursor(BYTES, 'test', 0, start, length);
        if (at >= 0 && at + width <= length) expect(() => read(cursor, at)).not.toThrow();
        else expect(() => read(cursor, at)).toThrow(expect.objectContaining({ code: 'damaged' }) as Error);
      }),
      { numRuns: 2000 },
    );
  });

  it('says where in the source a record ended too early', () => {
    const cursor = new ByteCursor(BYTES, 'disc.iso', 32_768, 10, 20);
    expect(() => cursor.u32le(18)).toThrow('Cannot read 4 bytes at 18 of a 20-byte record in "disc.iso"');
    try {
      cursor.u32le(18);
    } catch (thrown) {
      expect(thrown).toMatchObject({ at: { source: 'disc.iso', offset: 32_796 } });
    }
  });

  it('moves over its bytes and to others', () => {
    const cursor = new ByteCursor(BYTES, 'test', 0);
    cursor.moveTo(8, 4);
    expect([cursor.length, cursor.u8(0), cursor.offsetInSource(0)]).toEqual([4, BYTES[8], 8]);
    cursor.setBytes(Uint8Array.of(7, 8), 100);
    expect([cursor.length, cursor.u8(1), cursor.offsetInSource(1)]).toEqual([2, 8, 101]);
    expect(() => cursor.moveTo(1, 2)).toThrow(RangeError);
  });

  it('copies text up to a NUL', () => {
    const target = new Uint8Array(10).fill(0x2a);
    const cursor = new ByteCursor(Buffer.from('abc\0def'), 'test', 0);
    expect(cursor.copyText(0, 7, target, 2)).toBe(3);
    expect(Buffer.from(target).toString()).toBe('**abc*****');
  });

  it('reads text without the blanks and NULs behind it', () => {
    expect(new ByteCursor(Buffer.from('LABEL  \0 '), 'test', 0).text(0, 9)).toBe('LABEL');
  });
});
