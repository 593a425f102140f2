// Why a drive did not carry out a command, from its sense data (SPC-4, fixed and descriptor format).
import { ByteCursor } from '../../base/byte-cursor.js';

/** SAM status of a command that has sense data. */
export const CHECK_CONDITION = 2;

export const NOT_READY = 0x2;
export const MEDIUM_ERROR = 0x3;
export const UNIT_ATTENTION = 0x6;
/** Additional sense code MEDIUM NOT PRESENT. */
export const MEDIUM_NOT_PRESENT = 0x3a;
/** Additional sense code MEDIUM REMOVAL PREVENTED. */
export const REMOVAL_PREVENTED = 0x53;
/** Qualifier TRAY OPEN of MEDIUM NOT PRESENT. */
export const TRAY_OPEN = 0x02;

const DESCRIPTOR_FORMATS = [0x72, 0x73];

export interface SenseData {
  readonly key: number;
  readonly code: number;
  readonly qualifier: number;
}

/** Those that a reader of discs meets; T10 keeps the whole list. */
const CODES: ReadonlyMap<number, string> = new Map([
  [0x0400, 'the drive is not ready'],
  [0x0401, 'the drive is becoming ready'],
  [0x0200, 'no seek complete'],
  [0x1100, 'the sector cannot be read'],
  [0x1105, 'the sector is damaged beyond correction'],
  [0x1106, 'error correction failed'],
  [0x0900, 'the drive lost the track'],
  [0x1501, 'the drive cannot find the position'],
  [0x2000, 'the drive does not know the command'],
  [0x2100, 'the address is beyond the disc'],
  [0x2400, 'the drive does not take a field of the command'],
  [0x2800, 'the disc may have been changed'],
  [0x2900, 'the drive was reset'],
  [0x3a00, 'no disc is in the drive'],
  [0x3a01, 'no disc is in the drive'],
  [0x3a02, 'the tray is open'],
  [0x5302, 'the tray is locked'],
  [0x6400, 'the track is of another kind'],
  [0x6f03, 'the disc is protected against reading'],
]);

/** Undefined when there is none, or it is cut off before the codes. */
export function parseSenseData(bytes: Uint8Array, drive: string): SenseData | undefined {
  if (bytes.length === 0) return undefined;
  const cursor = new ByteCursor(bytes, drive, 0);
  const isDescriptor = DESCRIPTOR_FORMATS.includes(cursor.u8(0) & 0x7f);
  const [key, code] = isDescriptor ? [1, 2] : [2, 12];
  if (cursor.length < code + 2) return undefined;
  return { key: cursor.u8(key) & 0x0f, code: cursor.u8(code), qualifier: cursor.u8(code + 1) };
}

/** For people: the cause, and the numbers by which manuals list it. */
export function describeSense({ key, code, qualifier }: SenseData): string {
  const numbers = [key, code, qualifier].map((value) => value.toString(16).padStart(2, '0')).join('/');
  const text = CODES.get((code << 8) | qualifier) ?? CODES.get(code << 8);
  return text === undefined ? `sense ${numbers}` : `${text} (sense ${numbers})`;
}
