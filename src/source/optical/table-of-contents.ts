// The tracks of the disc in a drive, as READ TOC/PMA/ATIP gives them (MMC-6, format 0: addresses as blocks).
import { ByteCursor } from '../../base/byte-cursor.js';

export interface DiscTrack {
  readonly number: number;
  /** First block, 2048 bytes of user data each on a data track. */
  readonly start: number;
  /** Blocks to the next track or the end of the disc, gaps included. */
  readonly length: number;
  readonly isData: boolean;
}

const HEADER_LENGTH = 4;
const DESCRIPTOR_LENGTH = 8;
/** A disc has at most 99 tracks (ECMA-130) and a lead-out. */
const MAX_DESCRIPTORS = 100;
export const MAX_TOC_BYTES = HEADER_LENGTH + MAX_DESCRIPTORS * DESCRIPTOR_LENGTH;
const LEAD_OUT = 0xaa;
/** CONTROL bit that tells data from sound. */
const DATA_TRACK = 0x4;

/** Tracks in order; those out of order, and what the bytes are too short for, are left out. */
export function parseTableOfContents(bytes: Uint8Array, drive: string): DiscTrack[] {
  const cursor = new ByteCursor(bytes, drive, 0);
  if (cursor.length < HEADER_LENGTH) return [];
  const end = Math.min(cursor.u16be(0) + 2, cursor.length, MAX_TOC_BYTES);
  const starts: { number: number; start: number; isData: boolean }[] = [];
  for (let at = HEADER_LENGTH; at + DESCRIPTOR_LENGTH <= end; at += DESCRIPTOR_LENGTH) {
    const start = cursor.u32be(at + 4);
    if (start < (starts.at(-1)?.start ?? 0)) continue;
    starts.push({ number: cursor.u8(at + 2), start, isData: (cursor.u8(at + 1) & DATA_TRACK) !== 0 });
  }
  const tracks: DiscTrack[] = [];
  for (const [i, { number, start, isData }] of starts.entries()) {
    const next = starts[i + 1];
    if (number === LEAD_OUT || next === undefined) break;
    tracks.push({ number, start, length: next.start - start, isData });
  }
  return tracks;
}
