// What a container gives: a disc with sessions and tracks, whatever file format it was kept in.
import type { Finding } from '../base/finding.js';
import type { PlanStream } from './plan-stream.js';

/** `xa`: mode 2 with the forms of CD-ROM XA; `mode2`: with none. */
export type TrackMode = 'audio' | 'mode1' | 'mode2' | 'xa';

export interface Track {
  /** From 1, counted over all sessions. */
  readonly number: number;
  readonly mode: TrackMode;
  /** Logical block address of the first sector: index 1. */
  readonly start: number;
  /** Sectors, the last one perhaps cut short by the end of the image. */
  readonly length: number;
  /** Sectors of the pause before it that belong to it, index 0; none where absent. */
  readonly pregap?: number;
  /** Addresses of index 2 and those behind it. */
  readonly indexes?: readonly number[];
  /** International standard recording code, 12 characters. */
  readonly isrc?: string;
  readonly preEmphasis?: boolean;
  readonly copyPermitted?: boolean;
  readonly fourChannels?: boolean;
  readonly title?: string;
  readonly performer?: string;
}

/** What the table of contents calls the discs of a session (point A0). */
export type SessionKind = 'cd-rom' | 'cd-i' | 'xa';

export interface Session {
  /** From 1. */
  readonly number: number;
  readonly tracks: readonly Track[];
  /** Absent where the image does not say. */
  readonly kind?: SessionKind;
  /** Logical block address where its lead-out begins; behind its last track where absent. */
  readonly leadOut?: number;
}

/**
 * Subchannels, byte = logical block address x 96. `interleaved`: as drives give them, a bit of each of the eight
 * channels in a byte. `linear`: 12 bytes of each channel, P to W.
 */
export interface Subchannel {
  readonly stream: PlanStream;
  readonly form: 'interleaved' | 'linear';
}

/** What a drive gives of a disc's lead-in by READ DISC STRUCTURE (MMC-6 6.22), without the four bytes before it. */
export interface DiscStructure {
  readonly format: number;
  readonly layer: number;
  readonly bytes: Uint8Array;
}

/** A disc. The source below it is owned by whoever opened that. */
export interface Disc {
  /** Name of the container's format, such as "iso". */
  readonly format: string;
  /** How its sectors are stored, for people; absent for plain ones. */
  readonly storage?: string;
  readonly sessions: readonly Session[];
  /** User data: byte = logical block address x 2048, whatever session and track a block is of. */
  readonly data: PlanStream;
  /** Whole sectors: byte = logical block address x 2352; absent where the image has none. */
  readonly raw?: PlanStream;
  /** Sectors that are stored without sync and header: byte = logical block address x 2336. */
  readonly headless?: PlanStream;
  /** User data of form 2 (CD-ROM XA): byte = logical block address x 2324, whatever form a sector has. */
  readonly payload?: PlanStream;
  /** Absent where the image has none. */
  readonly subchannel?: Subchannel;
  /** Absent where the image does not say. */
  readonly medium?: 'cd' | 'dvd';
  /** Packs of CD-TEXT, 18 bytes each (MMC-3 Annex J), where the image holds them so. */
  readonly cdText?: Uint8Array;
  /** Media catalogue number, 13 digits. */
  readonly catalog?: string;
  readonly title?: string;
  readonly performer?: string;
  /** Of a DVD; none where absent. */
  readonly discStructures?: readonly DiscStructure[];
  /** What of the disc its files lack, or say wrongly. */
  readonly findings?: readonly Finding[];
}

/** Address behind its last track. */
export function leadOutOf({ sessions }: Pick<Disc, 'sessions'>): number {
  return Math.max(0, ...sessions.flatMap(({ tracks }) => tracks).map(({ start, length }) => start + length));
}

/** Address where its file systems begin: the first data track of the first session that has one. */
export function firstDataSector({ sessions }: Pick<Disc, 'sessions'>): number {
  return sessions.flatMap(({ tracks }) => tracks).find(({ mode }) => mode !== 'audio')?.start ?? 0;
}

/** Whether it has anything but sound. */
export function hasData({ sessions }: Pick<Disc, 'sessions'>): boolean {
  return sessions.some(({ tracks }) => tracks.some(({ mode }) => mode !== 'audio'));
}
