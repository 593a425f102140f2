// Opens for the system service what a mount needs: as the user, who thereby proves that they may. The service opens
// nothing, so the image is opened here as its reader would, to learn which files it has.
import { closeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isSystemError } from '../base/error.js';
import { hostPath, realHostPath, resolveHostPath } from '../base/path-text.js';
import { openDirectory } from '../mount/open-directory.js';
import { prepareMountPoint } from '../mount/mount-point.js';
import type { MountPoint } from '../mount/mount-point.js';
import { FUSE_TYPE, findMount, readMountTable } from '../mount/mount-table.js';
import { pickValues } from '../options/option-values.js';
import { VIEW_OPTIONS } from '../options/view-options.js';
import type { ViewValues } from '../options/view-options.js';
import type { MountParams } from '../protocol/messages.js';
import { FileSource } from '../source/file/file-source.js';
import { PathFolder } from '../source/file/path-folder.js';
import { NO_FOLDER } from '../source/image-files.js';
import { withMap } from '../source/open-image-file.js';
import type { OpenedSource } from '../source/open-image-file.js';
import { isDevicePath } from '../source/optical/open-drive-device.js';
import { findRescueMap } from '../source/rescue-map/find-rescue-map.js';

/** Disposing closes what is open; the mount point stays. */
export interface OpenedForService extends AsyncDisposable {
  /** What is passed, by name. */
  readonly names: Required<Pick<MountParams, 'descriptors' | 'beside'>>;
  /** In the order of `names.descriptors`, and then of `names.beside`. */
  readonly descriptors: readonly number[];
  /** The directory; what was made for it is the caller's to release where no mount comes of it. */
  readonly point: MountPoint;
  /** A disc is mounted on the directory that is named: it may be this one. */
  readonly isMounted: boolean;
}

/** Rejects as FileSource.open, findRescueMap, prepareMountPoint and openImage do. */
export async function openForService(params: MountParams, signal: AbortSignal): Promise<OpenedForService> {
  const main = await FileSource.open(params.image, signal);
  let image: OpenedSource | undefined;
  let mapFile: FileHandle | undefined;
  let point: MountPoint | undefined;
  const close = async (): Promise<void> => {
    await mapFile?.close();
    await (image?.files ?? main)[Symbol.asyncDispose]();
  };
  try {
    const map = await findRescueMap(params.image, main.size, params.map);
    mapFile = map && (await open(hostPath(map.path)));
    const isDrive = await isDevicePath(params.image);
    image = withMap(main, isDrive ? NO_FOLDER : new PathFolder(params.image), map?.map);
    const label = await openAsReader(image, params, signal);
    const mounted = params.directory === undefined ? undefined : await findMounted(params.directory);
    point = mounted ?? (await prepareMountPoint(params.directory, label));
    const directory = openDirectory(point.directory);
    const beside = image.files.beside.flatMap(({ name, source }) =>
      source.base === undefined ? [] : [{ name, descriptor: source.base.descriptor }],
    );
    return {
      names: {
        descriptors: ['image', 'directory', ...(mapFile === undefined ? [] : (['map'] as const))],
        beside: beside.map(({ name }) => name),
      },
      descriptors: [
        ...[main.fileDescriptor, directory, ...(mapFile === undefined ? [] : [mapFile.fd])],
        ...beside.map(({ descriptor }) => descriptor),
      ],
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

/**
 * Has the format of an image open all of its files, which stay open. Gives the label of the disc where no directory is
 * named: it names the folder that is made, which nobody but the user may make.
 */
async function openAsReader(
  { files, damage }: OpenedSource,
  params: MountParams,
  signal: AbortSignal,
): Promise<string> {
  // Only here: parsers take longer to load than all else.
  if (params.directory === undefined) {
    const { openFiles } = await import('../image/open-image.js');
    const view = pickValues<ViewValues>(VIEW_OPTIONS, params);
    return (await openFiles(files, damage, { ...view, signal })).tree.label;
  }
  await (await import('../image/find-files.js')).openAllFiles(files, signal);
  return '';
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
