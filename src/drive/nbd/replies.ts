// Replies to requests, as bytes (NBD specification, "Simple reply message" and "Structured reply chunk message").
import { CHUNK, SIMPLE_REPLY_MAGIC, STRUCTURED_REPLY_MAGIC } from './protocol.js';

/** Header of a simple reply; data follows when `error` is 0 and the request was a READ. */
export function encodeSimpleReply(cookie: bigint, error: number): Buffer {
  const bytes = Buffer.allocUnsafe(16);
  bytes.writeUInt32BE(SIMPLE_REPLY_MAGIC, 0);
  bytes.writeUInt32BE(error, 4);
  bytes.writeBigUInt64BE(cookie, 8);
  return bytes;
}

/** Header of a chunk with `length` bytes of payload. */
export function encodeChunk(cookie: bigint, type: number, flags: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(20);
  bytes.writeUInt32BE(STRUCTURED_REPLY_MAGIC, 0);
  bytes.writeUInt16BE(flags, 4);
  bytes.writeUInt16BE(type, 6);
  bytes.writeBigUInt64BE(cookie, 8);
  bytes.writeUInt32BE(length, 16);
  return bytes;
}

/** Header and offset of a chunk of data, which follows. */
export function encodeDataChunk(cookie: bigint, flags: number, offset: number, length: number): Buffer {
  const position = Buffer.allocUnsafe(8);
  position.writeBigUInt64BE(BigInt(offset));
  return Buffer.concat([encodeChunk(cookie, CHUNK.OFFSET_DATA, flags, 8 + length), position]);
}

/** A whole chunk that says what went wrong, and at which byte of the export where that is known. */
export function encodeErrorChunk(cookie: bigint, flags: number, error: number, offset?: number): Buffer {
  const body = Buffer.alloc(offset === undefined ? 6 : 14);
  body.writeUInt32BE(error, 0);
  // Bytes 4 and 5: length of a message, which there is none of.
  if (offset !== undefined) body.writeBigUInt64BE(BigInt(offset), 6);
  const type = offset === undefined ? CHUNK.ERROR : CHUNK.ERROR_OFFSET;
  return Buffer.concat([encodeChunk(cookie, type, flags, body.length), body]);
}
