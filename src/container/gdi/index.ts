// Track lists of GD-ROMs (.gdi), the discs of the Dreamcast: two areas, each file a track at an address of its own.
import type { Disc, TrackMode } from '../../disc/disc.js';
import type { ImageFiles } from '../../source/image-files.js';
import { buildDisc } from '../build-disc.js';
import type { TrackLayout } from '../build-disc.js';
import { seeMode } from '../look-at-track.js';
import { describeSheet } from '../sheet/describe-sheet.js';
import type { FoundSheet } from '../sheet/find-sheet.js';
import { HIGH_DENSITY_START } from '../sheet/place-tracks.js';
import { SheetFiles } from '../sheet/sheet-files.js';
import { createSheetContainer } from '../sheet/sheet-format.js';
import { storedSector } from '../stored-sector.js';
import { listGdiFiles, parseGdi } from './parse.js';
import type { GdiTrack } from './parse.js';

const SUBCHANNEL_SIZE = 2448;

export const gdiFormat = createSheetContainer({
  name: 'gdi',
  title: 'a track list of a GD-ROM and its files',
  ending: '.gdi',
  listFiles: listGdiFiles,
  openSheet: openGdi,
});

async function openGdi(
  { source, text, isMain }: FoundSheet,
  files: ImageFiles,
  signal: AbortSignal | undefined,
): Promise<Disc> {
  const listed = parseGdi(text);
  const opened = new SheetFiles(
    files,
    text,
    listed.map(({ file }) => file),
    isMain,
  );
  await opened.openAll(signal);
  const tracks: TrackLayout[] = [];
  for (const [i, track] of listed.entries())
    tracks.push(await layOut(track, listed[i + 1]?.start, opened, signal));
  const areas = [
    tracks.filter(({ start }) => start < HIGH_DENSITY_START),
    tracks.filter(({ start }) => start >= HIGH_DENSITY_START),
  ].filter((area) => area.length > 0);
  const sessions = areas.map((area, i) => ({ number: i + 1, tracks: area }));
  return buildDisc({
    ...{ format: gdiFormat.name, name: source.name, medium: 'cd', bases: opened.bases, sessions },
    storage: describeSheet(sessions, opened.bases.length),
    findings: opened.findings,
  });
}

/** `next`: where the track behind it begins, which a file may reach beyond. */
async function layOut(
  { number, start, isData, bytes, file, offset }: GdiTrack,
  next: number | undefined,
  files: SheetFiles,
  signal: AbortSignal | undefined,
): Promise<TrackLayout> {
  const base = files.baseOf(file);
  if (base === undefined) return { number, start, mode: isData ? 'mode1' : 'audio', length: 0, pieces: [] };
  const source = files.bases[base]!;
  const held = Math.max(0, source.size - offset) / bytes;
  const stored = isData ? Math.floor(held) : Math.ceil(held);
  const sectors = next === undefined ? stored : Math.min(stored, next - start);
  const subchannel = bytes === SUBCHANNEL_SIZE ? 96 : 0;
  const ownBytes = bytes === SUBCHANNEL_SIZE ? 2352 : bytes;
  const run = { offset, sectors, bytes: ownBytes, stride: bytes };
  const seen = isData ? await seeMode(source, run, signal) : 'audio';
  const declared: TrackMode = bytes === 2336 ? 'xa' : 'mode1';
  const mode = isData && (seen === undefined || seen === 'audio') ? declared : (seen ?? declared);
  const sector = storedSector(mode, ownBytes, subchannel);
  const end = source.size;
  return {
    ...{ number, start, mode, length: sectors },
    pieces: [{ sectors, stored: { base, offset, end, sector } }],
  };
}
