// The folder with the metadata of mounts: NAME.erofs, which the kernel has open, and NAME.erofs.json, in which the
// daemon notes what the mount is, so that the next daemon knows it.
import { randomBytes } from 'node:crypto';
import { open, readFile, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '../../base/error.js';
import { makeFolders } from '../../base/make-folders.js';
import { readMountTable } from '../mount-table.js';
import type { MountTableEntry } from '../mount-table.js';

const SUFFIX = '.erofs';
const NOTE_SUFFIX = '.json';
const NAME_BYTES = 8;
/** Major device number of loop devices (Documentation/admin-guide/devices.txt). */
const LOOP_MAJOR = '7:';

export class MetadataFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** A new, empty file for the metadata of a mount. */
  async create(): Promise<{ readonly path: string; readonly handle: FileHandle }> {
    await makeFolders(this.path, 0o700);
    const path = join(this.path, `${randomBytes(NAME_BYTES).toString('hex')}${SUFFIX}`);
    return { path, handle: await open(path, 'wx+', 0o600) };
  }

  /** Removes metadata and its note; never rejects: what is left behind goes when the next daemon starts. */
  async remove(metadataPath: string): Promise<void> {
    const note = metadataPath + NOTE_SUFFIX;
    for (const path of [metadataPath, note, unfinished(note)])
      await rm(path, { force: true }).catch(() => undefined);
  }

  /** Writes the note on a mount, whole or not at all. */
  async writeNote(metadataPath: string, note: unknown): Promise<void> {
    const path = metadataPath + NOTE_SUFFIX;
    await writeFile(unfinished(path), JSON.stringify(note), { mode: 0o600 });
    await rename(unfinished(path), path);
  }

  /** The note on a mount; undefined when there is none that can be read. */
  async readNote(metadataPath: string): Promise<unknown> {
    try {
      return JSON.parse(await readFile(metadataPath + NOTE_SUFFIX, 'utf8'));
    } catch {
      return undefined;
    }
  }

  /** Paths of the metadata files there. */
  async list(): Promise<string[]> {
    try {
      const names = await readdir(this.path);
      return names.filter((name) => name.endsWith(SUFFIX)).map((name) => join(this.path, name));
    } catch (thrown) {
      if (isSystemError(thrown) && thrown.code === 'ENOENT') return [];
      throw thrown;
    }
  }
}

/** The note while it is being written. */
function unfinished(note: string): string {
  return `${note}.new`;
}

/** The mount that a metadata file serves, itself or through a loop device. */
export async function findMetadataMount(metadataPath: string): Promise<MountTableEntry | undefined> {
  // The kernel names a loop device's file without the symlinks that lead to it.
  const names = [metadataPath, await realpath(metadataPath).catch(() => metadataPath)];
  for (const entry of readMountTable().toReversed()) {
    if (entry.type === 'erofs' && names.includes(await metadataOf(entry))) return entry;
  }
  return undefined;
}

async function metadataOf(entry: MountTableEntry): Promise<string> {
  if (!entry.device.startsWith(LOOP_MAJOR)) return entry.source;
  try {
    return (await readFile(`/sys/dev/block/${entry.device}/loop/backing_file`, 'utf8')).trimEnd();
  } catch {
    return '';
  }
}
