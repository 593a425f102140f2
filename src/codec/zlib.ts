// RFC 1950, and bare RFC 1951, by Node's own zlib, in its thread pool.
import { promisify } from 'node:util';
import { inflate, inflateRaw } from 'node:zlib';
import type { Decompress } from './decompressor.js';
import { expectSize } from './fixed-output.js';

const inflateBlock = promisify<Uint8Array, object, Uint8Array>(inflate);
const inflateBare = promisify<Uint8Array, object, Uint8Array>(inflateRaw);

export const decompressZlib: Decompress = async (block, size) =>
  expectSize(await inflateBlock(block, { maxOutputLength: Math.max(1, size) }), size);

/** What lies behind the end of the data is left alone. */
export const decompressDeflate: Decompress = async (block, size) =>
  expectSize(await inflateBare(block, { maxOutputLength: Math.max(1, size) }), size);
