// What a caller has opened for a mount: image, the files beside it that are part of it, mount point and, where there is
// one, the map. The service never opens a path for anybody, so that a caller gets what they can open themselves and
// learns nothing of what they cannot.
import { closeSync, constants } from 'node:fs';
import { basename } from 'node:path';
import { loadAddon } from '../../native/index.js';
import { IsodriveError } from '../../src/base/error.js';
import type { CallerDescriptors, FileOwner, HeldDescriptors } from '../../src/mount/mount-driver.js';
import type { MountPoint } from '../../src/mount/mount-point.js';
import { refuseMountPoint } from '../../src/mount/mount-point.js';
import { mountIdOf, readMountTable } from '../../src/mount/mount-table.js';
import type { MountTableEntry } from '../../src/mount/mount-table.js';
import { O_PATH, placeOf } from '../../src/mount/open-directory.js';
import { PASSED_NAMES } from '../../src/protocol/messages.js';
import { abortable } from '../../src/base/abortable.js';
import type { FileFacts, FileIo } from '../../src/io/file-io.js';
import type { FileIdentities, ImageIdentity } from '../reader/image-identity.js';
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

export class CallerFiles {
  readonly owner: FileOwner;
  readonly descriptors: CallerDescriptors;
  /** Of the image's files, when they were passed; undefined where an earlier daemon has taken them. */
  readonly identities: FileIdentities | undefined;
  /** Where the mount point was found, for messages and lists. */
  readonly directory: string;
  #isClosed = false;

