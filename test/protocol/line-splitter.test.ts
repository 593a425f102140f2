// Messages cut from a stream, whatever its pieces, within the bound of a line.
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { LineSplitter } from '../../src/protocol/line-splitter.js';

describe('LineSplitter', () => {
  it('gives the same lines however the bytes are cut', () => {
    const line = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\n'));
    fc.assert(
      fc.property(
        fc.array(line),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        (lines, sizes) => {
          const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
          const splitter = new LineSplitter(4096);
          const found: string[] = [];
          for (let at = 0, i = 0; at < bytes.length; i += 1) {
            const size = sizes[i % sizes.length]!;
            found.push(...splitter.push(bytes.subarray(at, at + size)));
            at += size;
          }
          expect(found).toEqual(lines);
        },
      ),
    );
  });

  it('takes a line of exactly its bound and refuses a longer one', () => {
    expect(new LineSplitter(4).push(Buffer.from('abc\n'))).toEqual(['abc']);
    expect(() => new LineSplitter(4).push(Buffer.from('abcd\n'))).toThrow(/expected at most 4/);
  });

  it('refuses a peer that never ends its line before it fills the memory', () => {
    const splitter = new LineSplitter(1000);
    const flood = (): void => {
      for (let i = 0; i < 100; i += 1) splitter.push(Buffer.alloc(100, 0x61));
    };
    expect(flood).toThrow(/expected at most 1000/);
  });
});
