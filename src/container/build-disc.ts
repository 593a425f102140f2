// Builds a disc of tracks as a sheet describes them: every container with tracks ends here. Addresses, modes and files
// come from the sheet; which bytes of the disc the files really hold is worked out here, once.
import { countBytes } from '../base/byte-count.js';
import { IsodriveError } from '../base/error.js';
import type { Finding } from '../base/finding.js';
import { readCdTextTitles } from './cd-text-titles.js';
import { SECTOR_SIZE } from '../disc/data-stream.js';
import type { Disc, Session, Track } from '../disc/disc.js';
import { PlanStream } from '../disc/plan-stream.js';
import { RUN_UNIT } from '../disc/read-plan.js';
import type { Segment } from '../disc/read-plan.js';
import { RAW_SECTOR_SIZE, SUBCHANNEL_BYTES } from '../disc/sector-parity.js';
import type { ByteSource } from '../source/byte-source.js';
import {
  dataSegment,
  headlessSegment,
  payloadSegment,
  rawSegment,
  subchannelSegment,
} from './stored-sector.js';
import type { StoredRun, StoredSector } from './stored-sector.js';

/** Sectors in a row, all stored in one way. */
export interface SectorPiece {
  readonly sectors: number;
  /**
   * Where they are; `zeros`: no file holds them, and they are silence or empty (a pause that the sheet asks for);
   * `absent`: the disc has them, the image has not.
   */
  readonly stored: StoredPiece | 'zeros' | 'absent';
}

export interface StoredPiece {
  /** Number of the file in `bases`. */
  readonly base: number;
  /** Byte of the first sector. */
  readonly offset: number;
  readonly sector: StoredSector;
  /**
   * Byte behind the last that is a track's, the end of the file where absent. What a last sector of sound lacks is
   * silence then.
   */
  readonly end?: number;
  /** Subchannels in a file of their own: number of its base, and byte of those of the first sector. */
  readonly beside?: { readonly base: number; readonly offset: number };
}

/** A track, and where its sectors are: those of its pause first, `pregap + length` in all. */
export interface TrackLayout extends Track {
  readonly pieces: readonly SectorPiece[];
}

export interface SessionLayout extends Omit<Session, 'tracks'> {
  readonly tracks: readonly TrackLayout[];
}

/** What a sheet says of a disc, with its files open. */
export interface DiscLayout extends Omit<
  Disc,
  'sessions' | 'data' | 'raw' | 'headless' | 'payload' | 'subchannel'
> {
  /** Of the image, for messages. */
  readonly name: string;
  readonly bases: readonly ByteSource[];
  readonly sessions: readonly SessionLayout[];
  /** How subchannels are stored; `interleaved` where absent. */
  readonly subchannelForm?: 'interleaved' | 'linear';
}

/** Tracks of a CD, and sectors of a disc of any kind: an address has 32 bits. */
export const MAX_TRACKS = 99;
const MAX_SECTORS = 0xffff_ffff;
/** Sectors of the longest CD: times on it go up to 99:59:74. */
const MAX_MADE_SECTORS = 450_000;

/**
 * The disc. What a file is too short for is absent, and a finding. Rejects with `damaged` when tracks lie over one
 * another or beyond any disc's end.
 */
export function buildDisc(layout: DiscLayout): Disc {
  const { name, bases, sessions, subchannelForm = 'interleaved', ...facts } = layout;
  const streams = new StreamBuilder(layout);
  const tracks = sessions.flatMap((session) => session.tracks);
  for (const track of tracks) streams.addTrack(track);
  const stream = (segments: readonly Segment[]): PlanStream => new PlanStream(name, segments, bases);
  const { subchannel } = streams;
  const texts = facts.cdText === undefined ? undefined : readCdTextTitles(facts.cdText);
  const findings = [...(facts.findings ?? []), ...streams.findings];
  return {
    ...texts?.get(0),
    ...facts,
    sessions: sessions.map((session) => ({
      ...session,
      tracks: session.tracks.map((track) => ({ ...texts?.get(track.number), ...withoutPieces(track) })),
    })),
    data: stream(streams.data),
    ...(streams.hasRaw ? { raw: stream(streams.raw) } : {}),
    ...(streams.headless.length === 0 ? {} : { headless: stream(streams.headless) }),
    ...(streams.payload.length === 0 ? {} : { payload: stream(streams.payload) }),
    ...(subchannel.length === 0 ? {} : { subchannel: { stream: stream(subchannel), form: subchannelForm } }),
    ...(findings.length === 0 ? {} : { findings }),
  };
}

