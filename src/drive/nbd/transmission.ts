// The rest of an NBD connection: requests come, replies go, in any order (NBD specification, "Transmission").
import { countBytes } from '../../base/byte-count.js';
import { ByteBudget } from '../net/byte-budget.js';
import type { ByteStream } from '../net/byte-stream.js';
import { ConnectionLost } from '../net/byte-stream.js';
import { SendBuffers } from '../net/send-buffers.js';
import { PIECE } from '../net/server-memory.js';
import type { ServerMemory } from '../net/server-memory.js';
import { ImageMessage } from '../image-message.js';
import { readSectors } from '../read-sectors.js';
import type { Negotiated } from './handshake.js';
import {
  BASE_ALLOCATION_ID,
  CHUNK,
  CHUNK_FLAG_DONE,
  COMMAND,
  COMMAND_FLAG_DF,
  COMMAND_FLAG_REQ_ONE,
  ERROR,
  MAX_REQUEST_BYTES,
  REQUEST_MAGIC,
} from './protocol.js';
import { encodeChunk, encodeDataChunk, encodeErrorChunk, encodeSimpleReply } from './replies.js';

/** Bytes of one chunk that the kernel has in memory. */
const MAX_DIRECT = 2 * 1024 * 1024;
/** Requests that may be under way at a time. */
const MAX_PENDING = 1024;
const FLAGS_KNOWN = 1 | COMMAND_FLAG_DF | COMMAND_FLAG_REQ_ONE;

interface Request {
  readonly type: number;
  readonly flags: number;
  readonly cookie: bigint;
  readonly offset: number;
  readonly length: number;
}

interface Connection {
  readonly stream: ByteStream;
  readonly negotiated: Negotiated;
  readonly buffers: SendBuffers;
}

/** Serves requests until the client leaves. Rejects with ConnectionLost. */
export async function transmit(
  stream: ByteStream,
  negotiated: Negotiated,
  memory: ServerMemory,
): Promise<void> {
  const connection: Connection = { stream, negotiated, buffers: new SendBuffers(memory) };
  const places = new ByteBudget(MAX_PENDING);
  const pending = new Set<Promise<void>>();
  try {
    for (;;) {
      const request = await readRequest(stream);
      if (request === undefined || request.type === COMMAND.DISC) return;
      // Nobody may send what a read-only export has no use for without end.
      if (request.type === COMMAND.WRITE) {
        if (request.length > MAX_REQUEST_BYTES)
          throw new ConnectionLost(`Write of ${countBytes(request.length)}`);
        await stream.skip(request.length);
      }
      const giveBack = await places.take(1);
      const work = answerRequest(connection, request)
        // A reply that cannot be sent whole leaves the client without a place to go on from.
        .catch(() => stream.destroy())
        .finally(() => {
          giveBack();
          pending.delete(work);
        });
      pending.add(work);
    }
  } finally {
    await Promise.all(pending);
  }
}

async function readRequest(stream: ByteStream): Promise<Request | undefined> {
  const bytes = await stream.read(28);
  if (bytes === undefined) return undefined;
  if (bytes.readUInt32BE(0) !== REQUEST_MAGIC) throw new ConnectionLost('NBD client sent no request');
  return {
    flags: bytes.readUInt16BE(4),
    type: bytes.readUInt16BE(6),
    cookie: bytes.readBigUInt64BE(8),
    // Beyond 2^53 not exact, and beyond every export.
    offset: Number(bytes.readBigUInt64BE(16)),
    length: bytes.readUInt32BE(24),
  };
}

async function answerRequest(connection: Connection, request: Request): Promise<void> {
  const { stream, negotiated } = connection;
  const { type, offset, length, cookie } = request;
  const { size } = negotiated.chosen.reader;
  const isInside = offset + length <= size;
  const end = (error: number): Promise<void> => sendEnd(stream, negotiated, cookie, error);
  if ((request.flags & ~FLAGS_KNOWN) !== 0) return end(ERROR.EINVAL);
  switch (type) {
    case COMMAND.READ:
      if (!isInside || length > MAX_REQUEST_BYTES) return end(ERROR.EINVAL);
      if (!negotiated.structuredReplies) return sendSimpleRead(connection, request);
      if ((request.flags & COMMAND_FLAG_DF) !== 0 && length > PIECE) return end(ERROR.EOVERFLOW);
      return sendStructuredRead(connection, request);
    case COMMAND.FLUSH:
    case COMMAND.CACHE:
      return end(type === COMMAND.FLUSH || isInside ? 0 : ERROR.EINVAL);
    case COMMAND.BLOCK_STATUS:
      if (!negotiated.allocation || !isInside || length === 0) return end(ERROR.EINVAL);
      return sendBlockStatus(stream, request);
    case COMMAND.WRITE:
    case COMMAND.TRIM:
    case COMMAND.WRITE_ZEROES:
      return end(ERROR.EPERM);
    default:
      return end(ERROR.EINVAL);
  }
}

