// A physical optical drive: its state, its tray, and the commands that read what read(2) does not give. One command at
// a time, as drives work.
import { countBytes } from '../../base/byte-count.js';
import type { DriveRequest } from '../../../native/index.js';
import { IsodriveError, isSystemError, toIsodriveError } from '../../base/error.js';
import {
  CAPACITY_LENGTH,
  CD_READ_FEATURE,
  ejectCommand,
  getConfigurationCommand,
  inquiryCommand,
  readCapacityCommand,
  Q_LENGTH,
  readCdCommand,
  readCommand,
  readLeadInCommand,
  readQCommand,
  readSubChannelCommand,
  readTocCommand,
  SUB_CHANNEL_LENGTH,
} from './drive-commands.js';
import { BLOCK_SIZE } from './drive-device.js';
import type { DeviceFacts, DriveDevice, DriveMode } from './drive-device.js';
import { adoptDriveDevice, openDriveDevice } from './open-drive-device.js';
import {
  CONFIGURATION_LENGTH,
  INQUIRY_LENGTH,
  offersC2,
  parseCapacity,
  parseInquiry,
  parseProfile,
} from './drive-facts.js';
import type { DriveIdentity } from './drive-facts.js';
import {
  CHECK_CONDITION,
  describeSense,
  MEDIUM_NOT_PRESENT,
  NOT_READY,
  parseSenseData,
  REMOVAL_PREVENTED,
  UNIT_ATTENTION,
} from './sense-data.js';
import { MAX_TOC_BYTES, parseTableOfContents } from './table-of-contents.js';
import type { DiscTrack } from './table-of-contents.js';

export type DriveState = 'empty' | 'open' | 'not-ready' | 'loaded';

/** By CDROM_DRIVE_STATUS; a drive that does not tell (0) has a disc until reading says otherwise. */
const STATES: readonly DriveState[] = ['loaded', 'empty', 'open', 'not-ready', 'loaded'];
/** Bytes of a sector of a CD with everything, and of its C2 pointers (MMC-6, READ CD). */
export const RAW_SECTOR_SIZE = 2352;
export const C2_SIZE = RAW_SECTOR_SIZE / 8;
/** Header, and 256 packs of CD-TEXT in each of 8 languages, which is more than any list of points (MMC-3 Annex J). */
const MAX_LEAD_IN = 4 + 8 * 256 * 18;
/** Milliseconds until a command is given up: drives spend many on a scratch. */
const COMMAND_TIMEOUT = 30_000;
/** Attentions (reset, new disc) that may stand before a command's own answer. */
const MAX_ATTENTIONS = 3;
/** What systems make of a command that a drive does not have (on Linux EDRIVE_CANT_DO_THIS is EOPNOTSUPP). */
const UNKNOWN_COMMAND = new Set(['EOPNOTSUPP', 'ENOSYS', 'ENOTTY']);

export class OpticalDrive implements AsyncDisposable {
  /** Path of the device. */
  readonly path: string;
  readonly #device: DriveDevice;
  #last: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  /** Takes the device. */
  constructor(path: string, device: DriveDevice) {
    this.path = path;
    this.#device = device;
  }

  /** See openDriveDevice. */
  static async open(path: string, mode: DriveMode): Promise<OpticalDrive | undefined> {
    const device = await openDriveDevice(path, mode);
    return device === undefined ? undefined : new OpticalDrive(path, device);
  }

  /** See adoptDriveDevice. */
  static async adopt(path: string, descriptor: number): Promise<OpticalDrive | undefined> {
    const device = await adoptDriveDevice(path, descriptor);
    return device === undefined ? undefined : new OpticalDrive(path, device);
  }

  /** From which the kernel reads user data; undefined where all is asked of the drive. */
  get fileDescriptor(): number | undefined {
    return this.#device.fileDescriptor;
  }

  describe(): Promise<DeviceFacts> {
    return this.#device.describe();
  }

