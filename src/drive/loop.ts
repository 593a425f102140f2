// Images as loop devices of this machine: by the kernel where this process may attach them, else through udisks2, which
// asks the system's policy. Read-only; a device is free again when its last user, this process among them, lets it go.
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { isAddonError } from '../../native/index.js';
import { IsodriveError } from '../base/error.js';
import { SECTOR_SIZE } from '../disc/data-stream.js';
import { tryToLoadAddon } from '../io/load-addon.js';
import { requireUserData } from './open-drive-image.js';
import type { DriveImage } from './open-drive-image.js';

const UDISKS = 'udisksctl';
/** errno of a process that may not: EPERM, EACCES. */
const REFUSALS = [1, 13];
/** Milliseconds; it may ask the user for a password. */
const UDISKS_DEADLINE = 120_000;
const MAX_OUTPUT = 65_536;

/**
 * Deletes the device when standard input ends, which it does however this process does. A process of its own session,
 * since a key that interrupts us would interrupt it too.
 */
const DELETE_AT_END = `cat > /dev/null; exec ${UDISKS} loop-delete --block-device "$1" --no-user-interaction`;

export interface LoopDrive extends AsyncDisposable {
  /** Path of the device. */
  readonly path: string;
  /** Bytes of a sector of the device; udisks2 2.9 cannot set it to those of a disc. */
  readonly sectorSize: number;
}

/**
 * Rejects with `unsupported` (not plain sectors of 2048 bytes, or a system without loop devices), `permission`
 * (neither way is open), or `internal`.
 */
export async function attachLoop(image: DriveImage): Promise<LoopDrive> {
  if (process.platform === 'win32') {
    throw new IsodriveError('unsupported', 'Found --loop, expected none: Windows has no loop devices', {
      action: 'Attach the image with isodrive mount, or serve it with --iscsi',
    });
  }
  const file = plainFile(image);
  const addon = tryToLoadAddon();
  if (addon === undefined) {
    throw new IsodriveError('unsupported', 'Cannot attach loop devices: the addon for Linux was not built', {
      action: 'Run npm run build on Linux, or serve it with --nbd or --iscsi',
    });
  }
  try {
    const { path, descriptor } = await addon.attachLoop(file, SECTOR_SIZE);
    return {
      path,
      sectorSize: SECTOR_SIZE,
      [Symbol.asyncDispose]: () => {
        closeSync(descriptor);
        return Promise.resolve();
      },
    };
  } catch (thrown) {
    if (!isAddonError(thrown)) throw thrown;
    if (REFUSALS.includes(thrown.errno)) return attachByUdisks(image.path, file);
    const message = `Cannot attach "${image.path}" to a loop device: ${thrown.message}`;
    throw new IsodriveError('policy', message, {
      cause: thrown,
      action: 'Load the module loop (modprobe loop), or serve it with --nbd and attach that with nbd-client',
    });
  }
}

/** The kernel maps a file as it is, so the file has to be the disc's own bytes. */
function plainFile(image: DriveImage): number {
  const { path, isDamaged } = image;
  const userData = requireUserData(image);
  const [source] = userData.bases;
  const base = source?.base;
  // Nothing may follow, such as sound in the same file.
  const isPlain = userData.locate(0, userData.size) === 0 && source?.size === userData.size;
  if (isPlain && base?.absent.length === 0) return base.descriptor;
  const found = isDamaged
    ? 'its map says that sectors are missing, expected all: the kernel would show zeros'
    : 'it is not stored as plain sectors, expected 2048 bytes each';
  throw new IsodriveError('unsupported', `Cannot serve "${path}" as a loop device: ${found}`, {
    action: 'Serve it with --nbd, and attach that with nbd-client: it gives what the image has',
  });
}

/** `file`: its descriptor, since the file of the disc's bytes may be another one than the image's sheet. */
async function attachByUdisks(path: string, file: number): Promise<LoopDrive> {
  const said = await runUdisks('loop-setup', '--read-only', '--file', `/proc/${process.pid}/fd/${file}`);
  const device = /(\/dev\/loop\d+)\.?\s*$/.exec(said.stdout)?.[1];
  if (said.status !== 0 || device === undefined) {
    throw refuse(path, said.stderr.trim() === '' ? `udisks2 ended with ${said.status}` : said.stderr.trim());
  }
  return {
    path: device,
    sectorSize: await readSectorSize(device),
    // A device that is mounted stays until it is unmounted: the kernel has set it to go then.
    [Symbol.asyncDispose]: deleteAtEnd(device),
  };
}

/** Gives what deletes the device now. */
function deleteAtEnd(device: string): () => Promise<void> {
  const child = spawn('/bin/sh', ['-c', DELETE_AT_END, 'sh', device], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  child.stdin.on('error', () => undefined);
  return () => {
    child.stdin.end();
    return ended;
  };
}

async function readSectorSize(device: string): Promise<number> {
  return Number(await readFile(`/sys/class/block/${basename(device)}/queue/logical_block_size`, 'utf8'));
}

function refuse(path: string, why: string): IsodriveError {
  return new IsodriveError('permission', `Cannot attach "${path}" to a loop device: ${why}`, {
    action: 'Run it as root, or start udisks2 (package udisks2) and be allowed to by its policy',
  });
}

interface Said {
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

function runUdisks(...args: readonly string[]): Promise<Said> {
  return new Promise((resolve) => {
    const child = spawn(UDISKS, [...args, '--no-user-interaction'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    // Not spawn's own timeout: that goes on, and keeps the process, when there is no such program.
    const timer = setTimeout(() => child.kill(), UDISKS_DEADLINE);
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        if (text[name].length < MAX_OUTPUT) text[name] += chunk.toString();
      });
    }
    child.once('error', ({ code = 'an error' }: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      const why = code === 'ENOENT' ? 'permission is denied, and udisksctl is not installed' : code;
      resolve({ status: code, stdout: '', stderr: why });
    });
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ status: status ?? signal ?? 'no status', ...text });
    });
  });
}