function withoutPieces(layout: TrackLayout): Track {
  const track: Track & { pieces?: unknown } = { ...layout };
  delete track.pieces;
  return track;
}

/** Puts the segments of the streams together, track after track. */
class StreamBuilder {
  readonly data: Segment[] = [];
  readonly raw: Segment[] = [];
  readonly headless: Segment[] = [];
  readonly payload: Segment[] = [];
  readonly subchannel: Segment[] = [];
  readonly findings: Finding[] = [];
  /** Any sector has all its bytes. */
  hasRaw = false;
  readonly #layout: DiscLayout;
  /** Files that were found too short. */
  readonly #short = new Set<number>();
  /** Sectors of pauses that no file holds. */
  #made = 0;
  /** Address behind the last sector. */
  #end = Number.NEGATIVE_INFINITY;

  constructor(layout: DiscLayout) {
    this.#layout = layout;
  }

  addTrack(track: TrackLayout): void {
    const { name } = this.#layout;
    let at = track.start - (track.pregap ?? 0);
    const end = track.start + track.length;
    if (at < this.#end || track.start < 0 || end > MAX_SECTORS) {
      const isEarly = at < this.#end || track.start < 0;
      const first = at < this.#end ? at : track.start;
      const found = `track ${track.number} begins at sector ${first} and ends at ${end}`;
      const wanted = isEarly
        ? `a track from sector ${Math.max(0, this.#end)} on`
        : `an end at sector ${MAX_SECTORS} or before`;
      throw new IsodriveError('damaged', `Cannot open "${name}": ${found}, expected ${wanted}`, {
        at: { source: name },
      });
    }
    this.#end = end;
    for (const { sectors, stored } of track.pieces) {
      this.#addPiece(track, at, Math.min(sectors, end - at), stored);
      at += sectors;
    }
  }