  async state(): Promise<DriveState> {
    return STATES[await this.#request('status')] ?? 'loaded';
  }

  /** A number that differs from `before` when the disc was changed since that was given. */
  stamp(before: number): Promise<number> {
    return this.#request('stamp', before);
  }

  /** Opens the tray; rejects with `busy` while somebody has it locked. */
  async eject(): Promise<void> {
    if ((await this.#device.isClaimed?.()) === true) throw this.#locked();
    try {
      await this.#request('eject');
    } catch (thrown) {
      if (toIsodriveError(thrown).code === 'permission') throw thrown;
      // The system refuses for whoever has the drive open, a mount that leaves the tray free too.
      await this.#ejectByCommand();
    }
  }

  async #ejectByCommand(): Promise<void> {
    try {
      await this.#execute(ejectCommand(), 0);
    } catch (thrown) {
      if (!(thrown instanceof DriveRefusal) || thrown.sense?.code !== REMOVAL_PREVENTED) throw thrown;
      throw this.#locked(thrown);
    }
  }

  #locked(cause?: unknown): IsodriveError {
    return new IsodriveError(
      'busy',
      `Cannot eject "${this.path}": a mount or a program that reads its disc has it locked`,
      {
        cause,
        action: 'Unmount the disc, or end the program',
      },
    );
  }

  async closeTray(): Promise<void> {
    await this.#request('close');
  }

  /**
   * Lets the button open the tray, unless another program has the drive open as well: that may want the disc to stay. A
   * drive that cannot is left as it is.
   */
  async unlock(): Promise<void> {
    await this.#request('lock', 0).catch(() => undefined);
  }

  /** `speed` in multiples of a CD's (150 KiB/s), 0 for the fastest. */
  async setSpeed(speed: number): Promise<void> {
    try {
      await this.#request('speed', speed);
    } catch (thrown) {
      const { cause, message } = toIsodriveError(thrown);
      if (!isSystemError(cause) || !UNKNOWN_COMMAND.has(cause.code)) throw thrown;
      throw new IsodriveError('unsupported', message, {
        cause,
        action: 'Leave out --speed: it reads as fast as it wants',
      });
    }
  }

  async identify(): Promise<DriveIdentity> {
    return parseInquiry(await this.#execute(inquiryCommand(), INQUIRY_LENGTH), this.path);
  }

  /** Name of the kind of disc; undefined when the drive does not say. */
  async readProfile(): Promise<string | undefined> {
    return parseProfile(await this.#execute(getConfigurationCommand(0), CONFIGURATION_LENGTH));
  }

  /** Blocks of the disc by its last address. */
  async readCapacity(): Promise<number> {
    return parseCapacity(await this.#execute(readCapacityCommand(), CAPACITY_LENGTH), this.path);
  }

  async readTracks(): Promise<DiscTrack[]> {
    return parseTableOfContents(await this.#execute(readTocCommand(), MAX_TOC_BYTES), this.path);
  }

  /** User data of blocks, past the kernel's cache. Rejects with `image-unreadable`, which names the drive's reason. */
  async readBlocks(block: number, count: number): Promise<Uint8Array> {
    const length = count * BLOCK_SIZE;
    try {
      return this.#whole(await this.#execute(readCommand(block, count, true), length), length, block);
    } catch (thrown) {
      if (!(thrown instanceof DriveRefusal) || thrown.sense?.code !== 0x20) throw thrown;
      return this.#whole(await this.#execute(readCommand(block, count, false), length), length, block);
    }
  }

  /** Whole sectors of a CD, of any kind of track: 2352 bytes each, and with C2 pointers 294 more. */
  async readRaw(block: number, count: number, withC2 = false): Promise<Uint8Array> {
    const length = count * (RAW_SECTOR_SIZE + (withC2 ? C2_SIZE : 0));
    return this.#whole(await this.#execute(readCdCommand(block, count, withC2), length), length, block);
  }

  /** Points of the lead-ins of all sessions (format 2), or packs of CD-TEXT (5), header included. */
  readLeadIn(format: 2 | 5): Promise<Uint8Array> {
    return this.#execute(readLeadInCommand(format, MAX_LEAD_IN), MAX_LEAD_IN);
  }

  /** The answer to READ SUB-CHANNEL: the catalogue number (format 2), or the recording code of a track (3). */
  readCode(format: 2 | 3, track = 0): Promise<Uint8Array> {
    return this.#execute(readSubChannelCommand(format, track), SUB_CHANNEL_LENGTH);
  }

  /** Subchannel Q of blocks of a CD, 16 bytes each. */
  async readQ(block: number, count: number): Promise<Uint8Array> {
    const length = count * Q_LENGTH;
    return this.#whole(await this.#execute(readQCommand(block, count), length), length, block);
  }

  /** Whether readRaw can give C2 pointers. */
  async offersC2(): Promise<boolean> {
    const command = getConfigurationCommand(CD_READ_FEATURE);
    return offersC2(await this.#execute(command, CONFIGURATION_LENGTH));
  }

  #whole(bytes: Uint8Array, length: number, block: number): Uint8Array {
    if (bytes.length === length) return bytes;
    throw new IsodriveError(
      'image-unreadable',
      `Cannot read block ${block} of "${this.path}": drive gave ${countBytes(bytes.length)}, expected ${length}`,
    );
  }

  async #request(request: DriveRequest, argument = 0): Promise<number> {
    try {
      return await this.#device.request(request, argument);
    } catch (thrown) {
      throw this.#translate(thrown, `it does not take "${request}"`);
    }
  }

  #execute(command: Uint8Array, length: number): Promise<Uint8Array> {
    const work = this.#last.then(() => this.#executeNow(command, length));
    this.#last = work.catch(() => undefined);
    return work;
  }

  async #executeNow(command: Uint8Array, length: number): Promise<Uint8Array> {
    const target = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    for (let attempt = 0; ; attempt += 1) {
      const result = await this.#device.command(command, target, COMMAND_TIMEOUT).catch((thrown: unknown) => {
        throw this.#translate(thrown, 'it takes no commands');
      });
      if (result.hostStatus === 0 && result.status === 0) return target.subarray(0, result.transferred);
      const sense = result.status === CHECK_CONDITION ? parseSenseData(result.sense, this.path) : undefined;
      if (sense?.key === UNIT_ATTENTION && attempt < MAX_ATTENTIONS) continue;
      const why =
        sense === undefined
          ? `status ${result.status}, host status ${result.hostStatus}`
          : describeSense(sense);
      const isGone = sense?.key === NOT_READY && sense.code === MEDIUM_NOT_PRESENT;
      const message = `Cannot read "${this.path}": ${why}, expected command ${command[0]!.toString(16)}h to work`;
      throw new DriveRefusal(message, sense, isGone ? 'ENOMEDIUM' : 'EIO');
    }
  }

  #translate(thrown: unknown, what: string): unknown {
    if (!isSystemError(thrown)) return thrown;
    const { code } = thrown;
    const message = `Cannot use drive "${this.path}": ${what} (${code})`;
    const options = { cause: thrown };
    if (code === 'EBUSY') return new IsodriveError('busy', message, options);
    if (code === 'EACCES' || code === 'EPERM') return new IsodriveError('permission', message, options);
    return new IsodriveError('image-unreadable', message, options);
  }

  /** Closes the device, which lets go of the tray. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    this.#closed ??= this.#device.close();
    await this.#closed;
  }
}

/** A command that the drive, or the way to it, has refused. */
class DriveRefusal extends IsodriveError {
  readonly sense: ReturnType<typeof parseSenseData>;

  constructor(message: string, sense: ReturnType<typeof parseSenseData>, code: string) {
    super('image-unreadable', message, { cause: Object.assign(new Error(code), { code }) });
    this.sense = sense;
  }
}
