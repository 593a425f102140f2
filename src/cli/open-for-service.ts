// Opens for the system service what a mount needs: as the user, who thereby proves that they may. The service opens
// nothing.
import { closeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { IsodriveError, isSystemError } from '../base/error.js';
import { hostPath, realHostPath, resolveHostPath } from '../base/path-text.js';
import { countFiles } from '../image/count-files.js';
import { openDirectory } from '../mount/open-directory.js';
import { prepareMountPoint } from '../mount/mount-point.js';
import type { MountPoint } from '../mount/mount-point.js';
import { FUSE_TYPE, findMount, readMountTable } from '../mount/mount-table.js';
import { pickValues } from '../options/option-values.js';
import { VIEW_OPTIONS } from '../options/view-options.js';
import type { ViewValues } from '../options/view-options.js';
import type { MountParams, PassedName } from '../protocol/messages.js';
import { FileSource } from '../source/file/file-source.js';
import { findRescueMap } from '../source/rescue-map/find-rescue-map.js';

/** Disposing closes what is open; the mount point stays. */
export interface OpenedForService extends AsyncDisposable {
  readonly names: readonly PassedName[];
  /** In the order of `names`. */
  readonly descriptors: readonly number[];
  /** The directory; what was made for it is the caller's to release where no mount comes of it. */
  readonly point: MountPoint;
  /** A disc is mounted on the directory that is named: it may be this one. */
  readonly isMounted: boolean;
}

/**
 * Rejects as FileSource.open, findRescueMap, prepareMountPoint and, where no directory is named, openImage do; with
 * `unsupported` for an image of several files, of which the service takes one.
 */
export async function openForService(params: MountParams, signal: AbortSignal): Promise<OpenedForService> {
  const source = await FileSource.open(params.image, signal);
  let mapFile: FileHandle | undefined;
  let point: MountPoint | undefined;
  const close = async (): Promise<void> => {
    await mapFile?.close();
    await source[Symbol.asyncDispose]();
  };
  try {
    await refuseSeveralFiles(params, signal);
    const map = await findRescueMap(params.image, source.size, params.map);
    mapFile = map && (await open(hostPath(map.path)));
    const label = params.directory === undefined ? await readLabel(params, signal) : '';
    const mounted = params.directory === undefined ? undefined : await findMounted(params.directory);
    point = mounted ?? (await prepareMountPoint(params.directory, label));
    const directory = openDirectory(point.directory);
    return {
      names: ['image', 'directory', ...(mapFile === undefined ? [] : (['map'] as const))],
      descriptors: [source.fileDescriptor, directory, ...(mapFile === undefined ? [] : [mapFile.fd])],
      point,
      isMounted: mounted !== undefined,
      [Symbol.asyncDispose]: () => {
        closeSync(directory);
        return close();
      },
    };
  } catch (thrown) {
    await point?.release();
    await close();
    throw thrown;
  }
}

/** With one of its files alone, the rest of the image would be missing. */
async function refuseSeveralFiles(params: MountParams, signal: AbortSignal): Promise<void> {
  const view = pickValues<ViewValues>(VIEW_OPTIONS, params);
  const count = await countFiles(params.image, { ...view, signal });
  if (count === 1) return;
  throw new IsodriveError(
    'unsupported',
    `Cannot mount "${params.image}" through the service: it is an image of ${count} files, and the service takes one`,
    { action: 'Mount it without --system: a daemon of your own opens all of them' },
  );
}

/** The directory, when a disc is mounted there. Only its parent is looked at: the server of the mount may be gone. */
async function findMounted(directory: string): Promise<MountPoint | undefined> {
  const path = resolveHostPath(directory);
  try {
    const place = join(await realHostPath(dirname(path)), basename(path));
    const isOurs = findMount(readMountTable(), place)?.type === FUSE_TYPE;
    return isOurs ? { directory: place, created: false, release: () => Promise.resolve() } : undefined;
  } catch (thrown) {
    // What is wrong with the path is said where it is prepared.
    if (!isSystemError(thrown)) throw thrown;
    return undefined;
  }
}

/** The label names the folder that is made; nobody but the user may make it. */
async function readLabel(params: MountParams, signal: AbortSignal): Promise<string> {
  // Only here: its parsers take longer to load than all else.
  const { openImage } = await import('../image/open-image.js');
  const view = pickValues<ViewValues>(VIEW_OPTIONS, params);
  await using opened = await openImage(params.image, { ...view, signal });
  return opened.tree.label;
}