/** A reply without data. */
function sendEnd(stream: ByteStream, negotiated: Negotiated, cookie: bigint, error: number): Promise<void> {
  if (!negotiated.structuredReplies) return stream.write(encodeSimpleReply(cookie, error));
  if (error !== 0) return stream.write(encodeErrorChunk(cookie, CHUNK_FLAG_DONE, error));
  return stream.write(encodeChunk(cookie, CHUNK.NONE, CHUNK_FLAG_DONE, 0));
}

/**
 * A simple reply says whether all went well before its data, so that all of it is read first: what is more than a
 * piece is read again as it is sent, by then mostly from the page cache, for else a hundred clients would take
 * gigabytes.
 */
async function sendSimpleRead(connection: Connection, request: Request): Promise<void> {
  const { stream, buffers } = connection;
  const { cookie, offset, length } = request;
  const header = encodeSimpleReply(cookie, 0);
  await buffers.lend(Math.min(PIECE, length), async (buffer) => {
    if (await sendDirectly(connection, header, offset, length, buffer)) return;
    const readAt = (done: number): Promise<boolean> =>
      readPiece(connection, buffer.subarray(0, length - done), offset + done);
    for (let done = 0; done < length; done += PIECE) {
      if (!(await readAt(done))) return stream.write(encodeSimpleReply(cookie, ERROR.EIO));
    }
    if (length <= PIECE) return stream.write(header, buffer);
    return stream.sendPieces(header.length + length, async (sent) => {
      if (sent === 0) return header;
      const done = sent - header.length;
      if (!(await readAt(done))) throw new ConnectionLost('Image that was read before cannot be read now');
      return buffer.subarray(0, length - done);
    });
  });
}

function sendStructuredRead(connection: Connection, request: Request): Promise<void> {
  const { stream, negotiated, buffers } = connection;
  const { cookie, offset, length } = request;
  if (length === 0) return sendEnd(stream, negotiated, cookie, 0);
  return buffers.lend(Math.min(PIECE, length), async (buffer) => {
    for (let done = 0; done < length;) {
      const whole = Math.min(MAX_DIRECT, length - done);
      const header = encodeDataChunk(
        cookie,
        done + whole === length ? CHUNK_FLAG_DONE : 0,
        offset + done,
        whole,
      );
      if (await sendDirectly(connection, header, offset + done, whole, buffer)) {
        done += whole;
        continue;
      }
      const bytes = buffer.subarray(0, length - done);
      const flags = done + bytes.length === length ? CHUNK_FLAG_DONE : 0;
      if (!(await readPiece(connection, bytes, offset + done))) {
        return stream.write(encodeErrorChunk(cookie, CHUNK_FLAG_DONE, ERROR.EIO, offset + done));
      }
      await stream.write(encodeDataChunk(cookie, flags, offset + done, bytes.length), bytes);
      done += bytes.length;
    }
  });
}

/** False, with nothing sent, when the image's bytes are not all in memory. */
async function sendDirectly(
  { stream, negotiated }: Connection,
  header: Uint8Array,
  position: number,
  bytes: number,
  buffer: Uint8Array,
): Promise<boolean> {
  const { reader } = negotiated.chosen;
  return stream.sendDirectly(
    new ImageMessage({ header, reader, position, bytes, buffer, closed: stream.closed }),
  );
}

/** False where the image cannot be read. */
async function readPiece(
  { stream, negotiated }: Connection,
  bytes: Uint8Array,
  offset: number,
): Promise<boolean> {
  try {
    const got = await readSectors(negotiated.chosen.reader, bytes, offset, stream.closed);
    return got === bytes.length;
  } catch {
    return false;
  }
}

/** All of an image is data: one extent of allocated bytes. */
function sendBlockStatus(stream: ByteStream, { cookie, length }: Request): Promise<void> {
  const body = Buffer.alloc(12);
  body.writeUInt32BE(BASE_ALLOCATION_ID, 0);
  body.writeUInt32BE(length, 4);
  return stream.write(encodeChunk(cookie, CHUNK.BLOCK_STATUS, CHUNK_FLAG_DONE, body.length), body);
}
