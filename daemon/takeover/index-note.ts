// What a mount is, in the memory of its index: should the journal be lost, whoever keeps that memory has this as well.
import { readSync, writeSync } from 'node:fs';
import { HEADER_BYTES, NOTE_OFFSET } from '../../src/index/layout.js';
import { MOUNT_RECORD, encodeRecord } from './journal.js';
import type { MountRecord } from './mount-record.js';

/** Longest note, in bytes; what is longer, because of its paths, is not noted. */
export const MAX_NOTE_BYTES = HEADER_BYTES - NOTE_OFFSET;

/** `index`: the memory, open for writing. The note ends with its first zero byte. */
export function writeNote(index: number, record: MountRecord): void {
  // What is told of it later is not in the note, and need not be.
  const made = { ...record.made, passedOver: [] };
  const note: MountRecord = { ...record, state: 'mounted', findings: [], made, isLoaded: false };
  const bytes = Buffer.from(`${JSON.stringify(encodeRecord(note))}\0`);
  if (bytes.length <= MAX_NOTE_BYTES) writeSync(index, bytes, 0, bytes.length, NOTE_OFFSET);
}

/** Undefined when there is none, or none that makes sense. */
export function readNote(index: number): MountRecord | undefined {
  const bytes = Buffer.alloc(MAX_NOTE_BYTES);
  const length = readSync(index, bytes, 0, bytes.length, NOTE_OFFSET);
  const end = bytes.subarray(0, length).indexOf(0);
  if (end <= 0) return undefined;
  try {
    return MOUNT_RECORD.safeParse(JSON.parse(bytes.toString('utf8', 0, end))).data;
  } catch {
    return undefined;
  }
}
