// What an earlier run has left: OUT.part with its map, or OUT itself with a map that says that it is not whole, as
// ddrescue leaves it. A run goes on with it only if it is of the same disc.
import { countBytes } from '../../base/byte-count.js';
import { rename, stat } from 'node:fs/promises';
import { hostPath } from '../../base/path-text.js';
import { IsodriveError, isSystemError } from '../../base/error.js';
import type { ByteSource } from '../../source/byte-source.js';
import { findRescueMap } from '../../source/rescue-map/find-rescue-map.js';
import { RescueMap } from '../../source/rescue-map/rescue-map.js';
import type { ByteRange } from '../../source/rescue-map/rescue-map.js';
import { isBadPlace } from './medium-fault.js';
import { translateWriteError } from './part-file.js';
import type { ReadBack } from './sequential-hasher.js';

export interface OutputPaths {
  readonly output: string;
  readonly part: string;
  readonly map: string;
  readonly report: string;
}

export interface EarlierRun {
  /** All not tried where there was none. */
  readonly map: RescueMap;
  readonly resumes: boolean;
}

/** Ranges compared with the disc before a run goes on, and bytes of each. */
const SAMPLES = 16;
const SAMPLE_BYTES = 65_536;

export function outputPaths(output: string, map: string | undefined): OutputPaths {
  return { output, part: `${output}.part`, map: map ?? `${output}.map`, report: `${output}.json` };
}

/**
 * The state to go on from. An unfinished OUT becomes OUT.part. Rejects with `policy` when OUT is there and whole, or
 * no file, and `force` does not say that it may be replaced.
 */
export async function findEarlierRun(paths: OutputPaths, size: number, force: boolean): Promise<EarlierRun> {
  const fresh = { map: new RescueMap(size), resumes: false };
  const map = await readMap(paths.map, size);
  const existing = await fileSize(paths.output);
  if (existing !== undefined) {
    const isUnfinished = map?.isComplete === false && (await fileSize(paths.part)) === undefined;
    if (!isUnfinished) {
      if (force) return fresh;
      throw alreadyThere(paths.output);
    }
    await rename(hostPath(paths.output), hostPath(paths.part));
  }
  if (map === undefined || (await fileSize(paths.part)) === undefined) return fresh;
  return { map, resumes: true };
}

/**
 * Compares some of what an earlier run has read with the source. Rejects with `image-changed` where they differ, and
 * as ByteSource.read does when the source is gone.
 */
export async function checkSameDisc(
  source: ByteSource,
  map: RescueMap,
  readBack: ReadBack,
  signal?: AbortSignal,
): Promise<void> {
  for (const { position, size } of chooseSamples(map)) {
    const disc = new Uint8Array(size);
    const image = new Uint8Array(size);
    try {
      await source.read(disc, position, signal);
    } catch (thrown) {
      if (isBadPlace(thrown)) continue;
      throw thrown;
    }
    await readBack(image, position);
    if (Buffer.compare(disc, image) === 0) continue;
    throw new IsodriveError(
      'image-changed',
      `Cannot go on with "${source.name}": what an earlier run read differs from it within ${countBytes(size)} at ` +
        `byte ${position}, expected the same disc`,
      {
        at: { source: source.name, offset: position },
        action: 'Insert the disc that the earlier run read, or remove its .part and .map',
      },
    );
  }
}

/** Starts of rescued runs, the first ones of the disc and others spread over it. */
function chooseSamples(map: RescueMap): ByteRange[] {
  const pieces = map.runs
    .filter(({ status }) => status === '+')
    .flatMap(({ position, size }) => {
      const length = Math.min(size, SAMPLE_BYTES);
      return [
        { position, size: length },
        { position: position + size - length, size: length },
      ];
    });
  const step = Math.max(1, pieces.length / SAMPLES);
  return Array.from({ length: Math.min(SAMPLES, pieces.length) }, (_, i) => pieces[Math.floor(i * step)]!);
}

async function readMap(path: string, size: number): Promise<RescueMap | undefined> {
  try {
    // As the first argument: no other file stands for the one that this run will write.
    return (await findRescueMap('', size, path))?.map;
  } catch (thrown) {
    if (thrown instanceof IsodriveError && thrown.code === 'image-not-found') return undefined;
    throw thrown;
  }
}

async function fileSize(path: string): Promise<number | undefined> {
  try {
    const stats = await stat(hostPath(path));
    if (stats.isFile()) return stats.size;
  } catch (thrown) {
    if (isSystemError(thrown) && thrown.code === 'ENOENT') return undefined;
    throw translateWriteError(path, thrown);
  }
  throw new IsodriveError('policy', `Cannot write "${path}": it is no regular file, expected one or none`, {
    action: 'Name a file for the image',
  });
}

export function alreadyThere(path: string): IsodriveError {
  return new IsodriveError('policy', `Cannot write "${path}": it exists, expected no such file`, {
    action: 'Name another file, or replace it with --force',
  });
}
