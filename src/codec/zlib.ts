// RFC 1950, by Node's own zlib, in its thread pool.
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import type { Decompress } from './decompressor.js';
import { expectSize } from './fixed-output.js';

const inflateBlock = promisify<Uint8Array, object, Uint8Array>(inflate);

export const decompressZlib: Decompress = async (block, size) =>
  expectSize(await inflateBlock(block, { maxOutputLength: Math.max(1, size) }), size);
