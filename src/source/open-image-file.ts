// Opens the bytes of a local image or drive, with the map of what could not be read when the image was made.
import type { ByteSource } from './byte-source.js';
import { DamagedSource } from './rescue-map/damaged-source.js';
import type { FileIo } from '../io/file-io.js';
import { FileSource, isBlockDevice } from './file/file-source.js';
import { PathFolder } from './file/path-folder.js';
import { NO_FOLDER, OpenedFiles } from './image-files.js';
import type { SiblingFolder } from './image-files.js';
import { findRescueMap, readRescueMap } from './rescue-map/find-rescue-map.js';
import { isDevicePath } from './optical/open-drive-device.js';
import type { DriveSource } from './optical/drive-source.js';
import { RescueMap } from './rescue-map/rescue-map.js';

export interface OpenedSource {
  /** Whoever disposes them closes all. */
  readonly files: OpenedFiles;
  /** The main one. */
  readonly source: ByteSource;
  /** Says what of the image cannot be read; absent when all of it can. */
  readonly damage: RescueMap | undefined;
}

/**
 * `map`: the map itself, or the path of its file; where absent, one beside the image is looked for. Rejects as
 * FileSource.open, DriveSource.open and findRescueMap do. The caller disposes the files.
 */
export async function openImageFile(
  path: string,
  map?: RescueMap | string,
  signal?: AbortSignal,
): Promise<OpenedSource> {
  const drive = await openDrive(path);
  const folder = drive === undefined ? new PathFolder(path) : NO_FOLDER;
  return withDamage(drive ?? (await FileSource.open(path, signal)), folder, async (size) =>
    map instanceof RescueMap ? map : (await findRescueMap(path, size, map))?.map,
  );
}

/** An image that somebody else has opened, and closes. */
export interface ImageDescriptors {
  readonly image: number;
  /** The file of its map. */
  readonly map?: number | undefined;
  /** Path of the map's file; where both are absent, one beside the image's path is looked for. */
  readonly mapPath?: string | undefined;
  /** The path is only a name: nothing is looked for beside it. */
  readonly isSealed?: boolean | undefined;
  /** The files beside it; none where absent. */
  readonly folder?: SiblingFolder | undefined;
  /** How they are read. */
  readonly io: FileIo;
}

/** Like openImageFile; `path` is what the image is called, and where a map is looked for. */
export async function openImageDescriptors(
  path: string,
  { image, map, mapPath, isSealed = false, folder = NO_FOLDER, io }: ImageDescriptors,
  signal?: AbortSignal,
): Promise<OpenedSource> {
  const isDevice = !isSealed && isBlockDevice(await io.stat(image));
  const opened = isDevice ? await (await loadDrives()).open(path, { descriptor: image }) : undefined;
  const source = opened ?? (await FileSource.adopt(image, path, signal, io));
  return withDamage(source, opened === undefined ? folder : NO_FOLDER, async (size) => {
    if (map !== undefined) return readRescueMap(map, `the map of ${path}`, size, io);
    return isSealed ? undefined : (await findRescueMap(path, size, mapPath, io))?.map;
  });
}

/** An image that is a file, with its map, if it has one, and what lies beside it. Takes ownership of the source. */
export function withMap(file: ByteSource, folder: SiblingFolder, map: RescueMap | undefined): OpenedSource {
  const isDamaged = map !== undefined && !map.isRescued(0, file.size);
  const source = isDamaged ? new DamagedSource(file, map) : file;
  return { files: new OpenedFiles(source, folder), source, damage: isDamaged ? map : undefined };
}

/** Closes the file on rejection. */
async function withDamage(
  file: ByteSource,
  folder: SiblingFolder,
  findMap: (size: number) => Promise<RescueMap | undefined>,
): Promise<OpenedSource> {
  try {
    return withMap(file, folder, await findMap(file.size));
  } catch (thrown) {
    await file[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** Undefined for whatever is no optical drive; what is wrong with the path FileSource says. */
async function openDrive(path: string): Promise<DriveSource | undefined> {
  return (await isDevicePath(path)) ? (await loadDrives()).open(path) : undefined;
}

/** Most images are files, which are read without what talks to drives. */
async function loadDrives(): Promise<typeof DriveSource> {
  return (await import('./optical/drive-source.js')).DriveSource;
}
