// Zstandard (RFC 8878): by Node's own zlib where it has it (22.15 and later), otherwise by the package fzstd, whose
// memory the frame's header would decide on if its window were not looked at first.
import { countBytes } from '../base/byte-count.js';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import type { Decompress } from './decompressor.js';
import { FixedOutput, expectSize } from './fixed-output.js';

/** Largest window taken: what RFC 8878 3.1.1.1.2 recommends that decoders support. */
const MAX_WINDOW_BYTES = 8 * 1024 * 1024;
/** RFC 8878 3.1.1: little-endian. */
const FRAME_MAGIC = 0xfd2f_b528;
/** Largest frame header (3.1.1.1), magic number included. */
const HEADER_BYTES = 18;
const SINGLE_SEGMENT = 0x20;

type NodeDecompress = (
  block: Uint8Array,
  options: { maxOutputLength: number },
  done: (error: Error | null, bytes: Uint8Array) => void,
) => void;

const native = (zlib as { zstdDecompress?: NodeDecompress }).zstdDecompress;

export const decompressZstd: Decompress =
  native === undefined ? decompressByPackage : decompressByNode(native);

function decompressByNode(decompress: NodeDecompress): Decompress {
  const run = promisify(decompress);
  return async (block, size) => expectSize(await run(block, { maxOutputLength: Math.max(1, size) }), size);
}

/** Exported for tests: on a newer Node nothing else would run it. */
export async function decompressByPackage(block: Uint8Array, size: number): Promise<Uint8Array> {
  checkWindow(block, size);
  const { Decompress } = await import('fzstd');
  const output = new FixedOutput(size);
  new Decompress((chunk) => output.write(chunk)).push(block, true);
  return output.finish();
}

/** Frame_Header_Descriptor (3.1.1.1.1) at byte 4, then Window_Descriptor, or a content of one segment. */
function checkWindow(block: Uint8Array, size: number): void {
  if (block.length < 6) throw new Error(`Found ${countBytes(block.length)}, expected a Zstandard frame`);
  const view = new DataView(block.buffer, block.byteOffset, Math.min(block.length, HEADER_BYTES));
  const magic = view.getUint32(0, true);
  if (magic !== FRAME_MAGIC) throw new Error(`Found magic number 0x${magic.toString(16)}, expected a frame`);
  const descriptor = view.getUint8(4);
  const window = (descriptor & SINGLE_SEGMENT) !== 0 ? readContentSize(view, descriptor) : readWindow(view);
  if (window > Math.max(size, MAX_WINDOW_BYTES)) {
    throw new Error(`Found a window of ${countBytes(window)}, expected at most ${MAX_WINDOW_BYTES}`);
  }
}

/** 3.1.1.1.2: mantissa in the low 3 bits, exponent above. */
function readWindow(view: DataView): number {
  const byte = view.getUint8(5);
  const base = 2 ** (10 + (byte >> 3));
  return base + (base / 8) * (byte & 7);
}

/** 3.1.1.1.4: 1, 2, 4 or 8 bytes behind the dictionary's id. */
function readContentSize(view: DataView, descriptor: number): number {
  const at = 5 + [0, 1, 2, 4][descriptor & 3]!;
  const kind = descriptor >> 6;
  const length = 1 << kind;
  if (at + length > view.byteLength) throw new Error('Frame header is cut off, expected a content size');
  if (kind === 0) return view.getUint8(at);
  if (kind === 1) return view.getUint16(at, true) + 256;
  if (kind === 2) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}
