// Makes an image of a disc: reads it as whole as it can be read, hashes it, compares it when wanted, says what is
// missing, and only then gives it its name. A run that fails leaves OUT.part and the map, from which the next goes on.
import { countBytes } from '../../base/byte-count.js';
import { rename, rm, writeFile } from 'node:fs/promises';
import { hostPath } from '../../base/path-text.js';
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { ByteSource } from '../../source/byte-source.js';
import type { ByteRange, RescueMap } from '../../source/rescue-map/rescue-map.js';
import type { Algorithm, Digests } from '../hash/digests.js';
import { compareBack } from './compare-back.js';
import { nameFiles } from './name-files.js';
import type { NamedFile } from './name-files.js';
import { MapFile } from './map-file.js';
import { measureDisc } from './measure-disc.js';
import { PartFile, translateWriteError } from './part-file.js';
import { Rescuer } from './rescuer.js';
import type { RescueProgress } from './rescuer.js';
import { checkSameDisc, findEarlierRun } from './resume.js';
import type { OutputPaths } from './resume.js';
import { SequentialHasher } from './sequential-hasher.js';

/** Sectors at the end of a disc written track at once that no drive can read: run-out and link blocks, and the
 * post-gap that some drives count in (MMC-6; libburn and readcd meet 2 to 152). */
const MAX_RUN_OUT = 152;
/** Milliseconds between two reports of progress. */
const REPORT_INTERVAL = 500;

