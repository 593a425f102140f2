// Protocol data units (RFC 7143 11.1, 11.2): 48 bytes of header, further headers, data padded to four bytes, digests.
import { countBytes } from '../../base/byte-count.js';
import type { ByteStream } from '../net/byte-stream.js';
import { ConnectionLost } from '../net/byte-stream.js';
import type { Digest } from './crc32c.js';

export const HEADER_LENGTH = 48;
export const DIGEST_LENGTH = 4;
/** Bytes that data are padded to a multiple of. */
export const PDU_ALIGNMENT = 4;
/** Bytes of data that we take in one PDU, as we declare at login: parameter lists and text are all there is. */
export const MAX_RECEIVED_DATA = 64 * 1024;
/** A tag that stands for none (RFC 7143 11.19). */
export const NO_TAG = 0xffff_ffff;

/** Operation codes of requests (RFC 7143 11.2.1.2). */
export const REQUEST = {
  NOP_OUT: 0x00,
  SCSI_COMMAND: 0x01,
  TASK_MANAGEMENT: 0x02,
  LOGIN: 0x03,
  TEXT: 0x04,
  DATA_OUT: 0x05,
  LOGOUT: 0x06,
} as const;

export const RESPONSE = {
  NOP_IN: 0x20,
  SCSI_RESPONSE: 0x21,
  TASK_MANAGEMENT: 0x22,
  LOGIN: 0x23,
  TEXT: 0x24,
  DATA_IN: 0x25,
  LOGOUT: 0x26,
  READY_TO_TRANSFER: 0x31,
  REJECT: 0x3f,
} as const;

export interface Pdu {
  readonly header: Buffer;
  readonly data: Buffer;
}

/** What sums headers and data up, where that was agreed on. */
export interface Digests {
  readonly header?: Digest | undefined;
  readonly data?: Digest | undefined;
}

export const NO_DIGESTS: Digests = {};

export function opcodeOf({ header }: Pdu): number {
  return header[0]! & 0x3f;
}

/** Immediate requests are outside of the order of commands. */
export function isImmediate({ header }: Pdu): boolean {
  return (header[0]! & 0x40) !== 0;
}

/** Undefined when the initiator has left between two PDUs. Rejects with ConnectionLost, also for a wrong digest. */
export async function readPdu(stream: ByteStream, digests: Digests): Promise<Pdu | undefined> {
  const header = await stream.read(HEADER_LENGTH);
  if (header === undefined) return undefined;
  // Further headers carry long CDBs and bidirectional lengths, which no command of ours has.
  const further = header[4]! * 4;
  const length = header.readUIntBE(5, 3);
  if (length > MAX_RECEIVED_DATA) throw new ConnectionLost(`Initiator sent ${countBytes(length)} of data`);
  const more = await stream.readMore(further);
  if (digests.header !== undefined) await checkDigest(stream, digests.header, header, more);
  const padded = await stream.readMore((length + 3) & ~3);
  if (digests.data !== undefined && length > 0) await checkDigest(stream, digests.data, padded);
  return { header, data: padded.subarray(0, length) };
}

/** Without recovery (level 0) a wrong digest ends the connection (RFC 7143 7.8). */
async function checkDigest(
  stream: ByteStream,
  digest: Digest,
  ...parts: readonly Uint8Array[]
): Promise<void> {
  if (!(await stream.readMore(DIGEST_LENGTH)).equals(digest(...parts)))
    throw new ConnectionLost('Digest does not fit');
}

/** The parts of a PDU: a header, whose data length is set here, and data. */
export function encodePdu(
  digests: Digests,
  header: Buffer,
  data: Uint8Array = new Uint8Array(),
): readonly Uint8Array[] {
  setDataLength(header, data.length);
  const parts: Uint8Array[] = [header];
  if (digests.header !== undefined) parts.push(digests.header(header));
  if (data.length > 0) {
    const padding = Buffer.alloc(-data.length & 3);
    parts.push(data);
    if (padding.length > 0) parts.push(padding);
    if (digests.data !== undefined) parts.push(digests.data(data, padding));
  }
  return parts;
}

/** DataSegmentLength (RFC 7143 11.2.1.6). */
export function setDataLength(header: Buffer, length: number): void {
  header.writeUIntBE(length, 5, 3);
}

/** A header with operation code, flags and initiator task tag. */
export function createHeader(opcode: number, flags: number, tag: number): Buffer {
  // Memory of the pool: that of so small a buffer of its own would have to move before the addon can send it.
  const header = Buffer.allocUnsafe(HEADER_LENGTH).fill(0);
  header[0] = opcode;
  header[1] = flags;
  header.writeUInt32BE(tag, 16);
  return header;
}
