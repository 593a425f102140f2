// Addresses of sectors in minutes, seconds and frames of 1/75 s (ECMA-130), and the header of a raw sector (14.2),
// which has such an address and the mode of the sector.
import { DATA_OFFSET, SYNC_LENGTH } from './sector-parity.js';

export const FRAMES_PER_SECOND = 75;
export const SECONDS_PER_MINUTE = 60;
export const FRAMES_PER_MINUTE = SECONDS_PER_MINUTE * FRAMES_PER_SECOND;
/** Frames before logical block 0 (MMC-6). */
export const LEAD_FRAMES = 150;
const MAX_MINUTE = 0xff;

export interface DiscTime {
  readonly minute: number;
  readonly second: number;
  readonly frame: number;
}

/** Absolute time of a logical block; the largest that there is (FFh:59:74) where it lies beyond. */
export function timeOfBlock(block: number): DiscTime {
  return timeOfFrames(block + LEAD_FRAMES);
}

/** A number of frames as a time. */
export function timeOfFrames(frames: number): DiscTime {
  const minute = Math.floor(frames / FRAMES_PER_MINUTE);
  if (minute > MAX_MINUTE)
    return { minute: MAX_MINUTE, second: SECONDS_PER_MINUTE - 1, frame: FRAMES_PER_SECOND - 1 };
  return {
    minute,
    second: Math.floor(frames / FRAMES_PER_SECOND) % SECONDS_PER_MINUTE,
    frame: frames % FRAMES_PER_SECOND,
  };
}

/** A number below 100 in two decimal digits; above, FFh. */
export function toBcd(value: number): number {
  return value > 99 ? 0xff : Math.floor(value / 10) * 16 + (value % 10);
}

export interface SectorHeader {
  /** Logical block address; negative in the pause before the first track. */
  readonly block: number;
  readonly mode: number;
}

/** `bytes`: from the header on; undefined for what is no time in decimal digits. */
export function parseHeader(bytes: Uint8Array): SectorHeader | undefined {
  const [minute, second, frame] = [0, 1, 2].map((i) => fromBcd(bytes[i]!));
  if (minute === undefined || second === undefined || frame === undefined) return undefined;
  if (second >= SECONDS_PER_MINUTE || frame >= FRAMES_PER_SECOND) return undefined;
  const frames = minute * FRAMES_PER_MINUTE + second * FRAMES_PER_SECOND + frame;
  return { block: frames - LEAD_FRAMES, mode: bytes[3]! };
}

/** First bytes of the sequence that scrambles a sector (ECMA-130 Annex B): those of the header. */
const SCRAMBLE = [0x01, 0x80, 0x00, 0x60];

/** Whether a whole sector is as it stands on a disc: its header makes sense only without the scrambling. */
export function isScrambled(sector: Uint8Array): boolean {
  const header = sector.subarray(SYNC_LENGTH, DATA_OFFSET);
  const plain = header.map((byte, i) => byte ^ SCRAMBLE[i]!);
  return !isHeader(header) && isHeader(plain);
}

function isHeader(bytes: Uint8Array): boolean {
  const mode = parseHeader(bytes)?.mode;
  return mode === 0 || mode === 1 || mode === 2;
}

function fromBcd(byte: number): number | undefined {
  const [tens, ones] = [byte >> 4, byte & 0x0f];
  return tens > 9 || ones > 9 ? undefined : tens * 10 + ones;
}
