// Every decompressor on what the independent program of its format makes, and on the same damaged.
import { describe, expect, it } from 'vitest';
import { PseudoRandom } from '../../scripts/support/pseudo-random.js';
import { loadDecompressor } from '../../src/codec/decompress.js';
import { decompressByPackage } from '../../src/codec/zstd.js';
import { ALGORITHMS, compress, programsOf } from '../support/builders/compress.js';
import { needs } from '../support/needs.js';

const random = new PseudoRandom(7);

function noise(length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  random.fill(words);
  return new Uint8Array(words.buffer, 0, length);
}

const CONTENTS: Readonly<Record<string, Uint8Array>> = {
  'one byte': Uint8Array.of(7),
  text: Buffer.from('The quick brown fox jumps over the lazy dog. '.repeat(2900)),
  zeros: new Uint8Array(131_072),
  noise: noise(70_000),
  'noise, text and noise': Buffer.concat([noise(40_000), Buffer.alloc(60_000, 'text'), noise(31_072)]),
  numbers: Buffer.from(Array.from({ length: 20_000 }, (_, i) => String(i * i)).join(' ')),
};

describe.each(ALGORITHMS.map((algorithm) => [algorithm] as const))('decompression of %s', (algorithm) => {
  it.each(Object.keys(CONTENTS))('gives back %s', needs(...programsOf(algorithm)), async (name) => {
    const decompress = await loadDecompressor(algorithm);
    const content = CONTENTS[name]!;
    const result = await decompress(compress(algorithm, content), content.length);
    expect(Buffer.compare(result, content)).toBe(0);
  });

  it('rejects a block of another size than was announced', needs(...programsOf(algorithm)), async () => {
    const decompress = await loadDecompressor(algorithm);
    const block = compress(algorithm, CONTENTS.text!);
    const { length } = CONTENTS.text!;
    await expect(decompress(block, length - 1)).rejects.toThrow(Error);
    await expect(decompress(block, length + 1)).rejects.toThrow(Error);
    await expect(decompress(block, 0)).rejects.toThrow(Error);
  });

  it('rejects a block that is cut off at any byte', needs(...programsOf(algorithm)), async () => {
    const decompress = await loadDecompressor(algorithm);
    const content = Buffer.from('cut off, cut off, cut off, cut off, anywhere');
    const block = compress(algorithm, content);
    for (let length = 0; length < block.length; length += 1) {
      const result = await decompress(block.subarray(0, length), content.length).catch(() => undefined);
      // What is cut may be a checksum or an index behind the content.
      if (result !== undefined) expect(Buffer.compare(result, content)).toBe(0);
      if (length < block.length / 2) expect(result).toBeUndefined();
    }
  });

  it(
    'gives the announced size or rejects, whatever byte is changed',
    needs(...programsOf(algorithm)),
    async () => {
      const decompress = await loadDecompressor(algorithm);
      const content = CONTENTS.numbers!.subarray(0, 5000);
      const block = compress(algorithm, content);
      for (let round = 0; round < 300; round += 1) {
        const changed = Uint8Array.from(block);
        const [at, value] = noise(8);
        changed[Math.floor((at! / 256) * (round % 2 === 0 ? 32 : block.length)) % block.length] = value!;
        const result = await decompress(changed, content.length).catch((thrown: unknown) => thrown);
        if (!(result instanceof Error)) expect(result).toHaveLength(content.length);
      }
    },
  );
});

describe('decompression of zstd by the package', () => {
  it('gives back what the program made, at every level', needs('zstd'), async () => {
    for (const level of ['-1', '-19']) {
      for (const content of Object.values(CONTENTS)) {
        const block = compress('zstd', content, level);
        expect(Buffer.compare(await decompressByPackage(block, content.length), content)).toBe(0);
      }
    }
  });

  it.each([
    ['window', [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 0x01, 0x00, 0x00]],
    ['content size', [0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0xff, 0xff, 0xff, 0x7f, 0x01, 0x00, 0x00]],
  ])('rejects a %s that would take all memory', async (_, bytes) => {
    await expect(decompressByPackage(Uint8Array.from(bytes), 1000)).rejects.toThrow(/Found a window of/);
  });
});

describe('decompression of lz4', () => {
  it('takes a bare block', async () => {
    const decompress = await loadDecompressor('lz4');
    // Token: 5 literals and a match of 4 + 6; then 5 literals.
    const block = Buffer.concat([
      Uint8Array.of(0x56),
      Buffer.from('abcde'),
      Uint8Array.of(5, 0, 0x50),
      Buffer.from('fghij'),
    ]);
    expect(Buffer.from(await decompress(block, 20)).toString()).toBe('abcdeabcdeabcdefghij');
  });

  it('takes a frame of independent, checked and linked blocks', needs('lz4'), async () => {
    const decompress = await loadDecompressor('lz4');
    const content = Buffer.alloc(200_000, 'linked or not ');
    for (const options of [['-BD', '-B4'], ['-BX', '-B4'], ['--content-size'], ['-9']]) {
      const block = compress('lz4', content, ...options);
      expect(Buffer.compare(await decompress(block, content.length), content)).toBe(0);
    }
  });
});

describe('decompression of xz', () => {
  it('takes several blocks, every check and odd parameters', needs('xz'), async () => {
    const decompress = await loadDecompressor('xz');
    const content = CONTENTS['noise, text and noise']!;
    for (const options of [
      ['--block-size=30000'],
      ['--check=none'],
      ['--check=crc32'],
      ['--check=sha256', '-9e'],
      ['--lzma2=preset=6,lc=0,lp=4,pb=4'],
      ['--lzma2=preset=6,lc=4,lp=0,pb=0,dict=4KiB'],
    ]) {
      const block = compress('xz', content, ...options);
      expect(Buffer.compare(await decompress(block, content.length), content)).toBe(0);
    }
  });

  it('refuses other filters than LZMA2', needs('xz'), async () => {
    const decompress = await loadDecompressor('xz');
    const block = compress('xz', CONTENTS.text!, '--x86', '--lzma2');
    await expect(decompress(block, CONTENTS.text!.length)).rejects.toThrow(/Found another filter/);
  });
});
