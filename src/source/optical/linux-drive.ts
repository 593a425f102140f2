// An optical drive of Linux: SG_IO and the ioctls of its CD-ROM layer.
import { close, constants, open } from 'node:fs';
import { stat } from 'node:fs/promises';
import { getSystemErrorName, promisify } from 'node:util';
import { isAddonError } from '../../../native/index.js';
import { isSystemError } from '../../base/error.js';
import type { Addon, DriveRequest, ScsiResult } from '../../../native/index.js';
import { readSysfsSize } from '../../io/block-device-size.js';
import { tryToLoadAddon } from '../../io/load-addon.js';
import type { DeviceFacts, DriveDevice, DriveMode } from './drive-device.js';

export class LinuxDrive implements DriveDevice {
  readonly fileDescriptor: number;
  readonly #path: string;
  readonly #addon: Addon;
  /** Somebody else closes the descriptor. */
  readonly #isAdopted: boolean;

  private constructor(path: string, fileDescriptor: number, addon: Addon, isAdopted: boolean) {
    this.#isAdopted = isAdopted;
    this.#path = path;
    this.fileDescriptor = fileDescriptor;
    this.#addon = addon;
  }

  /** With mode `disc` the kernel looks for the disc, and locks the tray. See openDriveDevice. */
  static async open(path: string, mode: DriveMode): Promise<LinuxDrive | undefined> {
    const addon = tryToLoadAddon();
    if (addon === undefined) return undefined;
    const flags = constants.O_RDONLY | (mode === 'quiet' ? constants.O_NONBLOCK : 0);
    return LinuxDrive.#check(path, await promisify(open)(path, flags), addon, false);
  }

  /** See adoptDriveDevice. */
  static async adopt(path: string, descriptor: number): Promise<LinuxDrive | undefined> {
    const addon = tryToLoadAddon();
    if (addon === undefined) return undefined;
    return LinuxDrive.#check(path, descriptor, addon, true);
  }

  /** Closes the descriptor of what is no drive. */
  static async #check(
    path: string,
    descriptor: number,
    addon: Addon,
    isAdopted: boolean,
  ): Promise<LinuxDrive | undefined> {
    const drive = new LinuxDrive(path, descriptor, addon, isAdopted);
    try {
      await addon.driveRequest(descriptor, 'status', 0);
      return drive;
    } catch (thrown) {
      await drive.close();
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

  /** The kernel opens for itself exclusively, and refuses another who wants that. */
  async isClaimed(): Promise<boolean> {
    try {
      const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_EXCL;
      await promisify(close)(await promisify(open)(this.#path, flags));
      return false;
    } catch (thrown) {
      if (isSystemError(thrown) && thrown.code === 'EBUSY') return true;
      throw thrown;
    }
  }

  async close(): Promise<void> {
    if (!this.#isAdopted) await promisify(close)(this.fileDescriptor);
  }
}

function rethrow(thrown: unknown): never {
  if (!isAddonError(thrown)) throw thrown;
  throw Object.assign(thrown, { code: getSystemErrorName(-thrown.errno) });
}
