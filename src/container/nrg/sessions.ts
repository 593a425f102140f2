// Where the tracks of an image of Nero are on the disc: cue sheets say it of discs at once, and of tracks at once what
// stands before them.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import { FRAMES_PER_MINUTE, FRAMES_PER_SECOND, LEAD_FRAMES } from '../../disc/sector-address.js';
import type { SessionKind } from '../../disc/disc.js';
import { partSectorBytes, strideOf } from '../lay-out-tracks.js';
import type { DeclaredRun, DeclaredTrack, SectorForm, SectorSizes } from '../lay-out-tracks.js';
import { sessionGap } from '../session-gap.js';
import { fromBcd, parseIsrc, trackFlags } from '../track-codes.js';
import type { NrgCue, NrgFacts, NrgGroup, NrgTrack } from './parse.js';

export interface NrgSession {
  readonly tracks: readonly DeclaredTrack[];
  readonly kind?: SessionKind;
  readonly leadOut?: number;
}

const LEAD_OUT = 0xaa;
const FORMS: Readonly<Record<number, SectorForm>> = {
  0x00: { mode: 'mode1', bytes: 2048, subchannelBytes: 0 },
  0x02: { mode: 'xa', bytes: 2048, subchannelBytes: 0 },
  0x03: { mode: 'xa', bytes: 2336, subchannelBytes: 0 },
  0x05: { mode: 'mode1', bytes: 2352, subchannelBytes: 0 },
  0x06: { mode: 'xa', bytes: 2352, subchannelBytes: 0 },
  0x07: { mode: 'audio', bytes: 2352, subchannelBytes: 0 },
  0x08: { mode: 'audio', bytes: 2352, subchannelBytes: 0 },
  0x0f: { mode: 'mode1', bytes: 2352, subchannelBytes: 96 },
  0x10: { mode: 'audio', bytes: 2352, subchannelBytes: 96 },
  0x11: { mode: 'xa', bytes: 2352, subchannelBytes: 96 },
};
const DISC_TYPES: Readonly<Record<number, SessionKind>> = { 0x00: 'cd-rom', 0x10: 'cd-i', 0x20: 'xa' };

/** Throws `damaged` for a track that ends before it begins, or whose sectors are of no known size. */
export function placeSessions(facts: NrgFacts, name: string): NrgSession[] {
  const toBlock = facts.isOld ? chooseTime(facts) : (place: number): number => place | 0;
  const placer = new TrackPlacer(collectPlaces(facts, toBlock), name);
  const groups = facts.groups.map((group, i) => {
    const kind = group.discType === undefined ? undefined : DISC_TYPES[group.discType];
    return { tracks: placer.placeGroup(group, sessionGap(i)), ...(kind === undefined ? {} : { kind }) };
  });
  const sessions = groups.length === 1 ? splitSession(groups[0]!, facts.sessionSizes) : groups;
  const leadOuts = facts.cueSheets.flat().filter(({ track }) => track === LEAD_OUT);
  if (leadOuts.length !== sessions.length) return sessions;
  return sessions.map((session, i) => ({ ...session, leadOut: toBlock(leadOuts[i]!.place) }));
}

/** A list of tracks of all sessions, as some programs write it, parted by the numbers of tracks. */
function splitSession(all: NrgSession, sizes: readonly number[]): NrgSession[] {
  const { tracks } = all;
  const isParted = sizes.length > 1 && sizes.reduce((sum, size) => sum + size, 0) === tracks.length;
  if (!isParted) return [all];
  let first = 0;
  return sizes.map((size) => ({ ...all, tracks: tracks.slice(first, (first += size)) }));
}

interface TrackPlaces {
  readonly control: number;
  /** Index -> logical block address. */
  readonly indexes: Map<number, number>;
}

function collectPlaces(
  { cueSheets }: NrgFacts,
  toBlock: (place: number) => number,
): ReadonlyMap<number, TrackPlaces> {
  const places = new Map<number, TrackPlaces>();
  for (const cue of cueSheets.flat()) {
    const [track, index] = [fromBcd(cue.track), fromBcd(cue.index)];
    if (track === undefined || track === 0 || index === undefined) continue;
    let found = places.get(track);
    if (found === undefined) {
      found = { control: cue.control, indexes: new Map<number, number>() };
      places.set(track, found);
    }
    found.indexes.set(index, toBlock(cue.place));
  }
  return places;
}

class TrackPlacer {
  readonly #places: ReadonlyMap<number, TrackPlaces>;
  readonly #name: string;
  #number = 0;
  /** Address behind the last track. */
  #end = 0;

  constructor(places: ReadonlyMap<number, TrackPlaces>, name: string) {
    this.#places = places;
    this.#name = name;
  }

  /** `sessionGap`: from the end of the session before it. */
  placeGroup({ kind, tracks, blocks }: NrgGroup, sessionGap: number): DeclaredTrack[] {
    return tracks.map((track, i) => {
      this.#number += 1;
      const gap = i === 0 ? sessionGap : 0;
      const placed = kind === 'dao' ? this.#placeDao(track, gap) : this.#placeTao(track, blocks[i]!, gap);
      this.#end = placed.start + placed.length;
      return placed;
    });
  }

