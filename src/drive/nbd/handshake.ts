// The beginning of an NBD connection: client and server agree on an export (specification, "Fixed newstyle
// negotiation"). Ends with the export, or without one when the client only wanted to look. TLS begins in the middle
// of it (specification, "TLS support"): all that was agreed on before is forgotten then.
import type { Socket } from 'node:net';
import { countBytes } from '../../base/byte-count.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { ByteStream } from '../net/byte-stream.js';
import { ConnectionLost } from '../net/byte-stream.js';
import type { NbdExport } from './nbd-export.js';
import { findExport } from './nbd-export.js';
import {
  BASE_ALLOCATION,
  BASE_ALLOCATION_ID,
  EXPORT_FLAGS,
  FLAG_FIXED_NEWSTYLE,
  FLAG_NO_ZEROES,
  INFO_BLOCK_SIZE,
  INFO_DESCRIPTION,
  INFO_EXPORT,
  INFO_NAME,
  INIT_MAGIC,
  MAX_REQUEST_BYTES,
  MAX_STRING_BYTES,
  OPTION,
  OPTION_MAGIC,
  OPTION_REPLY_MAGIC,
  REPLY,
} from './protocol.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';

/** Options of one connection; a client needs a handful. */
export const MAX_OPTIONS = 256;
/** Bytes of one option's data: a name, and a list of queries. */
export const MAX_OPTION_BYTES = 64 * 1024;
/** Queries of one metadata context option. */
const MAX_QUERIES = 256;

export interface Negotiated {
  readonly chosen: NbdExport;
  readonly structuredReplies: boolean;
  /** Whether `base:allocation` was asked for, for this export. */
  readonly allocation: boolean;
}

/** TLS as this server offers it. */
export interface NbdTls {
  /** Nothing else than TLS is talked about before there is TLS ("FORCEDTLS"); the client chooses otherwise. */
  readonly isRequired: boolean;
  /** Makes it of a socket; rejects with ConnectionLost. */
  readonly shake: (socket: Socket) => Promise<Socket>;
}

interface State {
  readonly exports: readonly NbdExport[];
  readonly stream: ByteStream;
  readonly sendsZeroes: boolean;
  /** Undefined where there is none, and once it has begun. */
  tls: NbdTls | undefined;
  isSecure: boolean;
  structuredReplies: boolean;
  /** The export that `base:allocation` was set for. */
  allocationOf: NbdExport | undefined;
}

type Reply = (type: number, body?: Uint8Array) => Promise<void>;

/** Undefined when the client has left. Rejects with ConnectionLost, also when it does not speak the protocol. */
export async function negotiate(
  stream: ByteStream,
  exports: readonly NbdExport[],
  tls?: NbdTls,
): Promise<Negotiated | undefined> {
  const flags = Buffer.alloc(2);
  flags.writeUInt16BE(FLAG_FIXED_NEWSTYLE | FLAG_NO_ZEROES);
  await stream.write(Buffer.from(`${INIT_MAGIC}${OPTION_MAGIC}`, 'latin1'), flags);
  const clientFlags = (await stream.readMore(4)).readUInt32BE(0);
  if ((clientFlags & ~(FLAG_FIXED_NEWSTYLE | FLAG_NO_ZEROES)) !== 0) throw unspoken('unknown client flags');
  // Others know neither STARTTLS nor an answer that they have to begin with it.
  const isFixed = (clientFlags & FLAG_FIXED_NEWSTYLE) !== 0;
  if (!isFixed && tls?.isRequired === true) throw unspoken('flags of a client that knows no TLS');
  const state: State = {
    exports,
    stream,
    sendsZeroes: (clientFlags & FLAG_NO_ZEROES) === 0,
    tls: isFixed ? tls : undefined,
    isSecure: false,
    structuredReplies: false,
    allocationOf: undefined,
  };
  for (let i = 0; i < MAX_OPTIONS; i += 1) {
    const header = await stream.read(16);
    if (header === undefined) return undefined;
    if (header.toString('latin1', 0, 8) !== OPTION_MAGIC) throw unspoken('no option');
    const option = header.readUInt32BE(8);
    const length = header.readUInt32BE(12);
    if (length > MAX_OPTION_BYTES) throw unspoken(`an option of ${countBytes(length)}`);
    const data = await stream.readMore(length);
    const outcome = await answerOption(state, option, data);
    if (outcome === 'left') return undefined;
    if (outcome !== 'more') {
      const { structuredReplies, allocationOf } = state;
      return { chosen: outcome, structuredReplies, allocation: allocationOf === outcome };
    }
  }
  throw unspoken('too many options');
}

