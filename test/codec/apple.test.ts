// LZVN and LZFSE, which no program at hand compresses: streams made by hand, and blocks that macOS made, whole and
// changed.
import { describe, expect, it } from 'vitest';
import { loadDecompressor } from '../../src/codec/decompress.js';
import { EntropyDecoder, BackwardBits, buildEntropyTable } from '../../src/codec/entropy-table.js';
import { MAX_LITERALS, MAX_MATCHES } from '../../src/codec/lzfse-header.js';
import { readFaultInput } from '../support/builders/fault-input.js';

const lzvn = await loadDecompressor('lzvn');
const lzfse = await loadDecompressor('lzfse');
const END = [0x06, 0, 0, 0, 0, 0, 0, 0];
const BLOCK = 65_536;
const image = await readFaultInput('decmpfs-real.img');

function text(...bytes: readonly (number | string)[]): Buffer {
  return Buffer.concat(bytes.map((byte) => (typeof byte === 'string' ? Buffer.from(byte) : Buffer.of(byte))));
}

/** The first block of LZFSE in the image, and what comes behind it. */
function findLzfse(): Buffer {
  const at = image.indexOf('bvx2');
  return image.subarray(at, at + BLOCK);
}

/** The first block of LZVN: a fork of two blocks starts with a table of three offsets. */
function findLzvn(): Buffer {
  for (let at = 0; at + 12 < image.length; at += 512) {
    const [first, second, end] = [0, 4, 8].map((field) => image.readUInt32LE(at + field));
    const isTable = first === 12 && second! > first && end! > second! && end! < BLOCK;
    if (isTable && image.toString('latin1', at + 12, at + 16) !== 'bvx2') {
      return image.subarray(at + 12, at + second!);
    }
  }
  throw new Error('The image has no file in LZVN');
}

describe('LZVN', () => {
  it.each([
    ['a small literal', [0xe3, 'abc'], 'abc'],
    ['a long literal', [0xe0, 2, 'abcdefghijklmnopqr'], 'abcdefghijklmnopqr'],
    ['a small distance, with a literal', [0xe2, 'ab', 0x40 | (1 << 3), 3, 'c'], 'abcabca'],
    ['a large distance', [0xe2, 'ab', 0x07, 2, 0], 'ababa'],
    ['a medium distance', [0xe2, 'ab', 0xa0 | (1 << 3), 3 << 2, 0, 'c'], 'abcabc'],
    ['a medium distance with a long match', [0xe1, 'a', 0xa1, (1 << 2) | 2, 0], 'a'.repeat(10)],
    ['the distance before, with a literal', [0xe2, 'ab', 0x00, 2, 0x46, 'x'], 'ababaxaxa'],
    ['a match of the distance before', [0xe2, 'ab', 0x00, 2, 0xf2], 'abababa'],
    ['a long match of the distance before', [0xe1, 'a', 0x00, 1, 0xf0, 3], 'a'.repeat(1 + 3 + 19)],
    ['instructions that do nothing', [0x0e, 0xe1, 'a', 0x16], 'a'],
  ])('decodes %s', async (_, stream, expected) => {
    const bytes = await lzvn(text(...stream, ...END), expected.length);
    expect(Buffer.from(bytes).toString()).toBe(expected);
  });

  it.each([
    ['an instruction without meaning', [0xe1, 'a', 0x70], 'no meaning'],
    ['a distance of nothing', [0xe1, 'a', 0xf3], 'expected at most'],
    ['a distance before the start', [0xe1, 'a', 0x00, 2], 'expected at most 1'],
    ['literals that are missing', [0xe5, 'a'], 'inside of its literals'],
    ['an instruction that is cut', [0xe1, 'a', 0x07, 1], 'inside of an instruction'],
    ['too much', [0xe5, 'abcde'], 'expected no more'],
    ['too little', [0xe1, 'a', ...END], 'Found 1 byte, expected 4'],
  ])('rejects %s', async (_, stream, message) => {
    await expect(lzvn(text(...stream), 4)).rejects.toThrow(message);
  });
});

describe('LZFSE', () => {
  it('decodes blocks that are stored or in LZVN', async () => {
    const stored = text('bvx-', 3, 0, 0, 0, 'abc');
    const inner = text(0x00, 3, ...END);
    const coded = text('bvxn', 3, 0, 0, 0, inner.length, 0, 0, 0, inner.toString('latin1'), 'bvx$');
    const bytes = await lzfse(Buffer.concat([stored, coded]), 6);
    expect(Buffer.from(bytes).toString()).toBe('abcabc');
  });

  it.each([
    ['another magic', text('bvxz', 1, 0, 0, 0, 'a'), 'expected one of LZFSE'],
    ['an end that comes early', text('bvx$'), 'Found 0 bytes'],
    ['a block of more than is wanted', text('bvx-', 9, 0, 0, 0, 'aaaaaaaaa'), 'expected no more'],
  ])('rejects %s', async (_, stream, message) => {
    await expect(lzfse(stream, 4)).rejects.toThrow(message);
  });

  it.each([
    [MAX_LITERALS + 1, 0],
    [0, MAX_MATCHES + 1],
  ])('rejects a block of %i literals and %i matches', async (literals, matches) => {
    const header = Buffer.alloc(772);
    header.write('bvx1');
    [4, 0, literals, matches].forEach((value, i) => header.writeUInt32LE(value, 4 + 4 * i));
    await expect(lzfse(header, 4)).rejects.toThrow(`at most ${MAX_LITERALS} and ${MAX_MATCHES}`);
  });

  it('rejects frequencies beyond its states, states beyond its table, and bits that are not there', () => {
    const one = (): number => 0;
    expect(() => buildEntropyTable(64, Uint16Array.of(60, 5), one, one)).toThrow('more than 64');
    const table = buildEntropyTable(64, Uint16Array.of(0, 8, 0), (symbol) => symbol, one);
    expect(() => new EntropyDecoder(table, 64)).toThrow('does not exist');
    const bits = new BackwardBits(Uint8Array.of(0xff), -4);
    expect(() => new EntropyDecoder(table, 9).next(bits)).toThrow('means nothing');
    expect(bits.read(4)).toBe(15);
    expect(() => bits.read(1)).toThrow('too few bits');
    expect(() => new BackwardBits(Uint8Array.of(0xff), -8)).toThrow('expected -7 to 0');
  });
});

describe.each([
  ['LZVN', lzvn, findLzvn(), BLOCK],
  ['LZFSE', lzfse, findLzfse(), BLOCK],
] as const)('a block that macOS compressed with %s', (_, decompress, block, size) => {
  it('gives the announced size or rejects with an ordinary error, whatever byte is changed', async () => {
    expect((await decompress(block, size)).length).toBe(size);
    for (let at = 0; at < Math.min(block.length, 12_000); at += at < 700 ? 1 : 37) {
      const changed = Buffer.from(block);
      changed[at]! ^= 0x55;
      const bytes = await decompress(changed, size).catch((error: unknown) => error);
      if (bytes instanceof Uint8Array) expect(bytes.length).toBe(size);
      else expect(bytes).toBeInstanceOf(Error);
      expect(bytes).not.toBeInstanceOf(RangeError);
      expect(bytes).not.toBeInstanceOf(TypeError);
    }
  });
});
