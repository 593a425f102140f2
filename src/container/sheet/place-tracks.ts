// Gives the tracks of a sheet their addresses on the disc, for sheets that say only what lies in their files.
// docs/design/cd-images.md has the rules.
import type { Finding } from '../../base/finding.js';
import type { Session, Track } from '../../disc/disc.js';
import { LEAD_FRAMES } from '../../disc/sector-address.js';
import type { SectorPiece, SessionLayout, TrackLayout } from '../build-disc.js';
import { sessionGap } from '../session-gap.js';

/** Behind what is no session's end: less than between any two of them, which a pause may make shorter. */
const MAX_PAUSE = sessionGap(2) - 2 * LEAD_FRAMES;
/** Where the second area of a GD-ROM begins. */
export const HIGH_DENSITY_START = 45_000;

export interface UnplacedTrack extends Omit<Track, 'start' | 'length' | 'pregap' | 'indexes'> {
  /** Number of its session as the sheet counts. */
  readonly session: number;
  /** It begins the second area of a GD-ROM. */
  readonly isHighDensity?: boolean;
  /** Sectors of its pause that no file holds. */
  readonly addedPause: number;
  /** Sectors of its pause that are stored. */
  readonly pause: readonly SectorPiece[];
  /** From index 1 on. */
  readonly body: readonly SectorPiece[];
  /** Sectors from index 1 to index 2 and those behind it. */
  readonly indexes: readonly number[];
  /** Empty sectors behind it that no file holds. */
  readonly postgap: number;
  /** Where its first sector says that it is. */
  readonly block?: number | undefined;
}

/** What a sheet says of a session beside its tracks. */
export interface SessionFacts extends Pick<Session, 'kind'> {
  /** Where its lead-out begins. */
  readonly leadOut?: number;
  /** Sectors from there to index 1 of the first track of the next; those of the standard where absent. */
  readonly gap?: number;
}

export interface PlacedTracks {
  readonly sessions: readonly SessionLayout[];
  readonly findings: readonly Finding[];
}

/** `name`: of the sheet, for messages. `facts`: of sessions by their numbers. */
export function placeTracks(
  name: string,
  tracks: readonly UnplacedTrack[],
  facts: ReadonlyMap<number, SessionFacts> = new Map(),
): PlacedTracks {
  const placer = new Placer(name, facts);
  for (const track of tracks) placer.add(track);
  return placer;
}

class Placer implements PlacedTracks {
  readonly sessions: (SessionLayout & { tracks: TrackLayout[] })[] = [];
  readonly findings: Finding[] = [];
  readonly #name: string;
  readonly #facts: ReadonlyMap<number, SessionFacts>;
  /** Number of the last session as the sheet counts; a sheet may count too few. */
  #said = 0;
  /** Address behind the last track. */
  #end = 0;

  constructor(name: string, facts: ReadonlyMap<number, SessionFacts>) {
    this.#name = name;
    this.#facts = facts;
  }

  add(unplaced: UnplacedTrack): void {
    const { session, isHighDensity, addedPause, pause, body, indexes, postgap, ...rest } = unplaced;
    const track: Omit<typeof rest, 'block'> & { block?: unknown } = { ...rest };
    delete track.block;
    const isFirst = this.sessions.length === 0;
    const isSaid = session !== this.#said;
    const pregap = addedPause + countSectors(pause);
    const said = this.#saidStart(unplaced, pregap, isFirst, isSaid);
    const start = this.#checkedStart(unplaced, said, isFirst);
    const isNew = isSaid || isHighDensity === true || start - this.#end > MAX_PAUSE;
    if (isFirst || isNew) this.#openSession(session, isFirst || isSaid);
    if (!isFirst && !isSaid && isNew && isHighDensity !== true) this.#reportSession(track.number, start);
    const length = countSectors(body) + postgap;
    const pieces = [added(addedPause), ...pause, ...body, added(postgap)].filter(
      ({ sectors }) => sectors > 0,
    );
    this.sessions.at(-1)!.tracks.push({
      ...track,
      start,
      length,
      ...(pregap > 0 ? { pregap } : {}),
      ...(indexes.length > 0 ? { indexes: indexes.map((sectors) => start + sectors) } : {}),
      pieces,
    });
    this.#end = start + length;
  }

  #saidStart(
    { mode, isHighDensity, addedPause, pause }: UnplacedTrack,
    pregap: number,
    isFirst: boolean,
    isSaid: boolean,
  ): number {
    // Block 0 follows a pause of two seconds, which PREGAP of the first track counts in.
    if (isFirst) return mode === 'audio' ? countSectors(pause) + Math.max(0, addedPause - LEAD_FRAMES) : 0;
    if (isHighDensity === true && this.#end + pregap <= HIGH_DENSITY_START) return HIGH_DENSITY_START;
    if (!isSaid) return this.#end + pregap;
    const { leadOut = this.#end, gap } = this.#facts.get(this.#said) ?? {};
    return Math.max(this.#end, leadOut) + Math.max(pregap, gap ?? sessionGap(this.sessions.length));
  }

  /** What a track's sectors say is right, where they can be there. */
  #checkedStart({ number, block }: UnplacedTrack, said: number, isFirst: boolean): number {
    if (block === undefined || block === said) return said;
    if (block > said || (isFirst && block >= 0)) return block;
    this.#report(
      'track-address-mismatch',
      'warning',
      `Sectors of track ${number} say that it begins at sector ${block}, expected ${said} behind the tracks before it`,
    );
    return said;
  }

  #openSession(number: number, isSaid: boolean): void {
    const { kind, leadOut } = (isSaid ? this.#facts.get(number) : undefined) ?? {};
    this.sessions.push({
      number: this.sessions.length + 1,
      tracks: [],
      ...(kind === undefined ? {} : { kind }),
      ...(leadOut === undefined ? {} : { leadOut }),
    });
    this.#said = number;
  }

  #reportSession(track: number, start: number): void {
    this.#report(
      'unsaid-session',
      'note',
      `Sectors of track ${track} say that it begins at sector ${start}, far behind the track before it: ` +
        `it is taken for the first of session ${this.sessions.length}, of which the sheet says nothing`,
    );
  }

  #report(code: string, severity: Finding['severity'], message: string): void {
    this.findings.push({ code, severity, message, at: { source: this.#name } });
  }
}

function added(sectors: number): SectorPiece {
  return { sectors, stored: 'zeros' };
}

function countSectors(pieces: readonly SectorPiece[]): number {
  return pieces.reduce((sum, { sectors }) => sum + sectors, 0);
}
