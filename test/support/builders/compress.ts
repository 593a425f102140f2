// Compresses with the independent programs of each format, for decompressors to be tested on.
import { execFileSync } from 'node:child_process';
import { deflateSync } from 'node:zlib';
import type { Algorithm as AnyAlgorithm } from '../../../src/codec/decompress.js';
import type { Program } from '../needs.js';

/** Those that a program here compresses with: Apple's own have none, and bare data no files. */
export type Algorithm = Exclude<AnyAlgorithm, 'deflate' | 'lz4-padded' | 'lzvn' | 'lzfse'>;

/** Programs and parameters; zlib needs none. */
const PROGRAMS: Readonly<Record<Exclude<Algorithm, 'zlib'>, readonly string[]>> = {
  xz: ['xz', '-c', '-z', '--format=xz'],
  lz4: ['lz4', '-c', '-z', '-q'],
  zstd: ['zstd', '-c', '-q'],
  bzip2: ['bzip2', '-c', '-z'],
};
export const ALGORITHMS: readonly Algorithm[] = ['zlib', 'xz', 'lz4', 'zstd', 'bzip2'];

/** What it takes to compress so. */
export function programsOf(algorithm: Algorithm): readonly Program[] {
  return algorithm === 'zlib' ? [] : [algorithm];
}

export function compress(algorithm: Algorithm, bytes: Uint8Array, ...more: string[]): Uint8Array {
  if (algorithm === 'zlib') return deflateSync(bytes);
  const [program, ...parameters] = PROGRAMS[algorithm];
  return execFileSync(program!, [...parameters, ...more], { input: bytes, maxBuffer: 64 * 1024 * 1024 });
}
