// The disc that a cue sheet describes: where each part of each track lies in the files, before tracks get addresses.
import type { Finding } from '../../base/finding.js';
import type { SectorPiece } from '../build-disc.js';
import { seeMode } from '../look-at-track.js';
import { findSoundPlace, findWholePlace } from '../sheet/data-place.js';
import type { DataPlace } from '../sheet/data-place.js';
import { findBlock } from '../sheet/data-block.js';
import type { UnplacedTrack } from '../sheet/place-tracks.js';
import type { SheetFiles } from '../sheet/sheet-files.js';
import { storedSector } from '../stored-sector.js';
import type { SectorBytes, StoredSector } from '../stored-sector.js';
import type { TrackMode } from '../../disc/disc.js';
import { UNTOLD } from './parse.js';
import type { CueFile, CueIndex, CueSheet, CueTrack } from './parse.js';

/** A part of a track from one index to the next. */
interface Part {
  readonly track: CueTrack;
  readonly index: CueIndex;
  readonly sectors: number;
  readonly place: DataPlace;
  /** Byte of its first sector. */
  readonly offset: number;
}

/** The tracks of a sheet, whose files are open, and where they lie in these. */
export async function layOutTracks(
  sheet: CueSheet,
  files: SheetFiles,
  signal?: AbortSignal,
): Promise<UnplacedTrack[]> {
  const places: DataPlace[] = [];
  for (const file of sheet.files) places.push(await findPlace(file, files, signal));
  const parts = measure(sheet.tracks, places, files);
  const tracks: UnplacedTrack[] = [];
  for (const track of sheet.tracks) {
    const own = parts.filter((part) => part.track === track);
    tracks.push(await layOut(track, own, files, signal));
  }
  return tracks;
}

function findPlace(
  { name, type }: CueFile,
  files: SheetFiles,
  signal: AbortSignal | undefined,
): Promise<DataPlace> {
  if (type !== 'BINARY' && type !== 'MOTOROLA') return findSoundPlace(name, files, signal);
  return Promise.resolve(findWholePlace(name, type === 'MOTOROLA', files));
}

/** Parts that follow each other in a file end where the next begins, the last at the end of the file. */
function measure(tracks: readonly CueTrack[], places: readonly DataPlace[], files: SheetFiles): Part[] {
  const all = tracks.flatMap((track, i) =>
    withHiddenStart(track, i === 0).map((index) => ({ track, index })),
  );
  const parts: Part[] = [];
  let last: { readonly file: number; readonly frame: number; readonly byte: number; readonly bytes: number };
  last = { file: -1, frame: 0, byte: 0, bytes: 0 };
  for (const [i, { track, index }] of all.entries()) {
    const place = places[index.file]!;
    const { bytes } = track.sector;
    const from = last.file === index.file ? last : { frame: 0, byte: place.start, bytes };
    const offset = from.byte + (index.frame - from.frame) * from.bytes;
    const next = all[i + 1]?.index;
    const isInside = next?.file === index.file;
    const sectors = isInside ? next.frame - index.frame : countToEnd(track, place, offset);
    if (sectors < 0 || (!isInside && offset > place.end && place.base !== undefined))
      files.report(
        'misplaced-index',
        'damage',
        isInside
          ? `Index ${index.number} of track ${track.number} stands behind the index that follows it`
          : `Index ${index.number} of track ${track.number} stands at byte ${offset} of a file, which ends at byte ${place.end}`,
      );
    parts.push({ track, index, place, offset, sectors: Math.max(0, sectors) });
    last = { file: index.file, frame: index.frame, byte: offset, bytes };
  }
  return parts;
}

/** Sound before index 1 of the first track, of which nothing is said, is its pause. */
function withHiddenStart({ indexes, mode }: CueTrack, isFirst: boolean): readonly CueIndex[] {
  const [first] = indexes;
  if (!isFirst || first === undefined || first.number === 0 || first.frame === 0 || mode !== 'audio')
    return indexes;
  return [{ number: 0, file: first.file, frame: 0 }, ...indexes];
}

function countToEnd({ mode, sector }: CueTrack, { end }: DataPlace, offset: number): number {
  const sectors = Math.max(0, end - offset) / sector.bytes;
  // The end of a last sector of sound is silence.
  return mode === 'audio' ? Math.ceil(sectors) : Math.floor(sectors);
}

async function layOut(
  track: CueTrack,
  parts: readonly Part[],
  files: SheetFiles,
  signal: AbortSignal | undefined,
): Promise<UnplacedTrack> {
  const body = parts.filter(({ index }) => index.number > 0);
  const { mode, sector, block } = await tellMode(track, body[0]!, files, signal);
  const toPiece = ({ place, offset, sectors }: Part): SectorPiece => {
    const { base, end, isSound, swap16 } = place;
    if (base === undefined || (isSound && mode !== 'audio')) return { sectors, stored: 'absent' };
    const swapped = swap16 && mode === 'audio' ? { ...sector, swap16 } : sector;
    return { sectors, stored: { base, offset, end, sector: swapped } };
  };
  const { number, session, isHighDensity, pregap, postgap, flags, isrc, title, performer } = track;
  let length = 0;
  const starts = body.map(({ sectors }) => (length += sectors) - sectors);
  return {
    ...{ number, mode, session, isHighDensity, addedPause: pregap, postgap, block },
    pause: parts.filter(({ index }) => index.number === 0).map(toPiece),
    body: body.map(toPiece),
    indexes: starts.slice(1),
    ...(isrc === undefined ? {} : { isrc }),
    ...(title === undefined ? {} : { title }),
    ...(performer === undefined ? {} : { performer }),
    ...(flags.has('PRE') ? { preEmphasis: true } : {}),
    ...(flags.has('DCP') ? { copyPermitted: true } : {}),
    ...(flags.has('4CH') ? { fourChannels: true } : {}),
  };
}

/** What the sectors of a data track are, which sheets tell loosely. */
async function tellMode(
  { number, mode, sector }: CueTrack,
  { place, offset, sectors }: Part,
  files: SheetFiles,
  signal: AbortSignal | undefined,
): Promise<{ mode: TrackMode; sector: StoredSector; block?: number | undefined }> {
  if (mode === 'audio') return { mode, sector };
  const untold = mode === UNTOLD;
  const subchannel = sector.subchannel === undefined ? 0 : 96;
  const bytes = (sector.bytes - subchannel) as SectorBytes;
  const source = place.base === undefined ? undefined : files.bases[place.base];
  const run = { offset, sectors, bytes, stride: sector.bytes };
  const seen = source === undefined ? undefined : await seeMode(source, run, signal);
  const found = seen === undefined || seen === 'audio' ? (untold ? 'xa' : mode) : seen;
  if (untold ? found === 'mode1' : found !== mode) {
    files.report(
      'wrong-track-mode',
      'warning',
      `Track ${number} has mode ${untold ? '2' : '1'} in the sheet, but its sectors say ${found === 'mode1' ? '1' : '2'}`,
    );
  }
  return {
    mode: found,
    sector: untold || found !== mode ? storedSector(found, bytes, subchannel) : sector,
    block: source === undefined ? undefined : await findBlock(source, offset, sector.bytes, signal),
  };
}

/** What the sheet says that is not understood, as one finding. */
export function reportStrangeLines({ strange }: CueSheet, name: string): Finding[] {
  if (strange.length === 0) return [];
  const message = `Cue sheet says what is not known here, which was passed over: ${strange.join(', ')}`;
  return [{ code: 'strange-sheet-lines', severity: 'note', message, at: { source: name } }];
}