export interface CreateOptions {
  readonly paths: OutputPaths;
  readonly algorithms: readonly Algorithm[];
  readonly retries: number;
  /** Bytes of a sector of the source (default those of user data). */
  readonly sectorBytes?: number;
  /** Read the source again and compare. */
  readonly verify: boolean;
  /** Take room for the whole image before anything is read. */
  readonly preallocates: boolean;
  /** Replace an image that is there. */
  readonly force: boolean;
  /** Finish even when sectors cannot be read; the map then says which. */
  readonly acceptErrors: boolean;
  /** Stands first in the report's file. */
  readonly schemaVersion: number;
  /** `map` is the run's own: to be looked at, not kept. */
  readonly onProgress?: ((progress: CreateProgress, map: RescueMap) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CreateProgress extends RescueProgress {
  readonly stage: 'read' | 'verify';
  /** Bytes a second since this run began. */
  readonly bytesPerSecond: number;
}

/** The JSON report beside an image; fields may be added. */
export interface CreateReport {
  readonly source: string;
  /** The drive, where the source is one. */
  readonly drive?: object;
  /** OUT, or OUT.part when it is not finished. */
  readonly image: string;
  readonly finished: boolean;
  /** Bytes of the image. */
  readonly size: number;
  /** Bytes that the drive, or the file, says that it has. */
  readonly capacity: number;
  /** Byte behind the last that the disc's own structures claim; 0 when they say nothing. */
  readonly structureEnd: number;
  readonly seconds: number;
  /** An earlier run was gone on with. */
  readonly resumed: boolean;
  readonly digests: Digests;
  readonly map: string;
  /** What could not be read, as bytes of the image. */
  readonly unreadable: readonly ByteRange[];
  /** What reads differently the second time; undefined when that was not looked at. */
  readonly differing: readonly ByteRange[] | undefined;
  /** Files that have bytes in one of the two. */
  readonly affectedFiles: readonly NamedFile[];
  readonly findings: readonly Finding[];
}

/**
 * Creates the image. Resolves also when it is not finished, because sectors are missing or differ. Rejects with
 * `policy` (OUT is there), `image-changed` (another disc than the earlier run's), `image-unreadable` (the source is
 * gone), `partial` (no room), `permission`, `cancelled`.
 */
export async function createImage(source: ByteSource, options: CreateOptions): Promise<CreateReport> {
  const started = performance.now();
  const { paths, signal, sectorBytes = SECTOR_SIZE } = options;
  const before = await findEarlierRun(paths, source.size, options.force);
  // Structures count in user data.
  const structureEnd = sectorBytes === SECTOR_SIZE ? await measureDisc(source, signal) : 0;
  await using part = await PartFile.open(paths.part);
  // Another run may have come and gone before ours had the file for itself.
  const { map, resumes } = before.resumes ? await findEarlierRun(paths, source.size, options.force) : before;
  await part.prepare(source.size, resumes, options.preallocates);
  const readBack = part.readBack.bind(part);
  if (resumes) await checkSameDisc(source, map, readBack, signal);
  await using hasher = new SequentialHasher(options.algorithms, source.size);
  const mapFile = new MapFile(paths.map);
  const report = reportProgress(options.onProgress, map);
  const rescuer: Rescuer = new Rescuer(source, map, {
    ...{ retries: options.retries, sectorBytes },
    write: part.write.bind(part),
    onBytes: hasher.update.bind(hasher),
    onStep: () => {
      report('read', () => rescuer.progress);
      return mapFile.isDue ? save() : undefined;
    },
    signal,
  });
  const save = async (): Promise<void> => {
    await rescuer.settle();
    await part.sync();
    await mapFile.save(map, rescuer.at);
  };
  // Before the first byte: a process killed now must not leave a part without a map beside it.
  await save();
  try {
    await rescuer.run();
  } finally {
    await saveAtLast(save, rescuer);
  }
  // What the kernel remembers of the first time proves nothing about the medium.
  if (options.verify) await source.dropCached?.();
  const { size, findings } = settleSize(source, map.missing(), structureEnd);
  const differing = options.verify
    ? await compareBack(source, {
        ...{ size, map, sectorBytes, readBack, signal },
        onProgress: (bytes) => report('verify', () => ({ ...rescuer.progress, bytesRescued: bytes })),
      })
    : undefined;
  const unreadable = map.missing(size);
  for (const range of differing ?? []) map.mark(range.position, range.size, '?');
  if (differing !== undefined && differing.length > 0) await save();
  const isWhole = map.missing(size).length === 0;
  const finished = isWhole || (options.acceptErrors && (differing?.length ?? 0) === 0);
  const digests = await hasher.finish(size, readBack, signal);
  const result: CreateReport = {
    source: source.name,
    ...(source.drive === undefined ? {} : { drive: source.drive }),
    image: finished ? paths.output : paths.part,
    finished,
    ...{ size, capacity: source.size, structureEnd },
    seconds: (performance.now() - started) / 1000,
    resumed: resumes,
    digests: digests ?? {},
    map: paths.map,
    ...{ unreadable, differing, findings },
    affectedFiles: isWhole ? [] : await nameFiles(paths.part, map, size, signal),
  };
  if (finished) {
    await writeReport(paths.report, { schemaVersion: options.schemaVersion, ...result });
    await part.commit(paths.output, size);
  }
  return result;
}

/** The map is saved whatever happened, and what happened is told even when the map cannot be saved. */
async function saveAtLast(save: () => Promise<void>, rescuer: Rescuer): Promise<void> {
  const failure = await rescuer.settle().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  // A failed write has told its own error already, and the map knows which bytes it was for.
  await save().catch((thrown: unknown) => {
    if (failure === undefined) throw thrown;
  });
}

/** The size of the image: the drive's, less run-out blocks at the end that no structure claims and no drive reads. */
function settleSize(
  source: ByteSource,
  missing: readonly ByteRange[],
  structureEnd: number,
): { size: number; findings: Finding[] } {
  const at = { source: source.name };
  const findings: Finding[] = [];
  if (structureEnd > source.size) {
    findings.push({
      code: 'short-medium',
      severity: 'warning',
      message: `Structures of the disc reach to byte ${structureEnd}, the source ends at byte ${source.size}`,
      at,
    });
  }
  const tail = missing.at(-1);
  const isRunOut =
    tail !== undefined &&
    tail.position + tail.size === source.size &&
    tail.position >= structureEnd &&
    structureEnd > 0 &&
    tail.size <= MAX_RUN_OUT * SECTOR_SIZE;
  if (!isRunOut) return { size: source.size, findings };
  findings.push({
    code: 'run-out-blocks',
    severity: 'note',
    message:
      `The last ${Math.ceil(tail.size / SECTOR_SIZE)} sectors cannot be read and belong to nothing, as is usual for ` +
      `a disc that was written track at once: the image ends before them`,
    at: { ...at, offset: tail.position },
  });
  return { size: tail.position, findings };
}

function reportProgress(
  onProgress: CreateOptions['onProgress'],
  map: RescueMap,
): (stage: CreateProgress['stage'], progress: () => RescueProgress) => void {
  let reported = performance.now();
  let stageNow: CreateProgress['stage'] | undefined;
  let stageStarted = reported;
  let bytesBefore = 0;
  return (stage, progress) => {
    const now = performance.now();
    if (onProgress === undefined || (stage === stageNow && now - reported < REPORT_INTERVAL)) return;
    reported = now;
    const state = progress();
    if (stage !== stageNow) [stageNow, stageStarted, bytesBefore] = [stage, now, state.bytesRescued];
    const seconds = (now - stageStarted) / 1000;
    const bytesPerSecond = seconds > 0 ? Math.max(0, state.bytesRescued - bytesBefore) / seconds : 0;
    onProgress({ ...state, stage, bytesPerSecond }, map);
  };
}

/** Replaces the report as a whole. */
async function writeReport(path: string, report: object): Promise<void> {
  await writeBeside(path, `${JSON.stringify(report, null, 2)}\n`);
}

/** Writes a file as a whole, or not at all. */
export async function writeBeside(path: string, content: string | Uint8Array): Promise<void> {
  const scratch = `${path}.new`;
  try {
    await writeFile(hostPath(scratch), content, { flush: true });
    await rename(hostPath(scratch), hostPath(path));
  } catch (thrown) {
    await rm(hostPath(scratch), { force: true }).catch(() => undefined);
    throw translateWriteError(path, thrown);
  }
}

/** What a run that did not finish ends with. */
export function unfinished(report: CreateReport): IsodriveError {
  const bytes = (ranges: readonly ByteRange[]): number => ranges.reduce((sum, { size }) => sum + size, 0);
  if (report.differing !== undefined && report.differing.length > 0) {
    return new IsodriveError(
      'verification-failed',
      `Cannot trust the image of "${report.source}": ${countBytes(bytes(report.differing))} read differently the second time`,
      { action: 'Clean the disc and run the same command: it reads them again' },
    );
  }
  return new IsodriveError(
    'partial',
    `Cannot read ${countBytes(bytes(report.unreadable))} of "${report.source}", expected to read all ${report.size}`,
    { action: 'Run the same command to try again, or with --accept-errors to make do' },
  );
}
