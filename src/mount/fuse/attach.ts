// Makes and removes the kernel's side of a FUSE mount: root by mount(2), others through fusermount3, which passes
// the opened device back over a socket (libfuse, _FUSE_COMMFD).
import { closeSync, constants, openSync } from 'node:fs';
import type { Addon } from '../../../native/index.js';
import { IsodriveError, isSystemError } from '../../base/error.js';
import type { MountRequest } from '../mount-driver.js';
import { busyMount, mountByKernel, unmountByKernel } from '../mount-call.js';
import { FUSE_DEVICE } from '../probe-platform.js';
import { runHelper } from '../run-helper.js';

export const FUSERMOUNT = 'fusermount3';
/** Type shown in mount tables. */
const SUBTYPE = 'isodrive';

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** Mounts and gives the descriptor of /dev/fuse that serves it; the caller closes it. */
export async function attachFuse(addon: Addon, request: MountRequest): Promise<number> {
  return isRoot() ? attachAsRoot(addon, request) : attachByHelper(addon, request);
}

async function attachAsRoot(addon: Addon, request: MountRequest): Promise<number> {
  const device = openFuseDevice();
  const options = [
    `fd=${device}`,
    'rootmode=40000',
    `user_id=${process.geteuid?.() ?? 0}`,
    `group_id=${process.getegid?.() ?? 0}`,
    'default_permissions',
    ...(request.allowOther ? ['allow_other'] : []),
  ];
  try {
    await mountByKernel(addon, {
      source: request.sourceName,
      directory: request.directory,
      type: `fuse.${SUBTYPE}`,
      options,
    });
  } catch (thrown) {
    closeSync(device);
    throw thrown;
  }
  return device;
}

/** A plain descriptor: the collector would close a FileHandle. */
function openFuseDevice(): number {
  try {
    return openSync(FUSE_DEVICE, constants.O_RDWR);
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
      `subtype=${SUBTYPE}`,
      `fsname=${escapeOption(request.sourceName)}`,
      ...(request.allowOther ? ['allow_other'] : []),
    ];
    const { exit, message } = await runFusermount(['-o', options.join(','), '--', request.directory], theirs);
    if (exit === 0) return addon.receiveDescriptor(ours);
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
  return 'Run isodrive doctor';
}

/** Unmounts; rejects with `busy` while it is in use, unless `lazy`. Resolves when nothing is mounted there any more. */
export async function detachFuse(addon: Addon, directory: string, lazy: boolean): Promise<void> {
  if (isRoot()) return unmountByKernel(addon, directory, lazy);
  const { exit, message } = await runFusermount(['-u', ...(lazy ? ['-z'] : []), '--', directory]);
  if (exit === 0 || /not (found|mounted)|no such/i.test(message)) return;
  if (/busy/i.test(message)) throw busyMount(directory);
  throw new IsodriveError(
    'policy',
    `Cannot unmount "${directory}": ${message || `${FUSERMOUNT} gave ${exit}`}`,
  );
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
  } catch {
    return { exit: 127, message: `${FUSERMOUNT} is not installed` };
  }
}
