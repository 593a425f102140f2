// Driver `erofs`: writes metadata for the disc's tree once, and the kernel serves every file from the image itself. The
// mount needs us no more then: it outlives this process, and another can adopt it.
import { countBytes } from '../../base/byte-count.js';
import { loadAddon } from '../../../native/index.js';
import type { Addon } from '../../../native/index.js';
import { IsodriveError, toIsodriveError } from '../../base/error.js';
import type {
  ActiveMount,
  DriverAvailability,
  MountDriver,
  MountEnd,
  MountRequest,
} from '../mount-driver.js';
import { coveredMount, unmountByKernel } from '../mount-call.js';
import type { IndexMemory } from '../../index/index-memory.js';
import { RegionMemory } from '../fuse/region-memory.js';
import { findMount, readMountTable } from '../mount-table.js';
import type { MountTableEntry } from '../mount-table.js';
import { readRights } from '../rights.js';
import { MountWatcher } from '../mount-watcher.js';
import { mountErofs } from './backing.js';
import type { Backing } from './backing.js';
import { MetadataFolder, findMetadataMount } from './metadata-folder.js';
import { probeKernel } from './probe-kernel.js';
import type { KernelSupport } from './probe-kernel.js';
import { removeTrialFolder } from './trial-folder.js';
import { unsuitable } from './unsuitable.js';

/** statfs types of file systems that may keep a reader waiting: the kernel could not be interrupted (linux/magic.h). */
const REMOTE_TYPES = new Map<number, string>([
  [0x6969, 'NFS'],
  [0x6573_5546, 'FUSE'],
  [0xff53_4d42, 'CIFS'],
  [0xfe53_4d42, 'SMB'],
  [0x0102_1997, '9P'],
  [0x00c3_6400, 'Ceph'],
]);
/** Loop devices count in sectors, and a file's last block must be whole. */
const LOOP_UNIT = 2048;

export class ErofsMount implements ActiveMount {
  readonly driver = 'erofs';
  readonly servedByKernel = true;
  readonly directory: string;
  readonly device: string;
  readonly metadataPath: string;
  readonly ended: Promise<MountEnd>;
  readonly #addon: Addon;
  readonly #watcher: MountWatcher;
  readonly #folder: MetadataFolder;
  readonly #id: number;

  constructor(
    addon: Addon,
    watcher: MountWatcher,
    folder: MetadataFolder,
    metadataPath: string,
    entry: MountTableEntry,
  ) {
    this.#addon = addon;
    this.#watcher = watcher;
    this.#folder = folder;
    this.#id = entry.id;
    this.directory = entry.directory;
    this.device = entry.device;
    this.metadataPath = metadataPath;
    this.ended = watcher.waitForEnd(entry).then(async () => {
      await folder.remove(metadataPath);
      return { reason: 'unmounted' };
    });
  }

  /** Leaves word for the next process of what this mount is. */
  leaveNote(note: unknown): Promise<void> {
    return this.#folder.writeNote(this.metadataPath, note);
  }

