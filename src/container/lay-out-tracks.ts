// Lays the tracks of a binary descriptor out: all such formats (nrg, mds, cdi, b6t) say of a track where its first
// sector lies in a file, how many there are, and how long the pause before it is.
import { countBytes } from '../base/byte-count.js';
import { IsodriveError } from '../base/error.js';
import type { Finding } from '../base/finding.js';
import type { Track, TrackMode } from '../disc/disc.js';
import type { ByteSource } from '../source/byte-source.js';
import { MAX_TRACKS } from './build-disc.js';
import type { SectorPiece, TrackLayout } from './build-disc.js';
import { seeMode } from './look-at-track.js';
import { storedSector } from './stored-sector.js';
import type { SectorBytes } from './stored-sector.js';

/** How many bytes of a sector are stored. */
export interface SectorSizes {
  /** Without subchannels. */
  readonly bytes: SectorBytes;
  readonly subchannelBytes: 0 | 16 | 96;
}

export interface SectorForm extends SectorSizes {
  readonly mode: TrackMode;
}

/** Sectors of a track that lie one behind the other in a file. */
export interface DeclaredRun extends SectorSizes {
  /** Logical block address of the first. */
  readonly start: number;
  readonly sectors: number;
  /** Number of the file in `bases`; undefined where that file is not there. */
  readonly base: number | undefined;
  /** Byte of the first. */
  readonly offset: number;
}

/** A track as a descriptor declares it. */
export interface DeclaredTrack extends Omit<Track, 'pregap'> {
  /** Sectors of the pause before it. */
  readonly pregap: number;
  /** In the order of their addresses, without overlaps. What they lack of the pause is empty, of the rest absent. */
  readonly runs: readonly DeclaredRun[];
}

const SIZES: readonly SectorBytes[] = [2048, 2324, 2328, 2332, 2336, 2352];
const MODE_TITLES = { audio: 'sound', mode1: 'mode 1', mode2: 'mode 2', xa: 'mode 2 (CD-ROM XA)' } as const;

/** Bytes of a sector parted in those of its own and those of its subchannels; undefined for what is no such size. */
export function partSectorBytes(total: number): SectorSizes | undefined {
  for (const subchannelBytes of [0, 16, 96] as const) {
    const bytes = SIZES.find((one) => one + subchannelBytes === total);
    if (bytes !== undefined) return { bytes, subchannelBytes };
  }
  return undefined;
}

/** Bytes from a sector to the next. */
export function strideOf({ bytes, subchannelBytes }: SectorSizes): number {
  return bytes + subchannelBytes;
}

export interface LaidOutTracks {
  /** In the order of the declared ones. */
  readonly tracks: readonly TrackLayout[];
  readonly findings: readonly Finding[];
  /** How the sectors are stored, for people. */
  readonly storage: string;
}

/**
 * `name`: of the image, for messages; the tracks are in the order of the disc. Modes are those of the sectors where a
 * look at them tells. Rejects with `damaged` for more tracks than a CD has, and as ByteSource.read does.
 */
export async function layOutTracks(
  name: string,
  declared: readonly DeclaredTrack[],
  bases: readonly ByteSource[],
  signal?: AbortSignal,
): Promise<LaidOutTracks> {
  if (declared.length > MAX_TRACKS) {
    const found = `found ${declared.length} tracks, expected ${MAX_TRACKS} at most`;
    throw new IsodriveError('damaged', `Cannot open "${name}": ${found}`, { at: { source: name } });
  }
  const tracks: TrackLayout[] = [];
  const findings: Finding[] = [];
  const forms = new Set<string>();
  let end = Number.NEGATIVE_INFINITY;
  for (const track of declared) {
    const mode = await chooseMode(name, track, bases, findings, signal);
    const layout = layOutTrack(track, mode, end);
    end = layout.start + layout.length;
    for (const { bytes, subchannelBytes } of track.runs) {
      const subchannels = subchannelBytes === 0 ? '' : ` and ${subchannelBytes} of subchannels`;
      forms.add(`${countBytes(bytes)}${subchannels}, ${MODE_TITLES[mode]}`);
    }
    tracks.push(layout);
  }
  return { tracks, findings, storage: `sectors of ${[...forms].join('; ')}` };
}

async function chooseMode(
  name: string,
  { number, mode, start, length, runs }: DeclaredTrack,
  bases: readonly ByteSource[],
  findings: Finding[],
  signal: AbortSignal | undefined,
): Promise<TrackMode> {
  const run = runs.find((one) => one.start <= start && start < one.start + one.sectors);
  if (run?.base === undefined) return mode;
  const [stride, before] = [strideOf(run), start - run.start];
  const sectors = Math.min(length, run.sectors - before);
  const place = { offset: run.offset + before * stride, sectors, bytes: run.bytes, stride };
  const seen = await seeMode(bases[run.base]!, place, signal);
  if (seen === undefined || seen === mode) return mode;
  // Formats that know one mode 2 say nothing of its forms.
  if ([seen, mode].every((one) => one === 'mode2' || one === 'xa')) return seen;
  findings.push({
    code: 'wrong-track-mode',
    severity: 'warning',
    message: `Track ${number} is declared to be ${MODE_TITLES[mode]}, but its sectors are ${MODE_TITLES[seen]}: read as those`,
    at: { source: name },
  });
  return seen;
}

function layOutTrack(declared: DeclaredTrack, mode: TrackMode, previousEnd: number): TrackLayout {
  const { pregap: wanted, runs, ...facts } = declared;
  const { start, length } = facts;
  // Programs write a pause that the track before has no room for.
  const pregap = Math.max(0, Math.min(wanted, start - previousEnd));
  const end = start + length;
  const pieces: SectorPiece[] = [];
  let at = start - pregap;
  const fillUpTo = (to: number): void => {
    const pause = Math.min(to, start) - at;
    if (pause > 0) pieces.push({ sectors: pause, stored: 'zeros' });
    const rest = to - Math.max(at, start);
    if (rest > 0) pieces.push({ sectors: rest, stored: 'absent' });
    at = Math.max(at, to);
  };
  for (const run of runs) {
    const from = Math.max(at, run.start);
    const sectors = Math.min(end, run.start + run.sectors) - from;
    if (sectors <= 0) continue;
    fillUpTo(from);
    const sector = storedSector(mode, run.bytes, run.subchannelBytes);
    const offset = run.offset + (from - run.start) * sector.bytes;
    const stored = run.base === undefined ? ('absent' as const) : { base: run.base, offset, sector };
    pieces.push({ sectors, stored });
    at = from + sectors;
  }
  fillUpTo(end);
  return { ...facts, mode, ...(pregap > 0 ? { pregap } : {}), pieces };
}
