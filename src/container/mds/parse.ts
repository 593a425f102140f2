// The descriptor of Alcohol 120% (.mds), version 1: a header, blocks of sessions and of tracks, and names of the files
// that hold the sectors; little-endian. No standard describes it; the layout is what programs write.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import { MAX_TRACKS } from '../build-disc.js';
import type { DiscStructure } from '../../disc/disc.js';
import { MAX_IMAGE_FILES } from '../../source/image-files.js';

export const MDS_SIGNATURE = 'MEDIA DESCRIPTOR';
/** Behind the signature; version 2 is encrypted. */
export const MDS_VERSION = 1;
const HEADER_BYTES = 88;
const SESSION_BYTES = 24;
const TRACK_BYTES = 80;
const FOOTER_BYTES = 16;
/** Longer names are none of a file system. */
const MAX_NAME_UNITS = 512;
const POINT_LEAD_OUT = 0xa2;
const POINT_FIRST = 0xa0;
/** From here on media are DVDs. */
const FIRST_DVD = 0x10;
/** Bytes that are kept of READ DISC STRUCTURE, in this order for each layer (MMC-6 6.22.3). */
const STRUCTURES = [
  { format: 0x01, bytes: 4 },
  { format: 0x04, bytes: 2048 },
  { format: 0x00, bytes: 2048 },
] as const;
const BURST_CUTTING_AREA = 0x03;
const MAX_BURST_BYTES = 188;

export interface MdsTrack {
  /** Low three bits: 1 sound, 2 mode 1, 4 and 5 forms of mode 2, all others mode 2. */
  readonly mode: number;
  readonly control: number;
  readonly number: number;
  /** Subchannels included. */
  readonly sectorBytes: number;
  /** Logical block address. */
  readonly start: number;
  /** Byte of its first sector in the first of its files. */
  readonly offset: number;
  /** Sectors of the pause before it, which are not stored. */
  readonly pregap: number;
  /** Sectors; undefined where the descriptor does not say. */
  readonly length: number | undefined;
  /** Bytes of names, one for each part of a file that was split; without the zeros behind them. */
  readonly files: readonly MdsName[];
}

export interface MdsName {
  readonly bytes: Uint8Array;
  /** In UTF-16. */
  readonly isWide: boolean;
}

export interface MdsSession {
  readonly number: number;
  readonly tracks: readonly MdsTrack[];
  readonly leadOut: number | undefined;
  /** What the table of contents calls its discs (point A0). */
  readonly discType: number | undefined;
}

export interface MdsFacts {
  readonly isDvd: boolean;
  readonly sessions: readonly MdsSession[];
  readonly structures: readonly DiscStructure[];
}

/** Throws `damaged` where a block does not fit, or where there are more tracks than a disc has. */
export function parseMds(bytes: Uint8Array, name: string): MdsFacts {
  const cursor = new ByteCursor(bytes, name, 0);
  cursor.slice(0, HEADER_BYTES);
  const isDvd = cursor.u16le(18) >= FIRST_DVD;
  const count = cursor.u16le(20);
  if (count > MAX_TRACKS) throw tooMany(cursor, 20, `${count} sessions`);
  const first = cursor.u32le(80);
  const sessions: MdsSession[] = [];
  let tracks = 0;
  for (let i = 0; i < count; i += 1) {
    const session = parseSession(cursor, first + i * SESSION_BYTES, isDvd);
    if ((tracks += session.tracks.length) > MAX_TRACKS) throw tooMany(cursor, first, `${tracks} tracks`);
    sessions.push(session);
  }
  return { isDvd, sessions, structures: parseStructures(cursor) };
}

/** `at`: of its block. */
function parseSession(cursor: ByteCursor, at: number, isDvd: boolean): MdsSession {
  const blocks = cursor.u8(at + 10);
  const first = cursor.u32le(at + 20);
  const tracks: MdsTrack[] = [];
  let leadOut: number | undefined;
  let discType: number | undefined;
  for (let i = 0; i < blocks; i += 1) {
    const block = first + i * TRACK_BYTES;
    const point = cursor.u8(block + 4);
    const [minute, second, frame] = [9, 10, 11].map((byte) => cursor.u8(block + byte));
    if (point === POINT_LEAD_OUT) leadOut = (minute! * 60 + second!) * 75 + frame! - 150;
    else if (point === POINT_FIRST) discType = second;
    else if (point >= 1 && point <= MAX_TRACKS) tracks.push(parseTrack(cursor, block, isDvd));
  }
  return { number: cursor.u16le(at + 8), tracks, leadOut, discType };
}

function parseTrack(cursor: ByteCursor, at: number, isDvd: boolean): MdsTrack {
  const extra = cursor.u32le(at + 12);
  const hasExtra = !isDvd && extra !== 0;
  const files = cursor.u32le(at + 48);
  if (files > MAX_IMAGE_FILES) throw tooMany(cursor, at + 48, `${files} files of a track`);
  const footer = cursor.u32le(at + 52);
  return {
    mode: cursor.u8(at) & 7,
    control: cursor.u8(at + 2) & 0x0f,
    number: cursor.u8(at + 4),
    sectorBytes: cursor.u16le(at + 16),
    start: cursor.u32le(at + 36) | 0,
    offset: cursor.u64le(at + 40),
    pregap: hasExtra ? cursor.u32le(extra) : 0,
    // Of a DVD, the field is the length itself.
    length: hasExtra ? cursor.u32le(extra + 4) : isDvd && extra !== 0 ? extra : undefined,
    files:
      footer === 0
        ? []
        : Array.from({ length: files }, (_, i) => parseName(cursor, footer + i * FOOTER_BYTES)),
  };
}

function parseName(cursor: ByteCursor, footer: number): MdsName {
  const at = cursor.u32le(footer);
  const isWide = cursor.u32le(footer + 4) !== 0;
  const step = isWide ? 2 : 1;
  let end = at;
  for (let units = 0; units < MAX_NAME_UNITS && end + step <= cursor.length; units += 1, end += step) {
    if ((isWide ? cursor.u16le(end) : cursor.u8(end)) === 0) break;
  }
  return { bytes: cursor.slice(at, Math.max(0, end - at)), isWide };
}

function parseStructures(cursor: ByteCursor): DiscStructure[] {
  const structures: DiscStructure[] = [];
  const burst = Math.min(cursor.u16le(26), MAX_BURST_BYTES);
  if (burst > 0) {
    structures.push({
      format: BURST_CUTTING_AREA,
      layer: 0,
      bytes: cursor.slice(cursor.u32le(36), burst).slice(),
    });
  }
  let at = cursor.u32le(64);
  if (at === 0) return structures;
  let layers = 1;
  for (let layer = 0; layer < layers; layer += 1) {
    for (const { format, bytes } of STRUCTURES) {
      const content = cursor.slice(at, bytes).slice();
      structures.push({ format, layer, bytes: content });
      at += bytes;
      // Bits 5 and 6 of byte 2: the layers, less one.
      if (format === 0 && layer === 0 && (content[2]! & 0x60) === 0x20) layers = 2;
    }
  }
  return structures;
}

function tooMany(cursor: ByteCursor, at: number, found: string): IsodriveError {
  const { sourceName } = cursor;
  const wanted = `${MAX_TRACKS} at most`;
  return new IsodriveError('damaged', `Cannot open "${sourceName}": found ${found}, expected ${wanted}`, {
    at: { source: sourceName, offset: cursor.offsetInSource(at) },
  });
}
