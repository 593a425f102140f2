// Pure parsers of what a drive says of the tracks of a CD: points of the lead-in, subchannel Q, codes (MMC-6).
import { FRAMES_PER_MINUTE, FRAMES_PER_SECOND, LEAD_FRAMES } from '../../disc/sector-address.js';

export interface PointedTrack {
  readonly number: number;
  readonly session: number;
  /** Block of index 1. */
  readonly start: number;
  /** CONTROL, four bits. */
  readonly control: number;
}

export interface LeadIn {
  /** In the order of their starts. */
  readonly tracks: readonly PointedTrack[];
  /** Block of the lead-out of each session. */
  readonly leadOuts: ReadonlyMap<number, number>;
}

const HEADER = 4;
const POINT_LENGTH = 11;
const POINT_LEAD_OUT = 0xa2;
const MAX_TRACK = 99;
const ADR_POSITION = 1;
/** Blocks by which drives may miss the one that Q was asked of. */
const MAX_SLIP = 2;
const CODE_OFFSET = 8;
const IS_VALID = 0x80;

/** Points of full tables of contents, in binary; those that make no sense are left out. */
export function parseLeadIn(bytes: Uint8Array): LeadIn {
  const end = Math.min(bytes.length, ((bytes[0] ?? 0) << 8) + (bytes[1] ?? 0) + 2);
  const tracks: PointedTrack[] = [];
  const leadOuts = new Map<number, number>();
  for (let at = HEADER; at + POINT_LENGTH <= end; at += POINT_LENGTH) {
    const [session, adrControl, point] = [bytes[at]!, bytes[at + 1]!, bytes[at + 3]!];
    if (adrControl >> 4 !== ADR_POSITION) continue;
    const start = blockOf(bytes[at + 8]!, bytes[at + 9]!, bytes[at + 10]!);
    if (point === POINT_LEAD_OUT) leadOuts.set(session, start);
    const isTrack = point >= 1 && point <= MAX_TRACK && start >= (tracks.at(-1)?.start ?? 0);
    if (isTrack) tracks.push({ number: point, session, start, control: adrControl & 0x0f });
  }
  return { tracks, leadOuts };
}

export interface QPosition {
  readonly block: number;
  readonly track: number;
  readonly index: number;
}

/**
 * Where 16 bytes of Q say that they are, near the block that was asked for; undefined for codes and what is damaged.
 * Drives give its numbers in decimal digits as the disc has them, or in binary.
 */
export function parseQ(bytes: Uint8Array, asked: number): QPosition | undefined {
  if ((bytes[0]! & 0x0f) !== ADR_POSITION) return undefined;
  for (const decode of [fromBcd, (byte: number) => byte]) {
    const [track, index, , , , , minute, second, frame] = Array.from(bytes.subarray(1, 10), decode);
    const block = blockOf(minute!, second!, frame!);
    if (Math.abs(block - asked) <= MAX_SLIP) return { block, track: track!, index: index! };
  }
  return undefined;
}

/** Catalogue number or recording code of an answer to READ SUB-CHANNEL; undefined where the disc has none. */
export function parseCode(bytes: Uint8Array, length: number): string | undefined {
  if (bytes.length < CODE_OFFSET + 1 + length || (bytes[CODE_OFFSET]! & IS_VALID) === 0) return undefined;
  const code = Buffer.from(bytes.subarray(CODE_OFFSET + 1, CODE_OFFSET + 1 + length)).toString('latin1');
  return /^[0-9A-Z]+$/.test(code) && !/^0+$/.test(code) ? code : undefined;
}

function blockOf(minute: number, second: number, frame: number): number {
  return minute * FRAMES_PER_MINUTE + second * FRAMES_PER_SECOND + frame - LEAD_FRAMES;
}

function fromBcd(byte: number): number {
  return (byte >> 4) * 10 + (byte & 0x0f);
}
