// Images of CloneCD: the table of contents (.ccd), whole sectors of all tracks (.img), and their subchannels (.sub).
import { basename } from 'node:path';
import { encodePath } from '../../base/path-text.js';
import type { Disc, TrackMode } from '../../disc/disc.js';
import { SUBCHANNEL_BYTES } from '../../disc/sector-parity.js';
import type { ByteSource } from '../../source/byte-source.js';
import type { ImageFiles } from '../../source/image-files.js';
import { buildDisc } from '../build-disc.js';
import type { SessionLayout, TrackLayout } from '../build-disc.js';
import { seeMode } from '../look-at-track.js';
import { describeSheet } from '../sheet/describe-sheet.js';
import type { FoundSheet } from '../sheet/find-sheet.js';
import { findBlock } from '../sheet/data-block.js';
import { SheetFiles } from '../sheet/sheet-files.js';
import { createSheetContainer } from '../sheet/sheet-format.js';
import { storedSector } from '../stored-sector.js';
import { trackFlags } from '../track-codes.js';
import { isCcd, parseCcd } from './parse.js';
import type { CcdSession, CcdSheet, CcdTrack } from './parse.js';

const BYTES = 2352;
const DATA_BIT = 4;

export const ccdFormat = createSheetContainer({
  name: 'ccd',
  title: 'an image of CloneCD',
  ending: '.ccd',
  listFiles: (text) => (isCcd(text) ? [fileBeside(text.name, '.img')] : undefined),
  openSheet: openCcd,
});

/** The file that is called as the sheet, a character a byte as sheets name files. */
function fileBeside(path: string, ending: string): string {
  return encodePath(basename(path).replace(/\.[^.]*$/, '') + ending).toString('latin1');
}

/** What is open of an image. */
interface OpenedCcd {
  readonly image: ByteSource;
  /** Number of the base with subchannels. */
  readonly subchannel: number | undefined;
}

async function openCcd(
  { source, text, isMain }: FoundSheet,
  files: ImageFiles,
  signal: AbortSignal | undefined,
): Promise<Disc> {
  const sheet = parseCcd(text);
  const opened = new SheetFiles(files, text, [fileBeside(text.name, '.img')], isMain);
  await opened.openAll(signal);
  const [image] = opened.bases;
  const sub = await opened.openIfThere(fileBeside(text.name, '.sub'), signal);
  const sessions = await layOut(sheet, { image: image!, subchannel: sub }, signal);
  const { catalog, cdText, isScrambled } = sheet;
  if (isScrambled)
    opened.report(
      'scrambled-sectors',
      'damage',
      'Data are scrambled, as they stand on a disc, and are not read',
    );
  return buildDisc({
    ...{ format: ccdFormat.name, name: source.name, medium: 'cd', sessions, bases: opened.bases },
    storage: describeSheet(sessions, opened.bases.length),
    subchannelForm: 'linear',
    ...(catalog === undefined ? {} : { catalog }),
    ...(cdText === undefined ? {} : { cdText }),
    findings: opened.findings,
  });
}

/** Sessions follow each other in the file without what lies between them on the disc. */
async function layOut(
  { sessions }: CcdSheet,
  opened: OpenedCcd,
  signal: AbortSignal | undefined,
): Promise<SessionLayout[]> {
  const result: SessionLayout[] = [];
  let sector = 0;
  for (const session of sessions) {
    const begin = beginOf(session.tracks[0]!, true);
    sector = await findSession(session, sector, begin, opened.image, signal);
    const tracks: TrackLayout[] = [];
    for (const [i, track] of session.tracks.entries()) {
      const next = session.tracks[i + 1];
      const from = beginOf(track, i === 0);
      const end = Math.max(track.start, next === undefined ? session.leadOut : beginOf(next, false));
      tracks.push(await layOutTrack(track, { from, end, sector: sector + from - begin }, opened, signal));
    }
    sector += Math.max(0, session.leadOut - begin);
    const { number, kind, leadOut } = session;
    result.push({ number, tracks, leadOut, ...(kind === undefined ? {} : { kind }) });
  }
  return result;
}

/** Where a track begins with its pause. Index 0 of the first of a session is left out where it is 0. */
function beginOf({ start, indexes }: CcdTrack, isFirst: boolean): number {
  const [zero = isFirst ? 0 : undefined, one] = [indexes.get(0), indexes.get(1)];
  if (zero === undefined || one === undefined || one <= zero) return start;
  return Math.max(0, start - Math.min(one - zero, start));
}

/** Sector of the file where a session lies: its first track, where that says where it is. */
async function findSession(
  { tracks }: CcdSession,
  sector: number,
  begin: number,
  image: ByteSource,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { start, control } = tracks[0]!;
  if (sector === 0 || (control & DATA_BIT) === 0) return sector;
  const at = sector + start - begin;
  const block = await findBlock(image, at * BYTES, BYTES, signal);
  const moved = sector + start - (block ?? start);
  return moved >= 0 && moved * BYTES < image.size ? moved : sector;
}

/** `from` to `end`: its blocks on the disc; `sector`: of the file, where the first of them is. */
async function layOutTrack(
  track: CcdTrack,
  { from, end, sector }: { from: number; end: number; sector: number },
  { image, subchannel }: OpenedCcd,
  signal: AbortSignal | undefined,
): Promise<TrackLayout> {
  const { number, start, control, indexes, isrc } = track;
  const pregap = start - from;
  const place = { offset: (sector + pregap) * BYTES, sectors: end - start, bytes: BYTES, stride: BYTES };
  const mode = tellMode(track, await seeMode(image, place, signal));
  const one = indexes.get(1) ?? 0;
  const later = [...indexes].filter(([index]) => index > 1).sort(([a], [b]) => a - b);
  const sub =
    subchannel === undefined ? {} : { beside: { base: subchannel, offset: sector * SUBCHANNEL_BYTES } };
  const stored = { base: 0, offset: sector * BYTES, sector: storedSector(mode, BYTES), ...sub };
  return {
    ...{ number, mode, start, length: end - start, ...trackFlags(control) },
    ...(pregap > 0 ? { pregap } : {}),
    ...(later.length > 0 ? { indexes: later.map(([, at]) => start + at - one) } : {}),
    ...(isrc === undefined ? {} : { isrc }),
    pieces: [{ sectors: end - from, stored }],
  };
}

/** The sectors are believed, and the table where they say nothing. */
function tellMode({ control, mode }: CcdTrack, seen: TrackMode | undefined): TrackMode {
  if ((control & DATA_BIT) === 0) return seen === undefined || seen === 'audio' ? 'audio' : seen;
  return seen === undefined || seen === 'audio' ? (mode === 2 ? 'xa' : 'mode1') : seen;
}