async function answerOption(
  state: State,
  option: number,
  data: Buffer,
): Promise<NbdExport | 'more' | 'left'> {
  const { stream, exports } = state;
  const reply: Reply = (type, body = new Uint8Array()) =>
    stream.write(encodeReply(option, type, body.length), body);
  if (option === OPTION.STARTTLS) {
    await startTls(state, data, reply);
    return 'more';
  }
  if (state.tls?.isRequired === true && option !== OPTION.ABORT) {
    if (option === OPTION.EXPORT_NAME) return 'left';
    await reply(REPLY.ERR_TLS_REQD, Buffer.from('this server takes clients with TLS only'));
    return 'more';
  }
  switch (option) {
    case OPTION.EXPORT_NAME: {
      const chosen = findExport(exports, data.toString());
      // This oldest option knows no error but the end of the connection.
      if (chosen === undefined) return 'left';
      await stream.write(encodeExport(chosen), new Uint8Array(state.sendsZeroes ? 124 : 0));
      return chosen;
    }
    case OPTION.ABORT:
      await reply(REPLY.ACK);
      return 'left';
    case OPTION.LIST:
      if (data.length > 0) await reply(REPLY.ERR_INVALID);
      else {
        for (const { name } of exports) await reply(REPLY.SERVER, withLength(Buffer.from(name)));
        await reply(REPLY.ACK);
      }
      return 'more';
    case OPTION.STRUCTURED_REPLY:
      state.structuredReplies ||= data.length === 0;
      await reply(data.length === 0 ? REPLY.ACK : REPLY.ERR_INVALID);
      return 'more';
    case OPTION.INFO:
    case OPTION.GO: {
      const request = decode(() => decodeInfoRequest(data));
      if (request === undefined) {
        await reply(REPLY.ERR_INVALID);
        return 'more';
      }
      const chosen = findExport(exports, request.name);
      if (chosen === undefined) {
        await reply(REPLY.ERR_UNKNOWN);
        return 'more';
      }
      for (const body of encodeInfos(chosen, request.wanted)) await reply(REPLY.INFO, body);
      await reply(REPLY.ACK);
      return option === OPTION.GO ? chosen : 'more';
    }
    case OPTION.LIST_META_CONTEXT:
    case OPTION.SET_META_CONTEXT:
      await answerContexts(state, option, data, reply);
      return 'more';
    default:
      await reply(REPLY.ERR_UNSUP);
      return 'more';
  }
}

async function startTls(state: State, data: Buffer, reply: Reply): Promise<void> {
  if (state.isSecure || (state.tls !== undefined && data.length > 0)) return reply(REPLY.ERR_INVALID);
  if (state.tls === undefined) return reply(REPLY.ERR_UNSUP);
  await state.stream.secure(encodeReply(OPTION.STARTTLS, REPLY.ACK, 0), state.tls.shake);
  state.tls = undefined;
  state.isSecure = true;
  // Whoever sat between may have asked for it.
  state.structuredReplies = false;
  state.allocationOf = undefined;
}

async function answerContexts(state: State, option: number, data: Buffer, reply: Reply): Promise<void> {
  const sets = option === OPTION.SET_META_CONTEXT;
  if (sets) state.allocationOf = undefined;
  const request = decode(() => decodeContextRequest(data));
  if (request === undefined || (sets && !state.structuredReplies)) return reply(REPLY.ERR_INVALID);
  const chosen = findExport(state.exports, request.name);
  if (chosen === undefined) return reply(REPLY.ERR_UNKNOWN);
  // A list without queries asks for everything; "base:" in a list asks for all of that namespace.
  const { queries } = request;
  const isWanted =
    queries.includes(BASE_ALLOCATION) || (!sets && (queries.length === 0 || queries.includes('base:')));
  if (isWanted) {
    const id = Buffer.alloc(4);
    id.writeUInt32BE(sets ? BASE_ALLOCATION_ID : 0);
    await reply(REPLY.META_CONTEXT, Buffer.concat([id, Buffer.from(BASE_ALLOCATION)]));
    if (sets) state.allocationOf = chosen;
  }
  await reply(REPLY.ACK);
}

