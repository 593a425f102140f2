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

export interface SectorForm {
  readonly mode: TrackMode;
  /** Without subchannels. */
  readonly bytes: SectorBytes;
  readonly subchannelBytes: 0 | 16 | 96;
}

/** A track as a descriptor declares it. */
export interface DeclaredTrack extends Omit<Track, 'mode' | 'pregap'> {
  readonly form: SectorForm;
  /** Sectors of the pause before it. */
  readonly pregap: number;
  /** Those of them, the last ones, that are in the file. */
  readonly storedPregap: number;
  /** Number of its file in `bases`; undefined where that file is not there. */
  readonly base: number | undefined;
  /** Byte of its first sector, behind the pause. */
  readonly offset: number;
}

const SIZES: readonly SectorBytes[] = [2048, 2324, 2328, 2332, 2336, 2352];
const MODE_TITLES = { audio: 'sound', mode1: 'mode 1', mode2: 'mode 2', xa: 'mode 2 (CD-ROM XA)' } as const;

/** Bytes of a sector parted in those of its own and those of its subchannels; undefined for what is no such size. */
export function partSectorBytes(total: number): Pick<SectorForm, 'bytes' | 'subchannelBytes'> | undefined {
  for (const subchannelBytes of [0, 16, 96] as const) {
    const bytes = SIZES.find((one) => one + subchannelBytes === total);
    if (bytes !== undefined) return { bytes, subchannelBytes };
  }
  return undefined;
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
    const { bytes, subchannelBytes } = track.form;
    const subchannels = subchannelBytes === 0 ? '' : ` and ${subchannelBytes} of subchannels`;
    forms.add(`${countBytes(bytes)}${subchannels}, ${MODE_TITLES[mode]}`);
    tracks.push(layout);
  }
  return { tracks, findings, storage: `sectors of ${[...forms].join('; ')}` };
}

async function chooseMode(
  name: string,
  { number, form, base, offset, length }: DeclaredTrack,
  bases: readonly ByteSource[],
  findings: Finding[],
  signal: AbortSignal | undefined,
): Promise<TrackMode> {
  const { mode, bytes, subchannelBytes } = form;
  if (base === undefined) return mode;
  const run = { offset, sectors: length, bytes, stride: bytes + subchannelBytes };
  const seen = await seeMode(bases[base]!, run, signal);
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
  const { form, pregap: wanted, storedPregap, base, offset, ...facts } = declared;
  const { start, length } = facts;
  // Programs write a pause that the track before has no room for.
  const pregap = Math.max(0, Math.min(wanted, start - previousEnd));
  const inFile = Math.min(pregap, storedPregap);
  const sector = storedSector(mode, form.bytes, form.subchannelBytes);
  const stored: SectorPiece['stored'] =
    base === undefined ? 'absent' : { base, offset: offset - inFile * sector.bytes, sector };
  const pieces: SectorPiece[] = [
    { sectors: pregap - inFile, stored: 'zeros' as const },
    { sectors: inFile + length, stored },
  ].filter(({ sectors }) => sectors > 0);
  return { ...facts, mode, ...(pregap > 0 ? { pregap } : {}), pieces };
}
