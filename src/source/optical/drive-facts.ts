// What a drive is and what is in it, from its answers to INQUIRY and GET CONFIGURATION (SPC-4, MMC-6).
import { ByteCursor } from '../../base/byte-cursor.js';
import type { DiscTrack } from './table-of-contents.js';

export interface DriveIdentity {
  readonly vendor: string;
  readonly product: string;
  /** Of its firmware. */
  readonly revision: string;
}

export interface DriveFacts extends DriveIdentity {
  /** Kind of disc, such as "DVD-ROM"; absent when the drive does not say. */
  readonly medium: string | undefined;
  /** Empty when the drive does not say. */
  readonly tracks: readonly DiscTrack[];
}

export const INQUIRY_LENGTH = 36;
/** Header of GET CONFIGURATION and the descriptor of one feature. */
export const CONFIGURATION_LENGTH = 16;
/** Feature CD Read (001Eh): bit 1 of its first byte says that C2 error pointers come with a sector. */
const FEATURE_OFFSET = 8;
const CD_READ_FEATURE = 0x001e;
const C2_FLAG = 0x02;

/** Profiles (MMC-6, Profile List feature). */
const PROFILES: ReadonlyMap<number, string> = new Map([
  [0x08, 'CD-ROM'],
  [0x09, 'CD-R'],
  [0x0a, 'CD-RW'],
  [0x10, 'DVD-ROM'],
  [0x11, 'DVD-R'],
  [0x12, 'DVD-RAM'],
  [0x13, 'DVD-RW'],
  [0x14, 'DVD-RW'],
  [0x15, 'DVD-R DL'],
  [0x16, 'DVD-R DL'],
  [0x1a, 'DVD+RW'],
  [0x1b, 'DVD+R'],
  [0x2a, 'DVD+RW DL'],
  [0x2b, 'DVD+R DL'],
  [0x40, 'BD-ROM'],
  [0x41, 'BD-R'],
  [0x42, 'BD-R'],
  [0x43, 'BD-RE'],
  [0x50, 'HD DVD-ROM'],
]);

/** Throws `damaged` for an answer that is cut off. */
export function parseInquiry(bytes: Uint8Array, drive: string): DriveIdentity {
  const cursor = new ByteCursor(bytes, drive, 0);
  const text = (offset: number, length: number): string =>
    cursor
      .text(offset, length)
      .replace(/[^\x20-\x7e]/g, '?')
      .trim();
  return { vendor: text(8, 8), product: text(16, 16), revision: text(32, 4) };
}

/** Blocks, from an answer to READ CAPACITY (10). Throws `damaged` for one that is cut off. */
export function parseCapacity(bytes: Uint8Array, drive: string): number {
  return new ByteCursor(bytes, drive, 0).u32be(0) + 1;
}

/** Name of the current profile; undefined when no disc is in, or one of a kind without a name. */
export function parseProfile(configuration: Uint8Array): string | undefined {
  if (configuration.length < FEATURE_OFFSET) return undefined;
  return PROFILES.get(new ByteCursor(configuration, 'GET CONFIGURATION', 0).u16be(6));
}

/** Number of the profile with that name; 0, which is no profile, for another. */
export function profileNumber(name: string): number {
  return [...PROFILES].find(([, known]) => known === name)?.[0] ?? 0;
}

/** Whether an answer that was to begin with feature CD Read offers C2 error pointers. */
export function offersC2(configuration: Uint8Array): boolean {
  if (configuration.length < FEATURE_OFFSET + 5) return false;
  const cursor = new ByteCursor(configuration, 'GET CONFIGURATION', 0);
  return cursor.u16be(FEATURE_OFFSET) === CD_READ_FEATURE && (cursor.u8(FEATURE_OFFSET + 4) & C2_FLAG) !== 0;
}