  #addPiece(track: TrackLayout, start: number, sectors: number, stored: SectorPiece['stored']): void {
    // What stands before logical block 0 has no place in a stream.
    const cut = Math.min(sectors, Math.max(0, -start));
    const [first, count] = [start + cut, sectors - cut];
    if (count <= 0) return;
    if (typeof stored === 'string') {
      if (stored === 'zeros') this.#countMade(count);
      this.#addGap(track, first, count, stored);
      return;
    }
    const { base, sector } = stored;
    const offset = stored.offset + cut * sector.bytes;
    const { size } = this.#layout.bases[base]!;
    const held = Math.max(0, Math.min(size, stored.end ?? size) - offset);
    const whole = Math.min(count, Math.floor(held / sector.bytes));
    if (whole > 0) this.#addRun({ base, offset, start: first, sectors: whole }, sector);
    if (stored.beside !== undefined) this.#addBeside(stored.beside, first, cut, whole);
    if (whole === count) return;
    const run = { base, offset: offset + whole * sector.bytes, start: first + whole, sectors: 1 };
    const rest = held - whole * sector.bytes;
    const isPadded = stored.end !== undefined && track.mode === 'audio' && rest > 0;
    if (isPadded) this.#addPadded(run, sector, Math.min(rest - (rest % 2), RAW_SECTOR_SIZE));
    const done = whole + (isPadded ? 1 : 0);
    if (done === count) return;
    this.#reportShort(base, offset + count * sector.bytes);
    this.#addGap(track, first + done, count - done, 'absent');
  }

  /** Some 90 bytes of a sheet may ask for pauses without end, and whoever copies them writes each. */
  #countMade(sectors: number): void {
    this.#made += sectors;
    if (this.#made <= MAX_MADE_SECTORS) return;
    const { name } = this.#layout;
    const found = `its sheet asks for pauses of ${this.#made} sectors that no file holds`;
    throw new IsodriveError(
      'damaged',
      `Cannot open "${name}": ${found}, expected at most ${MAX_MADE_SECTORS}`,
      {
        at: { source: name },
      },
    );
  }

  /** A sector of sound of which so many bytes are stored, in whole pairs; the rest is silence. */
  #addPadded(run: StoredRun, sector: StoredSector, held: number): void {
    const { start, length } = absent(run, RAW_SECTOR_SIZE);
    append(this.data, absent(run, SECTOR_SIZE));
    if (held > 0)
      append(this.raw, { ...rawSegment(run, sector), length: held, unit: RUN_UNIT, stride: RUN_UNIT });
    if (held < length) append(this.raw, { kind: 'zeros', start: start + held, length: length - held });
    this.hasRaw = true;
  }

  #addRun(run: StoredRun, sector: StoredSector): void {
    append(this.data, sector.data === undefined ? absent(run, SECTOR_SIZE) : dataSegment(run, sector));
    this.hasRaw ||= sector.isRaw;
    append(this.raw, sector.isRaw ? rawSegment(run, sector) : absent(run, RAW_SECTOR_SIZE));
    if (sector.headless !== undefined) append(this.headless, headlessSegment(run, sector));
    if (sector.payload !== undefined) append(this.payload, payloadSegment(run, sector));
    if (sector.subchannel !== undefined) append(this.subchannel, subchannelSegment(run, sector));
  }

  /** `cut`: sectors of the piece that have no place in a stream. */
  #addBeside(
    { base, offset }: NonNullable<StoredPiece['beside']>,
    start: number,
    cut: number,
    wanted: number,
  ): void {
    const from = offset + cut * SUBCHANNEL_BYTES;
    const held = Math.floor((this.#layout.bases[base]!.size - from) / SUBCHANNEL_BYTES);
    const sectors = Math.min(wanted, held);
    const sector = { bytes: SUBCHANNEL_BYTES, data: undefined, isRaw: false };
    if (sectors > 0)
      append(this.subchannel, subchannelSegment({ base, offset: from, start, sectors }, sector));
  }

  #addGap({ mode }: TrackLayout, start: number, sectors: number, kind: 'zeros' | 'absent'): void {
    const isSound = mode === 'audio';
    const place = { start, sectors };
    append(this.data, { ...absent(place, SECTOR_SIZE), kind: isSound ? 'absent' : kind });
    // An empty sector of data is more than zeros: it has a header and codes.
    append(this.raw, { ...absent(place, RAW_SECTOR_SIZE), kind: isSound ? kind : 'absent' });
  }

  #reportShort(base: number, wanted: number): void {
    if (this.#short.has(base)) return;
    this.#short.add(base);
    const { name, size } = this.#layout.bases[base]!;
    this.findings.push({
      code: 'short-image-file',
      severity: 'damage',
      message: `File "${name}" ends at byte ${size}, expected ${countBytes(wanted)} or more: what is missing cannot be read`,
      at: { source: name, offset: size },
    });
  }
}

function absent(
  { start, sectors }: Pick<StoredRun, 'start' | 'sectors'>,
  unit: number,
): { kind: 'absent'; start: number; length: number } {
  return { kind: 'absent', start: start * unit, length: sectors * unit };
}

/** Adds a segment, and says of the bytes before it that no segment holds that they are absent. */
function append(segments: Segment[], segment: Segment): void {
  const last = segments.at(-1);
  const end = last === undefined ? 0 : last.start + last.length;
  if (segment.start > end) {
    if (last?.kind === 'absent')
      segments[segments.length - 1] = { ...last, length: segment.start - last.start };
    else segments.push({ kind: 'absent', start: end, length: segment.start - end });
  }
  segments.push(segment);
}