  #placeDao(track: NrgTrack, gap: number): DeclaredTrack {
    const number = this.#number;
    const { mode, ...sizes } = this.#formOf(track);
    const storedPregap = this.#countSectors(track.pause, track.start, sizes);
    const length = this.#countSectors(track.start, track.end, sizes);
    const { control, indexes } = this.#places.get(number) ?? { control: undefined, indexes: undefined };
    const least =
      number === 1 ? Math.max(0, storedPregap - LEAD_FRAMES) : this.#end + Math.max(gap, storedPregap);
    const start = indexes?.get(1) ?? least;
    const pause = indexes?.get(0);
    const isrc = parseIsrc(track.isrc);
    const further = [...(indexes ?? [])].filter(
      ([index, at]) => index > 1 && at > start && at < start + length,
    );
    return {
      ...{ number, mode, start, length },
      runs: [runBehind(start, length, storedPregap, track.start, sizes)],
      pregap: pause === undefined ? storedPregap : Math.max(0, start - pause),
      ...(control === undefined ? {} : trackFlags(control)),
      ...(isrc === undefined ? {} : { isrc }),
      ...(further.length === 0 ? {} : { indexes: further.map(([, at]) => at).sort((a, b) => a - b) }),
    };
  }

  /** Some programs count the pauses in the block that they say, some do not: none begins within the track before. */
  #placeTao(track: NrgTrack, block: number, gap: number): DeclaredTrack {
    const { mode, ...sizes } = this.#formOf(track);
    const length = this.#countSectors(track.start, track.end, sizes);
    const isFirst = this.#number === 1;
    const least = isFirst ? 0 : this.#end + Math.max(gap, LEAD_FRAMES);
    const start = isFirst ? 0 : Math.max(least, block);
    const runs = [runBehind(start, length, 0, track.start, sizes)];
    return { number: this.#number, mode, start, length, pregap: LEAD_FRAMES, runs };
  }

  /** The size of sectors is right where it contradicts the mode: offsets count in it. */
  #formOf({ mode, sectorBytes }: NrgTrack): SectorForm {
    const form = FORMS[mode];
    if (sectorBytes === undefined || sectorBytes === 0) {
      if (form !== undefined) return form;
      throw this.#damaged(`its mode is ${mode}`, 'one of 0, 2, 3, 5 to 8 and 15 to 17');
    }
    const sizes = partSectorBytes(sectorBytes);
    if (sizes === undefined)
      throw this.#damaged(`its sectors have ${countBytes(sectorBytes)}`, '2048 to 2448');
    const isSound = form?.mode === 'audio' && sizes.bytes === 2352;
    return {
      ...sizes,
      mode: isSound ? 'audio' : form === undefined || form.mode === 'audio' ? 'mode1' : form.mode,
    };
  }

  #countSectors(from: number, to: number, sizes: SectorSizes): number {
    if (to >= from) return Math.floor((to - from) / strideOf(sizes));
    throw this.#damaged(`it ends at byte ${to}`, `an end behind byte ${from}`);
  }

  #damaged(found: string, wanted: string): IsodriveError {
    const message = `Cannot open "${this.#name}": track ${this.#number} is damaged: ${found}, expected ${wanted}`;
    return new IsodriveError('damaged', message, { at: { source: this.#name } });
  }
}

/** The sectors of a track and of so much of the pause before it; `offset`: byte of the first behind the pause. */
function runBehind(
  start: number,
  length: number,
  pause: number,
  offset: number,
  sizes: SectorSizes,
): DeclaredRun {
  const place = { start: start - pause, sectors: pause + length, offset: offset - pause * strideOf(sizes) };
  return { ...sizes, ...place, base: 0 };
}

type ToBlock = (place: number) => number;

/** Minutes, seconds and frames are decimal digits in some images and numbers in others. */
const fromDigits: ToBlock = (place) =>
  toBlock([place >> 16, place >> 8, place].map((byte) => fromBcd(byte & 0xff) ?? 0xff));
const fromNumbers: ToBlock = (place) => toBlock([place >> 16, place >> 8, place].map((byte) => byte & 0xff));

function toBlock([minute, second, frame]: readonly number[]): number {
  return minute! * FRAMES_PER_MINUTE + second! * FRAMES_PER_SECOND + frame! - LEAD_FRAMES;
}

/** The reading by which more tracks are as long as their bytes in the file. */
function chooseTime(facts: NrgFacts): ToBlock {
  const [digits, numbers] = [fromDigits, fromNumbers].map((one) => countFitting(facts, one));
  return digits! >= numbers! ? fromDigits : fromNumbers;
}

function countFitting({ cueSheets, groups }: NrgFacts, toBlock: ToBlock): number {
  const tracks = groups.flatMap((group) => group.tracks);
  const starts = cueSheets.flat().filter(({ index, track }) => index === 1 && track !== 0);
  return starts.filter((cue, i) => fits(cue, starts[i + 1], tracks[i], tracks[i + 1], toBlock)).length;
}

function fits(
  cue: NrgCue,
  next: NrgCue | undefined,
  track: NrgTrack | undefined,
  nextTrack: NrgTrack | undefined,
  toBlock: ToBlock,
): boolean {
  if (next === undefined || track?.sectorBytes === undefined) return false;
  const end = nextTrack === undefined || next.track === LEAD_OUT ? track.end : nextTrack.start;
  return (toBlock(next.place) - toBlock(cue.place)) * track.sectorBytes === end - track.start;
}
