// Cue sheets (.cue): CDs as the programs that copy them describe them, beside the files that hold the tracks.
import type { Disc } from '../../disc/disc.js';
import type { ImageFiles } from '../../source/image-files.js';
import { buildDisc } from '../build-disc.js';
import type { FoundSheet } from '../sheet/find-sheet.js';
import { createSheetContainer } from '../sheet/sheet-format.js';
import { placeTracks } from '../sheet/place-tracks.js';
import { describeSheet, isCompactDisc } from '../sheet/describe-sheet.js';
import { SheetFiles } from '../sheet/sheet-files.js';
import { readDiscText } from './disc-text.js';
import { layOutTracks, reportStrangeLines } from './layout.js';
import { listCueFiles, parseCue } from './parse.js';

export const cueFormat = createSheetContainer({
  name: 'cue',
  title: 'a cue sheet and its files',
  ending: '.cue',
  listFiles: listCueFiles,
  openSheet: openCue,
});

async function openCue(
  { source, text, isMain }: FoundSheet,
  files: ImageFiles,
  signal: AbortSignal | undefined,
): Promise<Disc> {
  const sheet = parseCue(text);
  const used = new Set(sheet.tracks.flatMap(({ indexes }) => indexes.map(({ file }) => file)));
  const names = sheet.files.filter((_file, i) => used.has(i)).map(({ name }) => name);
  const opened = new SheetFiles(files, text, names, isMain);
  await opened.openAll(signal);
  const tracks = await layOutTracks(sheet, opened, signal);
  const placed = placeTracks(source.name, tracks, sheet.sessions);
  const discText = await readDiscText(sheet, opened, files, text, signal);
  return buildDisc({
    format: cueFormat.name,
    storage: describeSheet(placed.sessions, opened.bases.length),
    name: source.name,
    bases: opened.bases,
    sessions: placed.sessions,
    ...(isCompactDisc(placed.sessions) ? { medium: 'cd' } : {}),
    ...(sheet.catalog === undefined ? {} : { catalog: sheet.catalog }),
    ...discText,
    findings: [...opened.findings, ...placed.findings, ...reportStrangeLines(sheet, source.name)],
  });
}
