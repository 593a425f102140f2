// Decompression of single blocks whose decompressed size is known. Each algorithm has a file of its own, loaded when a
// block needs it first.
import type { Decompress, PackedBlock } from './decompressor.js';
import { inflateNatively } from './native-inflate.js';

export type Algorithm =
  'zlib' | 'deflate' | 'xz' | 'lz4' | 'lz4-padded' | 'zstd' | 'bzip2' | 'lzvn' | 'lzfse';

export async function loadDecompressor(algorithm: Algorithm): Promise<Decompress> {
  switch (algorithm) {
    case 'zlib':
      return (await import('./zlib.js')).decompressZlib;
    case 'deflate':
      return (await import('./zlib.js')).decompressDeflate;
    case 'xz':
      return (await import('./xz.js')).decompressXz;
    case 'lz4':
      return (await import('./lz4.js')).decompressLz4;
    case 'lz4-padded':
      return (await import('./lz4.js')).decompressPaddedLz4;
    case 'zstd':
      return (await import('./zstd.js')).decompressZstd;
    case 'bzip2':
      return (await import('./bzip2.js')).decompressBzip2;
    case 'lzvn':
      return (await import('./lzvn.js')).decompressLzvn;
    case 'lzfse':
      return (await import('./lzfse.js')).decompressLzfse;
  }
}

/**
 * Decompresses blocks, best of one piece of memory into one other; gives for each why it is not there. Rejects only
 * where the algorithm cannot be loaded.
 */
export async function decompressAll(
  algorithm: Algorithm | Decompress,
  blocks: readonly PackedBlock[],
): Promise<readonly (Error | undefined)[]> {
  const decompress = typeof algorithm === 'function' ? algorithm : await loadDecompressor(algorithm);
  const done = isInflated(algorithm) ? await inflateNatively(blocks, algorithm === 'deflate') : [];
  return Promise.all(
    blocks.map(async ({ bytes, target }, i) => {
      if (done[i] === true) return undefined;
      try {
        target.set(await decompress(bytes, target.length));
        return undefined;
      } catch (thrown) {
        return thrown instanceof Error ? thrown : new Error(String(thrown));
      }
    }),
  );
}

function isInflated(algorithm: Algorithm | Decompress): boolean {
  return algorithm === 'zlib' || algorithm === 'deflate';
}
