// What a mount is, in the memory of its index: should the journal be lost, whoever keeps that memory has this as well.
import { readSync, writeSync } from 'node:fs';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { HEADER_BYTES, NOTE_OFFSET } from '../../src/index/layout.js';
import { MOUNT_RECORD, encodeRecord } from './journal.js';
import type { MountRecord } from './mount-record.js';

/** Longest note, in bytes; what is longer, because of its paths, is not noted. */
export const MAX_NOTE_BYTES = HEADER_BYTES - NOTE_OFFSET;
/** First byte of a note that is compressed, before two of its length: the names of a hundred files are much alike. */
const COMPRESSED = 1;
const COMPRESSED_HEADER = 3;
/** Longest text of one that makes sense. */
const MAX_TEXT_BYTES = 262_144;

/** `index`: the memory, open for writing. */
export function writeNote(index: number, record: MountRecord): void {
  // What is told of it later is not in the note, and need not be.
  const made = { ...record.made, passedOver: [] };
  const note: MountRecord = { ...record, state: 'mounted', findings: [], made, isLoaded: false };
  const bytes = encodeNote(JSON.stringify(encodeRecord(note)));
  if (bytes.length <= MAX_NOTE_BYTES) writeSync(index, bytes, 0, bytes.length, NOTE_OFFSET);
}

/** Text that ends with its first zero byte, where there is room for it: older daemons read nothing else. */
function encodeNote(text: string): Buffer {
  const plain = Buffer.from(`${text}\0`);
  if (plain.length <= MAX_NOTE_BYTES) return plain;
  const packed = deflateRawSync(text, { level: 9 });
  const header = Buffer.alloc(COMPRESSED_HEADER);
  header.writeUInt8(COMPRESSED);
  header.writeUInt16LE(Math.min(packed.length, 0xffff), 1);
  return Buffer.concat([header, packed]);
}

/** Undefined when there is none, or none that makes sense. */
export function readNote(index: number): MountRecord | undefined {
  const bytes = Buffer.alloc(MAX_NOTE_BYTES);
  const length = readSync(index, bytes, 0, bytes.length, NOTE_OFFSET);
  try {
    return MOUNT_RECORD.safeParse(JSON.parse(decodeNote(bytes.subarray(0, length)))).data;
  } catch {
    return undefined;
  }
}

/** Empty where there is none. */
function decodeNote(bytes: Buffer): string {
  if (bytes[0] !== COMPRESSED) return bytes.toString('utf8', 0, Math.max(0, bytes.indexOf(0)));
  const end = COMPRESSED_HEADER + bytes.readUInt16LE(1);
  return inflateRawSync(bytes.subarray(COMPRESSED_HEADER, end), {
    maxOutputLength: MAX_TEXT_BYTES,
  }).toString();
}
