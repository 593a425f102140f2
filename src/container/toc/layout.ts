// The tracks of a TOC file: each is put together from pieces of files and silence, before it gets an address.
import type { SectorPiece } from '../build-disc.js';
import { findSoundPlace, findWholePlace } from '../sheet/data-place.js';
import type { DataPlace } from '../sheet/data-place.js';
import { findBlock } from '../sheet/data-block.js';
import type { UnplacedTrack } from '../sheet/place-tracks.js';
import type { SheetFiles } from '../sheet/sheet-files.js';
import type { TocPiece, TocTrack } from './parse.js';

/** cdrdao takes all other names for raw sound, high byte first. */
const SOUND_NAMES = /\.(wav|aif|aiff|aifc|flac|mp3|ogg)$/i;

export async function layOutTocTrack(
  track: TocTrack,
  files: SheetFiles,
  signal: AbortSignal | undefined,
): Promise<UnplacedTrack> {
  const { number, mode, sector, facts } = track;
  const all: SectorPiece[] = [];
  let isAligned = true;
  for (const [i, piece] of track.pieces.entries()) {
    const place = await findPlace(piece, mode === 'audio', files, signal);
    const from = place.start + piece.offset;
    const length = piece.length ?? Math.max(0, place.end - from);
    const sectors = Math.ceil(length / sector.bytes);
    const isCut = length % sector.bytes !== 0 && i < track.pieces.length - 1;
    if (isAligned) all.push(toPiece(track, piece, place, { from, length, sectors }));
    else all.push({ sectors, stored: 'absent' });
    if (isCut && isAligned) {
      isAligned = false;
      const found = `Piece ${i + 1} of track ${number} ends within a sector, expected whole ones`;
      files.report('unaligned-piece', 'damage', `${found}: what follows in the track cannot be read`);
    }
  }
  const pregap = Math.ceil((track.pregap ?? 0) / sector.bytes);
  const [pause, body] = splitPieces(all, pregap);
  return {
    ...{ number, mode, session: 1, addedPause: 0, postgap: 0, ...facts },
    ...{ pause, body, indexes: track.indexes.map(Math.floor) },
    block: await findTrackBlock(track, body[0], pregap, files, signal),
  };
}

async function findPlace(
  { file, isSwapped }: TocPiece,
  isAudio: boolean,
  files: SheetFiles,
  signal: AbortSignal | undefined,
): Promise<DataPlace> {
  if (file === undefined) return { base: undefined, start: 0, end: 0, isSound: false, swap16: false };
  if (!isAudio) return findWholePlace(file, false, files);
  if (!SOUND_NAMES.test(file)) return findWholePlace(file, !isSwapped, files);
  const place = await findSoundPlace(file, files, signal);
  return { ...place, swap16: place.swap16 !== isSwapped };
}

function toPiece(
  { sector }: TocTrack,
  { file }: TocPiece,
  { base, end, swap16 }: DataPlace,
  { from, length, sectors }: { from: number; length: number; sectors: number },
): SectorPiece {
  if (base === undefined) return { sectors, stored: file === undefined ? 'zeros' : 'absent' };
  const stored = { base, offset: from, end: Math.min(end, from + length) };
  return { sectors, stored: { ...stored, sector: swap16 ? { ...sector, swap16 } : sector } };
}

/** The pieces before index 1, and those behind it. */
function splitPieces(pieces: readonly SectorPiece[], pregap: number): [SectorPiece[], SectorPiece[]] {
  const [pause, body]: [SectorPiece[], SectorPiece[]] = [[], []];
  let rest = pregap;
  for (const { sectors, stored } of pieces) {
    const before = Math.min(rest, sectors);
    rest -= before;
    if (before > 0) pause.push({ sectors: before, stored });
    if (before === sectors) continue;
    const behind =
      typeof stored === 'string'
        ? stored
        : { ...stored, offset: stored.offset + before * stored.sector.bytes };
    body.push({ sectors: sectors - before, stored: behind });
  }
  return [pause, body];
}

/** Where a track's sectors say that it begins. The file counts all of the first one from block 0 on. */
async function findTrackBlock(
  { number, mode, sector }: TocTrack,
  first: SectorPiece | undefined,
  pregap: number,
  files: SheetFiles,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  if (mode === 'audio') return undefined;
  const stored = first?.stored;
  const isStored = stored !== undefined && typeof stored !== 'string';
  const block = isStored
    ? await findBlock(files.bases[stored.base]!, stored.offset, sector.bytes, signal)
    : undefined;
  return block ?? (number === 1 ? pregap : undefined);
}
