// Makes a .bin file and its cue sheet of a CD with several tracks or with sound. Sound has no codes that prove it, so
// such a disc is always read twice.
import { basename } from 'node:path';
import { access } from 'node:fs/promises';
import { hostPath } from '../../base/path-text.js';
import { IsodriveError } from '../../base/error.js';
import { RAW_SECTOR_SIZE, SYNC_LENGTH, HEADER_LENGTH } from '../../disc/sector-parity.js';
import { openLoadedDrive, orUndefined } from '../../source/optical/loaded-drive.js';
import type { OpticalDrive } from '../../source/optical/optical-drive.js';
import { createImage, writeBeside } from '../create/create-image.js';
import type { CreateOptions, CreateReport } from '../create/create-image.js';
import { alreadyThere, outputPaths } from '../create/resume.js';
import type { OutputPaths } from '../create/resume.js';
import { writeCue } from './cue-text.js';
import { readDiscLayout } from './disc-layout.js';
import type { DiscLayout } from './disc-layout.js';
import { readTitles } from './titles.js';
import { TrackSource } from './track-source.js';

/** Where the mode of a sector stands. */
const MODE_OFFSET = SYNC_LENGTH + HEADER_LENGTH - 1;
/** Blocks of data with wrong codes that are named. */
const MAX_NAMED = 20;

export interface CuePaths {
  readonly cue: string;
  /** Packs of CD-TEXT. */
  readonly text: string;
  readonly binary: OutputPaths;
}

export interface OpenedTracks extends AsyncDisposable {
  readonly source: TrackSource;
  readonly layout: DiscLayout;
}

/** `cue`: ends in .cue, in any case. */
export function cuePaths(cue: string, map: string | undefined): CuePaths {
  const stem = cue.slice(0, -'.cue'.length);
  return { cue, text: `${stem}.cdt`, binary: outputPaths(`${stem}.bin`, map) };
}

/** `readOffset`: samples by which the drive gives sound too late. Rejects as openLoadedDrive and readDiscLayout do. */
export async function openTracks(
  path: string,
  readOffset: number,
  signal?: AbortSignal,
): Promise<OpenedTracks> {
  const drive = await openLoadedDrive(path);
  if (drive === undefined) {
    throw new IsodriveError('usage', `Cannot make a cue sheet of "${path}": it is no optical drive`, {
      action: 'Name a drive, or give the output a name that does not end in .cue',
    });
  }
  return openTracksOf(drive, readOffset, signal);
}

/** Of a drive that is open, which it takes. */
export async function openTracksOf(
  drive: OpticalDrive,
  readOffset: number,
  signal?: AbortSignal,
): Promise<OpenedTracks> {
  try {
    const layout = await readDiscLayout(drive, signal);
    const medium = await orUndefined(drive.readProfile());
    const tracks = layout.tracks.map(({ number, start, end, isData }) => ({
      ...{ number, start, length: end - start, isData },
    }));
    const source = new TrackSource(drive, {
      ...{ layout, readOffset, facts: { ...(await drive.identify()), medium, tracks } },
      offersC2: (await orUndefined(drive.offersC2())) ?? false,
      stamp: await drive.stamp(0),
    });
    return { source, layout, [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() };
  } catch (thrown) {
    await drive[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** See createImage, whose report tells of the .bin file. The sheet is written last. */
export async function createCue(
  { source, layout }: OpenedTracks,
  paths: CuePaths,
  options: Omit<CreateOptions, 'paths' | 'sectorBytes'>,
): Promise<CreateReport> {
  if (!options.force && (await isThere(paths.cue))) throw alreadyThere(paths.cue);
  const hasSound = layout.tracks.some(({ isData }) => !isData);
  const report = await createImage(source, {
    ...options,
    ...{ paths: paths.binary, sectorBytes: RAW_SECTOR_SIZE },
    verify: options.verify || hasSound,
  });
  if (!report.finished) return report;
  const { cdText } = layout;
  if (cdText !== undefined) await writeBeside(paths.text, cdText);
  const drive = [source.drive.vendor, source.drive.product].join(' ').trim();
  const cue = writeCue({
    ...{ layout, binary: basename(paths.binary.output), titles: readTitles(cdText ?? new Uint8Array()) },
    modes: await readModes(source, layout, options.signal),
    remark: `Read by isodrive from drive ${drive}`,
    ...(cdText === undefined ? {} : { textFile: basename(paths.text) }),
  });
  await writeBeside(paths.cue, cue);
  return { ...report, image: paths.cue, findings: [...report.findings, ...describeCodes(source)] };
}

async function readModes(
  source: TrackSource,
  { tracks }: DiscLayout,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, 1 | 2>> {
  const modes = new Map<number, 1 | 2>();
  let position = 0;
  for (const { number, isData, start, end, pregap } of tracks) {
    const sector = new Uint8Array(RAW_SECTOR_SIZE);
    const first = position + pregap * RAW_SECTOR_SIZE;
    // Of one that cannot be read, mode 1 is what most are.
    const got = isData ? await orUndefined(source.read(sector, first, signal)) : undefined;
    if (got === RAW_SECTOR_SIZE && sector[MODE_OFFSET] === 2) modes.set(number, 2);
    position += (pregap + end - start) * RAW_SECTOR_SIZE;
  }
  return modes;
}

function describeCodes({ name, wrongCodes }: TrackSource): CreateReport['findings'] {
  if (wrongCodes.size === 0) return [];
  const blocks = [...wrongCodes].sort((a, b) => a - b);
  const named = blocks.slice(0, MAX_NAMED).join(', ') + (blocks.length > MAX_NAMED ? ' and more' : '');
  const message =
    `Codes of ${blocks.length} sectors of data are wrong, though the drive gave the same each time: ` +
    `blocks ${named}`;
  return [{ code: 'wrong-sector-codes', severity: 'warning', message, at: { source: name } }];
}

async function isThere(path: string): Promise<boolean> {
  return access(hostPath(path)).then(
    () => true,
    () => false,
  );
}