  async unmount({ lazy }: { lazy: boolean }): Promise<void> {
    const top = findMount(readMountTable(), this.directory);
    // Whoever unmounted it before us, what is there now is not ours.
    if (top !== undefined && top.id !== this.#id && isMounted(this.#id, this.device))
      throw coveredMount(this.directory, top.source);
    if (top?.id === this.#id) await unmountByKernel(this.#addon, this.directory, lazy);
    this.#watcher.look();
    await this.ended;
  }
}

export interface ErofsDriverOptions {
  /** Folder for the metadata of mounts. */
  readonly folder: string;
  /** Ways of mounting to try, best first; all by default. */
  readonly backings?: readonly Backing[];
}

export class ErofsDriver implements MountDriver {
  readonly name = 'erofs';
  readonly isPartial = true;
  readonly folder: MetadataFolder;
  readonly #backings: readonly Backing[] | undefined;
  #loaded: { readonly addon: Addon; readonly watcher: MountWatcher } | undefined;
  #support: Promise<KernelSupport> | undefined;

  constructor({ folder, backings }: ErofsDriverOptions) {
    this.folder = new MetadataFolder(folder);
    this.#backings = backings;
  }

  #load(): { readonly addon: Addon; readonly watcher: MountWatcher } {
    if (this.#loaded === undefined) {
      const addon = loadAddon();
      this.#loaded = { addon, watcher: new MountWatcher(addon) };
    }
    return this.#loaded;
  }

  createMemory(): IndexMemory {
    return RegionMemory.allocate(this.#load().addon);
  }

  /** How this kernel mounts, found out once. Rejects when it cannot be tried. */
  probe(): Promise<KernelSupport> {
    this.#support ??= probeKernel(this.#load().addon, this.folder, this.#backings);
    return this.#support;
  }

  async check(): Promise<DriverAvailability> {
    if (process.geteuid?.() !== 0) {
      return { available: false, reason: 'only root may have the kernel mount it', fix: 'Use --driver fuse' };
    }
    try {
      const { backing, reason } = await this.probe();
      if (backing !== undefined) return { available: true };
      return {
        available: false,
        reason: `the kernel does not mount it (${reason})`,
        fix: readRights().isInContainer
          ? 'Needs Linux 6.4 or newer with EROFS; in a container, --privileged as well'
          : 'Needs Linux 6.4 or newer with EROFS, and CAP_SYS_ADMIN: sudo modprobe erofs',
      };
    } catch (thrown) {
      this.#support = undefined;
      return {
        available: false,
        reason: `it cannot be tried (${toIsodriveError(thrown).message})`,
        fix: `Make "${this.folder.path}" writable, and run scripts/isodrive again where the addon is missing`,
      };
    }
  }

  async mount(request: MountRequest): Promise<ActiveMount> {
    const { addon, watcher } = this.#load();
    const { backing } = await this.probe();
    const { image, label, directory, signal } = request;
    if (backing === undefined)
      throw new IsodriveError('policy', 'Cannot mount by EROFS: the kernel does not');
    const images = await checkImage(request, backing);
    const { path, handle } = await this.folder.create();
    try {
      await image.writeMetadata({ file: handle, label, signal });
      await mountErofs(addon, backing, {
        directory,
        metadataPath: path,
        metadata: handle.fd,
        images,
      });
      const entry = await findMetadataMount(path);
      if (entry === undefined) {
        await unmountByKernel(addon, directory, true);
        throw new Error(`Mount of "${path}" is not in the mount table`);
      }
      return new ErofsMount(addon, watcher, this.folder, path, entry);
    } catch (thrown) {
      await this.folder.remove(path);
      throw thrown;
    } finally {
      await handle.close();
    }
  }

  /** Removes a folder that a process has left which was killed while it tried the kernel. Before any other call. */
  clearTrial(path: string): Promise<void> {
    return removeTrialFolder(this.#load().addon, path);
  }

  /** The mount that a metadata file serves, made by another process; undefined when there is none. */
  async adopt(metadataPath: string): Promise<ErofsMount | undefined> {
    const entry = await findMetadataMount(metadataPath);
    if (entry === undefined) return undefined;
    const { addon, watcher } = this.#load();
    return new ErofsMount(addon, watcher, this.folder, metadataPath, entry);
  }
}

function isMounted(id: number, device: string): boolean {
  return readMountTable().some((entry) => entry.id === id && entry.device === device);
}

/** Descriptors of an image that the kernel can read for itself: local files. Rejects with `unsupported` otherwise. */
async function checkImage({ image, sourceName }: MountRequest, backing: Backing): Promise<readonly number[]> {
  if (image.isChecked)
    throw unsuitable(sourceName, 'its files are verified as they are read, which no kernel does');
  const files = image.kernelFiles;
  if (files.length === 0) throw unsuitable(sourceName, 'it is no plain file');
  for (const { isRegularFile, fileSystemType } of await image.locate()) {
    if (!isRegularFile)
      throw unsuitable(sourceName, 'it is a drive, whose whole tree must not be read before it is mounted');
    const remote = REMOTE_TYPES.get(fileSystemType);
    if (remote !== undefined)
      throw unsuitable(sourceName, `it lies on ${remote}, where a reader may have to be interrupted`);
  }
  for (const { size } of files)
    if (backing === 'loop' && size % LOOP_UNIT !== 0)
      throw unsuitable(sourceName, `its ${countBytes(size)} are no whole blocks, as a loop device needs`);
  return files.map(({ descriptor }) => descriptor);
}
