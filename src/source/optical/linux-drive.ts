// An optical drive of Linux: SG_IO and the ioctls of its CD-ROM layer.
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { getSystemErrorName } from 'node:util';
import { isAddonError } from '../../../native/index.js';
import type { Addon, DriveRequest, ScsiResult } from '../../../native/index.js';
import { readSysfsSize } from '../block-device-size.js';
import { tryToLoadAddon } from '../load-addon.js';
import type { DeviceFacts, DriveDevice, DriveMode } from './drive-device.js';

export class LinuxDrive implements DriveDevice {
  readonly fileDescriptor: number;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #addon: Addon;

  private constructor(path: string, handle: FileHandle, addon: Addon) {
    this.#path = path;
    this.#handle = handle;
    this.fileDescriptor = handle.fd;
    this.#addon = addon;
  }

  /** With mode `disc` the kernel looks for the disc, and locks the tray. See openDriveDevice. */
  static async open(path: string, mode: DriveMode): Promise<LinuxDrive | undefined> {
    const addon = tryToLoadAddon();
    if (addon === undefined) return undefined;
    const handle = await open(path, constants.O_RDONLY | (mode === 'quiet' ? constants.O_NONBLOCK : 0));
    try {
      await addon.driveRequest(handle.fd, 'status', 0);
      return new LinuxDrive(path, handle, addon);
    } catch (thrown) {
      await handle.close();
      if (isAddonError(thrown)) return undefined;
      throw thrown;
    }
  }

  request(request: DriveRequest, argument: number): Promise<number> {
    return this.#addon.driveRequest(this.fileDescriptor, request, argument).catch(rethrow);
  }

  command(command: Uint8Array, target: Uint8Array, timeout: number): Promise<ScsiResult> {
    return this.#addon.scsiCommand(this.fileDescriptor, command, target, timeout).catch(rethrow);
  }

  async describe(): Promise<DeviceFacts> {
    const { dev, ino, mtimeNs, rdev } = await stat(this.#path, { bigint: true });
    const identity = { device: dev, inode: ino, modified: mtimeNs };
    return { identity, kernelSize: (await readSysfsSize(rdev)) ?? 0 };
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function rethrow(thrown: unknown): never {
  if (!isAddonError(thrown)) throw thrown;
  throw Object.assign(thrown, { code: getSystemErrorName(-thrown.errno) });
}
