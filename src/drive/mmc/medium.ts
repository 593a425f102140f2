// The disc in the drive: a Disc as one range of logical blocks, and the questions that commands ask of it.
import { firstWhere } from '../../base/binary-search.js';
import { toIsodriveError } from '../../base/error.js';
import type { Disc, Session, Track } from '../../disc/disc.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import { completeRaw } from '../../disc/made-sectors.js';
import type { PlanStream } from '../../disc/plan-stream.js';
import type { DataStream } from '../../disc/data-stream.js';
import type { ImageRange } from '../image-message.js';
import { readSectors } from '../read-sectors.js';
import type { Profile } from './profile.js';
import { profileOf } from './profile.js';
import {
  BLOCK_OUT_OF_RANGE,
  CheckCondition,
  ILLEGAL_MODE_FOR_TRACK,
  UNRECOVERED_READ_ERROR,
} from './sense.js';

export interface MediumTrack extends Track {
  /** Number of its session. */
  readonly session: number;
}

export interface MediumSession extends Session {
  /** In order; at least one. */
  readonly tracks: readonly MediumTrack[];
  readonly leadOut: number;
}

/** Blocks that belong to one track, its pause among them, or lie between two sessions. */
export interface Region {
  readonly start: number;
  /** The block behind the last one. */
  readonly end: number;
  /** Undefined between sessions: lead-out and lead-in, which no drive reads as blocks. */
  readonly track: MediumTrack | undefined;
}

export class Medium {
  readonly disc: Disc;
  /** In order; those without tracks are left out. */
  readonly sessions: readonly MediumSession[];
  /** In order; at least one. */
  readonly tracks: readonly MediumTrack[];
  /** Logical blocks, from 0 to the lead-out of the last session. */
  readonly blocks: number;
  readonly profile: Profile;
  /** In order, without gaps, from block 0 on. */
  readonly #regions: readonly Region[];
  #wholeSectors: { readonly stream: PlanStream | undefined } | undefined;
  #holders = 0;
  readonly #waiting: (() => void)[] = [];

  /** Throws RangeError for a disc without tracks. The medium does not own the disc. */
  constructor(disc: Disc) {
    this.disc = disc;
    this.sessions = disc.sessions.filter(({ tracks }) => tracks.length > 0).map(toMediumSession);
    this.tracks = this.sessions.flatMap(({ tracks }) => tracks);
    const last = this.sessions.at(-1);
    if (last === undefined) throw new RangeError('Disc has no track, expected at least one');
    this.blocks = last.leadOut;
    this.#regions = divide(this.sessions);
    this.profile = profileOf(disc, this.blocks);
  }

  /** Somebody reads it until the function that this gives is called, once. */
  hold(): () => void {
    this.#holders += 1;
    return () => {
      this.#holders -= 1;
      if (this.#holders === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    };
  }

  /** Resolves when nobody holds it, so that its disc can be closed. */
  async whenFree(): Promise<void> {
    if (this.#holders > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  get firstTrack(): MediumTrack {
    return this.tracks[0]!;
  }

  get lastTrack(): MediumTrack {
    return this.tracks.at(-1)!;
  }

  get lastSession(): MediumSession {
    return this.sessions.at(-1)!;
  }

  /** All whole sectors, those that are made among them; undefined where nothing has any. */
  get wholeSectors(): PlanStream | undefined {
    this.#wholeSectors ??= { stream: completeRaw(this.disc) };
    return this.#wholeSectors.stream;
  }

  /** Where a block lies; undefined at the end of the disc and behind it. */
  regionAt(block: number): Region | undefined {
    return this.#regions[firstWhere(this.#regions.length, (i) => this.#regions[i]!.end > block)];
  }

  /** The track that a block belongs to; the gap before a track belongs to that track. */
  trackAt(block: number): MediumTrack | undefined {
    return this.regionAt(block)?.track;
  }

  /**
   * The first block from `block` on that is not of such a track as `isWanted` likes, `block + count` at most. Throws
   * ILLEGAL MODE FOR THIS TRACK when it is `block` itself.
   */
  endOfKind(block: number, count: number, isWanted: (track: MediumTrack) => boolean): number {
    let end = block;
    while (end < block + count) {
      const region = this.regionAt(end);
      if (region?.track === undefined || !isWanted(region.track)) break;
      end = Math.min(region.end, block + count);
    }
    if (end === block && count > 0)
      throw new CheckCondition({ ...ILLEGAL_MODE_FOR_TRACK, information: block });
    return end;
  }

  /** Throws BLOCK OUT OF RANGE unless all `count` blocks from `block` on exist; a range of none may lie at the end. */
  checkRange(block: number, count: number): void {
    if (block + count <= this.blocks && block <= this.blocks) return;
    throw new CheckCondition({ ...BLOCK_OUT_OF_RANGE, information: Math.max(block, this.blocks) });
  }

  /** Where the image has these very bytes of the range of blocks; undefined where the image ends within them. */
  locate(position: number, length: number): ImageRange | undefined {
    const reader = this.disc.data;
    return position + length <= reader.size ? { reader, position } : undefined;
  }

  /**
   * Fills `target` with user data from byte `position` of the range of blocks on. The end of a last sector that the
   * image cuts off, and of a track that it does not reach, is zeros. Rejects with CheckCondition (UNRECOVERED READ
   * ERROR) or `cancelled`.
   */
  async readBytes(target: Uint8Array, position: number, signal?: AbortSignal): Promise<void> {
    await readOf(this.disc.data, target, position, Math.floor(position / SECTOR_SIZE), signal);
  }
}

/** Fills `target` from a stream of a disc, see Medium.readBytes; `block`: of its first byte. */
export async function readOf(
  stream: DataStream,
  target: Uint8Array,
  position: number,
  block: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    const got = await readSectors(stream, target, position, signal);
    target.fill(0, got);
  } catch (thrown) {
    if (toIsodriveError(thrown).code === 'cancelled') throw thrown;
    throw new CheckCondition({ ...UNRECOVERED_READ_ERROR, information: block });
  }
}

function toMediumSession(session: Session): MediumSession {
  const tracks = session.tracks.map((track) => ({ ...track, session: session.number }));
  const last = tracks.at(-1)!;
  return { ...session, tracks, leadOut: Math.max(session.leadOut ?? 0, last.start + last.length) };
}

function divide(sessions: readonly MediumSession[]): Region[] {
  const regions: Region[] = [];
  let at = 0;
  const add = (end: number, track: MediumTrack | undefined): void => {
    if (end > at) regions.push({ start: at, end, track });
    at = Math.max(at, end);
  };
  for (const [i, { tracks, leadOut }] of sessions.entries()) {
    // Of the first session's lead-in no block has an address.
    if (i > 0) add(tracks[0]!.start - (tracks[0]!.pregap ?? 0), undefined);
    for (const track of tracks) add(track.start + track.length, track);
    add(leadOut, tracks.at(-1));
  }
  return regions;
}
