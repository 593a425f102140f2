// TOC files of cdrdao (.toc): CDs as that program reads and writes them, beside the files that hold the tracks.
import type { Disc } from '../../disc/disc.js';
import type { ImageFiles } from '../../source/image-files.js';
import { buildDisc } from '../build-disc.js';
import { describeSheet, isCompactDisc } from '../sheet/describe-sheet.js';
import type { FoundSheet } from '../sheet/find-sheet.js';
import { placeTracks } from '../sheet/place-tracks.js';
import type { UnplacedTrack } from '../sheet/place-tracks.js';
import { SheetFiles } from '../sheet/sheet-files.js';
import { createSheetContainer } from '../sheet/sheet-format.js';
import { layOutTocTrack } from './layout.js';
import { listTocFiles, parseToc } from './parse.js';

export const tocFormat = createSheetContainer({
  name: 'toc',
  title: 'a TOC file of cdrdao and its files',
  ending: '.toc',
  listFiles: listTocFiles,
  openSheet: openToc,
});

async function openToc(
  { source, text, isMain }: FoundSheet,
  files: ImageFiles,
  signal: AbortSignal | undefined,
): Promise<Disc> {
  const { kind, tracks, ...facts } = parseToc(text);
  const names = tracks.flatMap(({ pieces }) => pieces.flatMap(({ file }) => file ?? []));
  const opened = new SheetFiles(files, text, names, isMain);
  await opened.openAll(signal);
  const unplaced: UnplacedTrack[] = [];
  for (const track of tracks) unplaced.push(await layOutTocTrack(track, opened, signal));
  const placed = placeTracks(source.name, unplaced, new Map(kind === undefined ? [] : [[1, { kind }]]));
  return buildDisc({
    ...{ format: tocFormat.name, name: source.name, ...facts },
    storage: describeSheet(placed.sessions, opened.bases.length),
    bases: opened.bases,
    sessions: placed.sessions,
    ...(isCompactDisc(placed.sessions) ? { medium: 'cd' } : {}),
    findings: [...opened.findings, ...placed.findings],
  });
}
