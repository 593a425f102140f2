// What a caller has opened for a mount: image, mount point and, where there is one, the map. The service never opens a path
// for anybody, so that a caller gets what they can open themselves and learns nothing of what they cannot.
import { closeSync, constants, fstat, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import { loadAddon } from '../../native/index.js';
import { IsodriveError } from '../../src/base/error.js';
import type { CallerDescriptors, FileOwner, HeldDescriptors } from '../../src/mount/mount-driver.js';
import type { MountPoint } from '../../src/mount/mount-point.js';
import { refuseMountPoint } from '../../src/mount/mount-point.js';
import { mountIdOf, readMountTable } from '../../src/mount/mount-table.js';
import { O_PATH } from '../../src/mount/open-directory.js';
import type { ImageIdentity } from '../image-identity.js';
import type { Caller } from './caller.js';
import type { ReceivedDescriptors } from './received-descriptors.js';

/**
 * File systems whose directories may be mounted on. Others are not asked anything: a user's own (FUSE) could keep the
 * service waiting, and directories of /proc and the like mean more than they hold.
 */
const MOUNT_POINT_TYPES: ReadonlySet<string> = new Set([
  ...['bcachefs', 'btrfs', 'ext2', 'ext3', 'ext4', 'f2fs', 'jfs', 'overlay', 'ramfs', 'reiserfs', 'tmpfs'],
  ...['xfs', 'zfs', 'exfat', 'msdos', 'vfat', 'ntfs3', 'hfsplus', 'ceph', 'cifs', 'nfs', 'nfs4', 'smb3'],
]);
/** File systems that a user's program may serve: it could answer never. */
const USER_SERVED = /^fuse($|\.)/u;

const statDescriptor = promisify(fstat);

export class CallerFiles {
  readonly owner: FileOwner;
  readonly descriptors: CallerDescriptors;
  /** Where the mount point was found, for messages and lists. */
  readonly directory: string;
  #isClosed = false;

  /** Takes the descriptors. */
  constructor(owner: FileOwner, descriptors: CallerDescriptors, directory: string) {
    this.owner = { uid: owner.uid, gid: owner.gid };
    this.descriptors = descriptors;
    this.directory = directory;
  }

  /** Those that a daemon which died has left. Throws `internal`, and takes none, when one is missing. */
  static restore(
    owner: FileOwner,
    held: HeldDescriptors & Partial<CallerDescriptors>,
    directory: string,
  ): CallerFiles {
    const { image, point, map } = held;
    if (image !== undefined && point !== undefined) {
      return new CallerFiles(owner, { image, point, ...(map === undefined ? {} : { map }) }, directory);
    }
    throw new IsodriveError(
      'internal',
      'Found a mount of a user without its image, expected it among what was kept',
    );
  }

  /** The mount point, which holds all of it until it is released. */
  get point(): MountPoint {
    return {
      directory: this.directory,
      created: false,
      release: () => {
        this.close();
        return Promise.resolve();
      },
    };
  }

  /** Identity of the image now; undefined once it is closed. */
  async identify(): Promise<ImageIdentity | undefined> {
    if (this.#isClosed) return undefined;
    const found = await statDescriptor(this.descriptors.image, { bigint: true });
    return { device: found.dev, inode: found.ino, modified: found.mtimeNs, size: found.size };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { image, point, map } = this.descriptors;
    closeAll([image, point, map]);
  }
}

/**
 * Takes and checks what came with a call; `name` is what the caller calls the image. Rejects with `policy` when the call
 * names paths instead, `permission` or `usage` when something is not what it should be; all is closed then.
 */
export async function takeCallerFiles(
  received: ReceivedDescriptors,
  caller: Caller,
  name: string,
): Promise<CallerFiles> {
  if (!received.has('image') || !received.has('directory')) throw refusePaths();
  const image = received.take('image')!;
  const point = received.take('directory')!;
  const map = received.take('map');
  try {
    await checkFile(image, `the image "${name}"`, true);
    if (map !== undefined) await checkFile(map, 'the map', false);
    const directory = await checkPoint(point, caller);
    return new CallerFiles(caller, { image, point, ...(map === undefined ? {} : { map }) }, directory);
  } catch (thrown) {
    closeAll([image, point, map]);
    throw thrown;
  }
}

/** A file, or a drive, that was opened for reading, on a file system that no user's program serves. */
async function checkFile(descriptor: number, what: string, mayBeDrive: boolean): Promise<void> {
  const flags = loadAddon().descriptorFlags(descriptor);
  // O_RDONLY is 0: the access mode is what the mask leaves (fcntl(2)).
  const access = flags & (constants.O_WRONLY | constants.O_RDWR);
  if ((flags & O_PATH) !== 0 || access === constants.O_WRONLY) {
    throw new IsodriveError('permission', `Cannot read ${what}: it was not opened for reading`);
  }
  const type = fileSystemOf(descriptor, what);
  if (USER_SERVED.test(type)) {
    throw new IsodriveError(
      'policy',
      `Cannot read ${what}: found it on "${type}", expected a file system that no user's program serves`,
      { action: 'Copy it elsewhere, or mount it with a daemon of your own: leave --system out' },
    );
  }
  const stats = await statDescriptor(descriptor);
  if (stats.isFile() || (mayBeDrive && stats.isBlockDevice())) return;
  throw new IsodriveError('image-unreadable', `Cannot read ${what}: it is no file, expected one`, {
    action: 'Name the file that holds the disc image',
  });
}

/** A directory of the caller's own, as fusermount3 demands of what a user may not write to. Gives its path. */
async function checkPoint(descriptor: number, { uid }: Caller): Promise<string> {
  const what = 'the mount point';
  const type = fileSystemOf(descriptor, what);
  if (!MOUNT_POINT_TYPES.has(type)) {
    throw new IsodriveError(
      'policy',
      `Cannot mount on a directory of "${type}", expected an ordinary file system`,
      {
        action: 'Choose a directory elsewhere',
      },
    );
  }
  const stats = await statDescriptor(descriptor);
  if (!stats.isDirectory() || stats.nlink === 0) {
    throw new IsodriveError('usage', 'Mount point is no directory any more, expected an empty directory');
  }
  if (uid !== 0 && stats.uid !== uid) {
    throw new IsodriveError('permission', `Mount point belongs to user ${stats.uid}, expected user ${uid}`, {
      action: 'Choose a directory of your own',
    });
  }
  const directory = readlinkSync(`/proc/self/fd/${descriptor}`);
  refuseMountPoint(directory);
  return directory;
}

/** Type of the file system, from the mount table: the file system itself is not asked. */
function fileSystemOf(descriptor: number, what: string): string {
  const id = mountIdOf(descriptor);
  const found = readMountTable().find((entry) => entry.id === id);
  if (found !== undefined) return found.type;
  throw new IsodriveError(
    'policy',
    `Cannot use ${what}: it lies on a mount that the service does not see, expected one of the whole machine`,
    { action: 'Run the command outside of the container, or with a daemon of your own: leave --system out' },
  );
}

function refusePaths(): IsodriveError {
  return new IsodriveError(
    'policy',
    'Found a path to mount, expected an open image and an open directory: this service opens nothing for its callers',
    { action: 'Run isodrive mount --system, which opens both and passes them on' },
  );
}

function closeAll(descriptors: readonly (number | undefined)[]): void {
  for (const descriptor of descriptors) if (descriptor !== undefined) closeSync(descriptor);
}
