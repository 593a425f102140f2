// Writing a file's content to a stream.
import { PassThrough, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { PseudoRandom } from '../../../scripts/support/pseudo-random.js';
import { writeFileTo } from '../../../src/present/extract/write-file.js';
import { memoryImage } from '../../support/fakes/memory-tree.js';

function randomBytes(length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  new PseudoRandom(5).fill(words);
  return new Uint8Array(words.buffer, 0, length);
}

describe('writeFileTo', () => {
  it('writes the content exactly, and leaves the stream open', async () => {
    const content = randomBytes(3_500_001);
    const image = await memoryImage([{ type: 'file', name: 'f', content }]);
    const stream = new PassThrough();
    const received = buffer(stream);
    await writeFileTo(image, await image.index.resolve('/f'), stream);
    stream.end('+');
    expect((await received).equals(Buffer.concat([content, Buffer.from('+')]))).toBe(true);
  });

  it('keeps at most two buffers in memory before a slow reader', async () => {
    const image = await memoryImage([{ type: 'file', name: 'f', content: randomBytes(8_000_000) }]);
    let taken = 0;
    let release: () => void = () => undefined;
    const stream = new Writable({
      write: (chunk: Buffer, _, done) => {
        taken += chunk.length;
        release = done;
      },
    });
    const writing = writeFileTo(image, await image.index.resolve('/f'), stream);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(taken).toBe(1_048_576);
    expect((image.source as unknown as { reads: number }).reads).toBe(2);
    const pump = setInterval(() => release(), 1);
    await writing;
    clearInterval(pump);
    expect(taken).toBe(8_000_000);
  });

  it('rejects when the reader goes away, without a fault that nobody handles', async () => {
    const image = await memoryImage([{ type: 'file', name: 'f', content: randomBytes(8_000_000) }]);
    const stream = new Writable({
      write: (_chunk, _, done) => setTimeout(() => done(new Error('EPIPE')), 5),
    });
    await expect(writeFileTo(image, await image.index.resolve('/f'), stream)).rejects.toThrow('EPIPE');
  });

  it('writes what comes before a fault, and then rejects', async () => {
    const content = randomBytes(3_000_000);
    const image = await memoryImage([{ type: 'file', name: 'f', content }], { cut: 500_000 });
    const stream = new PassThrough();
    const received = buffer(stream);
    const writing = writeFileTo(image, await image.index.resolve('/f'), stream);
    await expect(writing).rejects.toMatchObject({ code: 'damaged' });
    stream.end();
    expect((await received).equals(content.subarray(0, 2 * 1_048_576))).toBe(true);
  });

  it('refuses what is no file, and says what was found', async () => {
    const image = await memoryImage([{ type: 'directory', name: 'd', children: [] }]);
    const writing = writeFileTo(image, await image.index.resolve('/d'), new PassThrough());
    await expect(writing).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('a directory') as string,
    });
  });
});