  /** Takes the descriptors. */
  constructor(
    owner: FileOwner,
    descriptors: CallerDescriptors,
    directory: string,
    identities?: FileIdentities,
  ) {
    this.identities = identities;
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
    const { image, point, map, beside = [] } = held;
    if (image !== undefined && point !== undefined) {
      const descriptors = { image, beside, point, ...(map === undefined ? {} : { map }) };
      return new CallerFiles(owner, descriptors, directory);
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

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { image, point, map, beside } = this.descriptors;
    closeAll([image, point, map, ...beside.map(({ descriptor }) => descriptor)]);
  }
}

export interface PassedFiles {
  readonly received: ReceivedDescriptors;
  readonly caller: Caller;
  /** What the caller calls the image. */
  readonly name: string;
  /** Looks at them: they may lie where nothing answers. */
  readonly io: FileIo;
  readonly signal: AbortSignal;
}

/**
 * Checks what came with a call, and takes it. Rejects with `policy` when the call names paths instead, `permission`,
 * `image-unreadable` or `usage` when something is not what it should be, or `cancelled`; nothing is taken then.
 */
export async function takeCallerFiles(passed: PassedFiles): Promise<CallerFiles> {
  const { received, caller, io, signal } = passed;
  const [image, point, map] = [received.get('image'), received.get('directory'), received.get('map')];
  if (image === undefined || point === undefined) throw refusePaths();
  const identities = await lookAtImage(passed);
  if (map !== undefined) await abortable(checkFile(map, 'the map', { io, table: readMountTable() }), signal);
  const directory = await abortable(checkPoint(point, caller, io), signal);
  for (const taken of PASSED_NAMES) received.take(taken);
  const beside = received.takeBeside();
  const descriptors = { image, beside, point, ...(map === undefined ? {} : { map }) };
  return new CallerFiles(caller, descriptors, directory, identities);
}

/**
 * The place, when what came as directory is the root of a mount that the caller has; that mount is not asked. It is
 * closed at once: while it is open the mount is in use.
 */
export function takeMountedPoint(
  received: ReceivedDescriptors,
  isOwnMount: (entry: MountTableEntry) => boolean,
): MountTableEntry | undefined {
  const point = received.get('directory');
  if (point === undefined) return undefined;
  const id = mountIdOf(point);
  const entry = readMountTable().find((candidate) => candidate.id === id);
  if (entry === undefined || !isOwnMount(entry) || placeOf(point) !== entry.directory) return undefined;
  received.take('directory');
  closeSync(point);
  return entry;
}

/** Identities of the image's files that came. Rejects as takeCallerFiles does; nothing is taken. */
export function lookAtImage(passed: Omit<PassedFiles, 'caller'>): Promise<FileIdentities> {
  const { received, name, io, signal } = passed;
  const image = received.get('image');
  if (image === undefined) throw refusePaths();
  const { beside } = received;
  const own = basename(name);
  if (beside.some((one) => one.name === own)) {
    throw new IsodriveError(
      'usage',
      `Found "${own}" among the files beside "${name}", expected others alone`,
    );
  }
  // Once for all of them: reading it takes this thread some milliseconds where much is mounted.
  const table = readMountTable();
  const look = async (): Promise<FileIdentities> => {
    const identity = identityIn(
      await checkFile(image, `the image "${name}"`, { io, table, mayBeDrive: true }),
    );
    const others = beside.map(async (one) => {
      const what = `the file "${one.name}" beside the image "${name}"`;
      return { name: one.name, ...identityIn(await checkFile(one.descriptor, what, { io, table })) };
    });
    return { identity, beside: await Promise.all(others) };
  };
  return abortable(look(), signal);
}

function identityIn({ device, inode, modified, size }: FileFacts): ImageIdentity {
  return { device, inode, modified, size };
}

interface FileCheck {
  readonly io: FileIo;
  readonly table: readonly MountTableEntry[];
  readonly mayBeDrive?: boolean;
}

/** A file, or a drive, that was opened for reading, on a file system that no user's program serves. */
async function checkFile(
  descriptor: number,
  what: string,
  { io, table, mayBeDrive = false }: FileCheck,
): Promise<FileFacts> {
  const flags = loadAddon().descriptorFlags(descriptor);
  // O_RDONLY is 0: the access mode is what the mask leaves (fcntl(2)).
  const access = flags & (constants.O_WRONLY | constants.O_RDWR);
  if ((flags & O_PATH) !== 0 || access === constants.O_WRONLY) {
    throw new IsodriveError('permission', `Cannot read ${what}: it was not opened for reading`);
  }
  const type = fileSystemOf(descriptor, what, table);
  if (USER_SERVED.test(type)) {
    throw new IsodriveError(
      'policy',
      `Cannot read ${what}: found it on "${type}", expected a file system that no user's program serves`,
      { action: 'Copy it elsewhere, or mount it with a daemon of your own: leave --system out' },
    );
  }
  const facts = await io.stat(descriptor);
  const kind = facts.mode & constants.S_IFMT;
  if (kind === constants.S_IFREG || (mayBeDrive && kind === constants.S_IFBLK)) return facts;
  throw new IsodriveError('image-unreadable', `Cannot read ${what}: it is no file, expected one`, {
    action: 'Name the file that holds the disc image',
  });
}

/** A directory of the caller's own, as fusermount3 demands of what a user may not write to. Gives its path. */
async function checkPoint(descriptor: number, { uid }: Caller, io: FileIo): Promise<string> {
  const directory = placeOf(descriptor);
  refuseMountPoint(directory);
  const type = fileSystemOf(descriptor, 'the mount point', readMountTable());
  if (!MOUNT_POINT_TYPES.has(type)) {
    throw new IsodriveError(
      'policy',
      `Cannot mount on a directory of "${type}", expected an ordinary file system`,
      {
        action: 'Choose a directory elsewhere',
      },
    );
  }
  const { mode, links, user } = await io.stat(descriptor);
  if ((mode & constants.S_IFMT) !== constants.S_IFDIR || links === 0) {
    throw new IsodriveError('usage', 'Mount point is no directory any more, expected an empty directory');
  }
  if (uid !== 0 && user !== uid) {
    throw new IsodriveError('permission', `Mount point belongs to user ${user}, expected user ${uid}`, {
      action: 'Choose a directory of your own',
    });
  }
  return directory;
}

/** Type of the file system, from the mount table: the file system itself is not asked. */
function fileSystemOf(descriptor: number, what: string, table: readonly MountTableEntry[]): string {
  const id = mountIdOf(descriptor);
  const found = table.find((entry) => entry.id === id);
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

/** In the background: a file system that is dead may keep even that waiting. */
function closeAll(descriptors: readonly (number | undefined)[]): void {
  loadAddon().closeDescriptors(descriptors.filter((descriptor) => descriptor !== undefined));
}