/** NBD_OPT_INFO and NBD_OPT_GO: name length, name, number of requests, requests. */
function decodeInfoRequest(data: Buffer): { name: string; wanted: number[] } {
  const cursor = new ByteCursor(data, 'NBD option', 0);
  const { text, next } = decodeString(cursor, 0);
  const count = cursor.u16be(next);
  if (next + 2 + 2 * count !== data.length) throw malformed();
  return { name: text, wanted: Array.from({ length: count }, (_, i) => cursor.u16be(next + 2 + 2 * i)) };
}

/** NBD_OPT_*_META_CONTEXT: name, number of queries, queries, each with its length. */
function decodeContextRequest(data: Buffer): { name: string; queries: string[] } {
  const cursor = new ByteCursor(data, 'NBD option', 0);
  const { text: name, next } = decodeString(cursor, 0);
  const count = cursor.u32be(next);
  if (count > MAX_QUERIES) throw malformed();
  const queries: string[] = [];
  let at = next + 4;
  for (let i = 0; i < count; i += 1) {
    const query = decodeString(cursor, at);
    queries.push(query.text);
    at = query.next;
  }
  if (at !== data.length) throw malformed();
  return { name, queries };
}

function decodeString(cursor: ByteCursor, at: number): { text: string; next: number } {
  const length = cursor.u32be(at);
  if (length > MAX_STRING_BYTES) throw malformed();
  return { text: Buffer.from(cursor.slice(at + 4, length)).toString(), next: at + 4 + length };
}

/** Undefined for data that its option cannot have: the client is told, and may go on. */
function decode<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (thrown) {
    if (thrown instanceof IsodriveError) return undefined;
    throw thrown;
  }
}

function malformed(): IsodriveError {
  return new IsodriveError('damaged', 'Cannot read NBD option: lengths in it do not fit its own');
}

function encodeInfos(one: NbdExport, wanted: readonly number[]): Uint8Array[] {
  const typed = (type: number, body: Uint8Array): Uint8Array =>
    Buffer.concat([Uint8Array.of(type >> 8, type & 0xff), body]);
  const infos = [typed(INFO_EXPORT, encodeExport(one))];
  if (wanted.includes(INFO_NAME)) infos.push(typed(INFO_NAME, Buffer.from(one.name)));
  if (wanted.includes(INFO_DESCRIPTION)) infos.push(typed(INFO_DESCRIPTION, Buffer.from(one.description)));
  if (wanted.includes(INFO_BLOCK_SIZE)) {
    const sizes = Buffer.alloc(12);
    sizes.writeUInt32BE(1, 0);
    sizes.writeUInt32BE(SECTOR_SIZE * 2, 4); // preferred: a power of 2, at least 512
    sizes.writeUInt32BE(MAX_REQUEST_BYTES, 8);
    infos.push(typed(INFO_BLOCK_SIZE, sizes));
  }
  return infos;
}

function encodeExport({ reader }: NbdExport): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeBigUInt64BE(BigInt(reader.size), 0);
  bytes.writeUInt16BE(EXPORT_FLAGS, 8);
  return bytes;
}

function encodeReply(option: number, type: number, length: number): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeBigUInt64BE(OPTION_REPLY_MAGIC, 0);
  bytes.writeUInt32BE(option, 8);
  bytes.writeUInt32BE(type, 12);
  bytes.writeUInt32BE(length, 16);
  return bytes;
}

function withLength(text: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text]);
}

function unspoken(what: string): ConnectionLost {
  return new ConnectionLost(`NBD client sent ${what}`);
}
