// Makes and removes the kernel's side of a FUSE mount: root by mount(2), others through fusermount3, which passes
// the opened device back over a socket (libfuse, _FUSE_COMMFD).
import { closeSync, constants, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Addon } from '../../../native/index.js';
import { IsodriveError, isSystemError } from '../../base/error.js';
import { hostPath } from '../../base/path-text.js';
import type { MountRequest } from '../mount-driver.js';
import { coveredMount, mountByKernel, unmountByKernel } from '../mount-call.js';
import { FUSE_SUBTYPE, FUSE_TYPE, mountIdOf, readMountTable } from '../mount-table.js';
import type { MountTableEntry } from '../mount-table.js';
import { O_PATH, placeOf } from '../open-directory.js';
import { FUSE_DEVICE, FUSE_DEVICE_FLAGS } from '../probe-platform.js';
import { adviseOnRefusal } from '../rights.js';
import { runHelper } from '../run-helper.js';
import { unmountByHelper } from '../unmount-by-helper.js';

export const FUSERMOUNT = 'fusermount3';

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** Mounts and gives the descriptor of /dev/fuse that serves it; the caller closes it. */
export async function attachFuse(addon: Addon, request: MountRequest): Promise<number> {
  return isRoot() ? attachAsRoot(addon, request) : attachByHelper(addon, request);
}

async function attachAsRoot(addon: Addon, request: MountRequest): Promise<number> {
  const device = openFuseDevice();
  const { uid, gid } = request.owner ?? { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  const options = [
    `fd=${device}`,
    'rootmode=40000',
    `user_id=${uid}`,
    `group_id=${gid}`,
    'default_permissions',
    ...(request.allowOther ? ['allow_other'] : []),
  ];
  try {
    await mountByKernel(addon, {
      source: request.sourceName,
      directory: request.directory,
      point: request.point,
      type: FUSE_TYPE,
      options,
    });
    if (request.point !== undefined) await checkUncovered(addon, request, request.point);
  } catch (thrown) {
    closeSync(device);
    throw thrown;
  }
  return device;
}

/** What is mounted on an open directory already gets the new mount on top: it is not the directory that was meant. */
async function checkUncovered(addon: Addon, request: MountRequest, point: number): Promise<void> {
  if (findMountAt(point, ({ source }) => source === request.sourceName) !== undefined) return;
  await unmountByKernel(addon, request.directory, true, point);
  throw new IsodriveError(
    'busy',
    `Cannot mount on "${request.directory}": found something mounted there, expected an empty directory`,
    { action: 'Unmount it first, or choose another directory' },
  );
}

/** A plain descriptor: the collector would close a FileHandle. */
function openFuseDevice(): number {
  try {
    return openSync(FUSE_DEVICE, FUSE_DEVICE_FLAGS);
  } catch (thrown) {
    const code = isSystemError(thrown) ? thrown.code : 'unknown';
    throw new IsodriveError('policy', `Cannot open "${FUSE_DEVICE}": ${code}, expected to be allowed to`, {
      cause: thrown,
    });
  }
}

async function attachByHelper(addon: Addon, request: MountRequest): Promise<number> {
  const [ours, theirs] = addon.createSocketPair();
  try {
    const options = [
      'ro',
      'nosuid',
      'nodev',
      'default_permissions',
      `subtype=${FUSE_SUBTYPE}`,
      `fsname=${escapeOption(request.sourceName)}`,
      ...(request.allowOther ? ['allow_other'] : []),
    ];
    const { exit, message } = await runFusermount(['-o', options.join(','), '--', request.directory], theirs);
    if (exit === 0) {
      const device = addon.receiveDescriptor(ours);
      addon.markDescriptor(device);
      return device;
    }
    throw new IsodriveError(
      'policy',
      `Cannot mount at "${request.directory}": ${message || `${FUSERMOUNT} gave ${exit}`}`,
      {
        action: helperFix(message),
      },
    );
  } finally {
    closeSync(ours);
    closeSync(theirs);
  }
}

/** fusermount3 splits its options at commas; a backslash keeps one (libfuse mount_util). */
function escapeOption(text: string): string {
  return text.replaceAll(/[\\,]/g, '\\$&');
}

function helperFix(message: string): string {
  if (message.includes('user_allow_other'))
    return 'Add the line user_allow_other to /etc/fuse.conf, or leave --allow-other out';
  if (message.includes('determine username'))
    return `User ${process.getuid?.()} has no account here: sudo useradd --uid ${process.getuid?.()} NAME`;
  return adviseOnRefusal();
}

/** Unmounts; rejects with `busy` while it is in use, unless `lazy`. Resolves when nothing is mounted there any more. */
export async function detachFuse(addon: Addon, directory: string, lazy: boolean): Promise<void> {
  if (isRoot()) return unmountByKernel(addon, directory, lazy);
  return unmountByHelper(directory, lazy);
}

/** The mount at an open directory, seen in the mount table; undefined where `source` is not mounted on it. */
export function findMountAt(
  point: number,
  isOurs: (entry: MountTableEntry) => boolean,
): MountTableEntry | undefined {
  const below = mountIdOf(point);
  return readMountTable().findLast(
    (entry) => entry.parentId === below && entry.type === FUSE_TYPE && isOurs(entry),
  );
}

/**
 * Unmounts a mount of ours on an open directory, whatever has its path by now. Rejects with `busy` while it is in use,
 * unless `lazy`, and when somebody has mounted over it.
 */
export async function detachAt(
  addon: Addon,
  point: number,
  device: string | undefined,
  lazy: boolean,
): Promise<void> {
  const mount = findMountAt(point, (entry) => entry.device === device);
  if (mount === undefined) return;
  const cover = readMountTable().find(
    (entry) => entry.parentId === mount.id && entry.directory === mount.directory,
  );
  if (cover !== undefined) throw coveredMount(mount.directory, cover.source);
  await unmountByKernel(addon, mount.directory, lazy, point);
}

/**
 * Unmounts, lazily, exactly what the mount table has shown, below directories that users may have moved or exchanged
 * since: the place is opened, and has to be the one that was meant. Does nothing where it is not any more.
 */
export async function detachFrom(addon: Addon, mount: MountTableEntry): Promise<void> {
  const opened: number[] = [];
  const open = (path: string): number => {
    const descriptor = openSync(hostPath(path), O_PATH | constants.O_NOFOLLOW);
    opened.push(descriptor);
    return descriptor;
  };
  try {
    const parent = open(dirname(mount.directory));
    // By our number: a path that is not UTF-8 is unmounted by a program of its own.
    const child = `/proc/${process.pid}/fd/${parent}/${basename(mount.directory)}`;
    const isSame = placeOf(parent) === dirname(mount.directory) && mountIdOf(open(child)) === mount.id;
    if (isSame) await unmountByKernel(addon, child, true);
  } catch (thrown) {
    if (!isSystemError(thrown)) throw thrown;
  } finally {
    opened.forEach(closeSync);
  }
}

interface FusermountResult {
  readonly exit: number;
  readonly message: string;
}

/** Runs fusermount3, with `socket` as the descriptor it sends the device through. Exit 127: not installed. */
async function runFusermount(args: readonly string[], socket?: number): Promise<FusermountResult> {
  try {
    const { status, message } = await runHelper(FUSERMOUNT, args, socket === undefined ? {} : { socket });
    return { exit: status ?? 1, message: message.replace(/^fusermount3: /, '') };
  } catch (thrown) {
    if (isSystemError(thrown) && thrown.code === 'ENOENT')
      return { exit: 127, message: `${FUSERMOUNT} is not installed` };
    throw thrown;
  }
}
