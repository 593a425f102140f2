// An optical drive of macOS. The system passes no commands on without taking the drive from everybody else, so each
// command is answered by what the system offers of its own: IOKit's registry says what the drive is and which disc is
// in it, and the disc's raw device reads. What it does not offer is refused as a drive would.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { getSystemErrorName } from 'node:util';
import { isAddonError } from '../../../native/index.js';
import type { DriveRequest, ScsiResult } from '../../../native/index.js';
import { loadMacosAddon } from '../../../native/macos/index.js';
import type { DiscCall, MacosAddon, MacosDisc, MacosDriveEntry } from '../../../native/macos/index.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError, isSystemError } from '../../base/error.js';
import { BLOCK_SIZE, DRIVE_STATUS } from './drive-device.js';
import type { DeviceFacts, DriveDevice, DriveMode } from './drive-device.js';
import {
  capacityAnswer,
  configurationAnswer,
  FULL_TOC_BYTES,
  inquiryAnswer,
  tableOfContentsAnswer,
} from './macos-answers.js';
import { CHECK_CONDITION, MEDIUM_ERROR, MEDIUM_NOT_PRESENT, NOT_READY } from './sense-data.js';

/** Whole discs: their block device, or the raw one. */
const DISC_PATH = /^\/dev\/r?(disk\d{1,5})$/u;
const GOOD = 0;
const ILLEGAL_REQUEST = 0x5;
/** Kilobytes a second of a CD at single speed (MMC-6, SET CD SPEED), and the value for the fastest. */
const SINGLE_SPEED = 177;
const FASTEST = 0xffff;
const SPEED_CALLS = {
  IOCDMedia: 'setSpeedOfCd',
  IODVDMedia: 'setSpeedOfDvd',
  IOBDMedia: 'setSpeedOfBd',
} as const;
/** The whole sector, and nothing else (READ CD, byte 9). */
const WHOLE_SECTOR = 0xf8;
/** What the system's errors are as sense data: key, code. */
const SENSE: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['EIO', [MEDIUM_ERROR, 0x11]],
  ['EINVAL', [ILLEGAL_REQUEST, 0x21]],
  ['ENOENT', [NOT_READY, MEDIUM_NOT_PRESENT]],
  ['ENXIO', [NOT_READY, MEDIUM_NOT_PRESENT]],
  ['ENOTSUP', [ILLEGAL_REQUEST, 0x20]],
  ['EOPNOTSUPP', [ILLEGAL_REQUEST, 0x20]],
  ['ENOTTY', [ILLEGAL_REQUEST, 0x20]],
]);

/** The system, for tests to stand in for. */
export interface MacosSystem {
  readonly addon: MacosAddon | undefined;
  /** Folder of the devices. */
  readonly devices: string;
}

/** Whether a path may be that of a disc; opening it says whether it is. */
export function isMacosDisc(path: string): boolean {
  return DISC_PATH.test(path);
}

/** Paths of all drives: the disc's device, or, as without a disc there is none, the drive's service. */
export function listMacosDrives(addon = tryToLoad()): string[] {
  return nameDrives(addon).map(({ path }) => path);
}

/** A disc's device stands for whichever disc is in its drive while that is open. */
export class MacosDrive implements DriveDevice {
  readonly fileDescriptor = undefined;
  readonly #path: string;
  readonly #addon: MacosAddon;
  readonly #devices: string;
  readonly #entry: MacosDriveEntry;
  #handle: FileHandle | undefined;

  private constructor(path: string, addon: MacosAddon, devices: string, entry: MacosDriveEntry) {
    this.#path = path;
    this.#addon = addon;
    this.#devices = devices;
    this.#entry = entry;
  }

  /**
   * The system keeps the tray locked while a disc's device is open, so only mode `disc` keeps it open. See
   * openDriveDevice.
   */
  static async open(
    path: string,
    mode: DriveMode,
    { addon, devices }: MacosSystem = { addon: tryToLoad(), devices: '/dev' },
  ): Promise<MacosDrive | undefined> {
    const name = DISC_PATH.exec(path)?.[1];
    const found = nameDrives(addon).find(({ path: known }) => known === (name ? `/dev/${name}` : path));
    if (addon === undefined || found === undefined) return undefined;
    const drive = new MacosDrive(path, addon, devices, found.entry);
    if (mode === 'disc') drive.#handle = await drive.#openDisc();
    return drive;
  }

  async request(request: DriveRequest, argument: number): Promise<number> {
    const { disc } = this.#look();
    switch (request) {
      case 'status':
        return disc === undefined ? DRIVE_STATUS.empty : DRIVE_STATUS.loaded;
      case 'stamp':
        return disc?.id ?? 0;
      case 'eject':
        if (disc === undefined) throw this.#unsupported('open the empty drive', 'drutil tray open');
        return this.#call('eject');
      case 'close':
        throw this.#unsupported('close the drive', 'drutil tray close');
      case 'lock':
        throw this.#unsupported('lock or unlock the drive', 'drutil eject');
      case 'speed':
        if (disc === undefined) throw systemError('ENXIO');
        return this.#call(SPEED_CALLS[disc.family], toKilobytes(argument));
    }
  }

  /** The system has a time of its own after which it gives up; nobody can choose it. */
  async command(command: Uint8Array, target: Uint8Array): Promise<ScsiResult> {
    try {
      return await this.#answer(new ByteCursor(command, this.#path, 0), target);
    } catch (thrown) {
      const sense = isSystemError(thrown) ? SENSE.get(thrown.code) : undefined;
      if (sense === undefined) throw thrown;
      return refusal(...sense);
    }
  }

  async #answer(command: ByteCursor, target: Uint8Array): Promise<ScsiResult> {
    const { disc } = this.#look();
    switch (command.u8(0)) {
      case 0x12: // INQUIRY
        return answer(target, inquiryAnswer(this.#entry));
      case 0x46: // GET CONFIGURATION
        return answer(target, configurationAnswer(disc?.type ?? ''));
    }
    if (disc === undefined) return refusal(NOT_READY, MEDIUM_NOT_PRESENT);
    const isCd = disc.family === 'IOCDMedia';
    switch (command.u8(0)) {
      case 0x00: // TEST UNIT READY
        return good(0);
      case 0x25: // READ CAPACITY (10)
        return answer(target, capacityAnswer(await this.#call('countBlocks'), BLOCK_SIZE));
      case 0x28: // READ (10)
      case 0xa8: // READ (12)
        return good(await this.#readBlocks(disc, command.u32be(2), target));
      case 0x43: // READ TOC/PMA/ATIP: of other discs the system gives none
        if (isCd) return answer(target, await this.#readTableOfContents());
        break;
      case 0xbe: // READ CD
        if (!isCd) break;
        if (command.u8(9) !== WHOLE_SECTOR) return refusal(ILLEGAL_REQUEST, 0x24);
        return good(await this.#call('readWhole', command.u32be(2), target));
    }
    return refusal(ILLEGAL_REQUEST, 0x20);
  }

  /** User data. The whole of a CD is a device of raw sectors, which read(2) would give. */
  #readBlocks(disc: MacosDisc, block: number, target: Uint8Array): Promise<number> {
    if (disc.family === 'IOCDMedia') return this.#call('readUser', block, target);
    return this.#withDisc(async (handle) => {
      const { bytesRead } = await handle.read(target, 0, target.length, block * BLOCK_SIZE);
      return bytesRead;
    });
  }

  async #readTableOfContents(): Promise<Uint8Array> {
    const full = new Uint8Array(FULL_TOC_BYTES);
    const length = await this.#call('readToc', 0, full);
    return tableOfContentsAnswer(full.subarray(0, length), this.#path);
  }

  #call(call: DiscCall, argument = 0, target: Uint8Array = new Uint8Array()): Promise<number> {
    return this.#withDisc((handle) => this.#addon.discCall(handle.fd, call, argument, target).catch(rethrow));
  }

  async #withDisc<T>(work: (handle: FileHandle) => Promise<T>): Promise<T> {
    if (this.#handle !== undefined) return work(this.#handle);
    const handle = await this.#openDisc();
    try {
      return await work(handle);
    } finally {
      await handle.close();
    }
  }

  /** The raw device: what the buffered one has of a bad block, it has of its neighbours too. */
  async #openDisc(): Promise<FileHandle> {
    const { disc } = this.#look();
    if (disc === undefined) throw systemError('ENOMEDIUM');
    return await open(`${this.#devices}/r${disc.name}`, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  /** The drive as it is now. Throws ENODEV when it was unplugged. */
  #look(): MacosDriveEntry {
    const found = this.#addon.listDrives().find(({ id }) => id === this.#entry.id);
    if (found === undefined) throw systemError('ENODEV');
    return found;
  }

  #unsupported(what: string, command: string): IsodriveError {
    return new IsodriveError('unsupported', `Cannot ${what} "${this.#path}": macOS has no call for it`, {
      action: `Run ${command}`,
    });
  }

  describe(): Promise<DeviceFacts> {
    const inode = BigInt(this.#entry.disc?.id ?? 0);
    return Promise.resolve({ identity: { device: 0n, inode, modified: 0n }, kernelSize: 0 });
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }
}

/** A second drive of one service is "IODVDServices/2", as other programs of macOS name them. */
function nameDrives(addon: MacosAddon | undefined): { path: string; entry: MacosDriveEntry }[] {
  const counts = new Map<string, number>();
  return (addon?.listDrives() ?? []).map((entry) => {
    const count = (counts.get(entry.service) ?? 0) + 1;
    counts.set(entry.service, count);
    const service = count === 1 ? entry.service : `${entry.service}/${count}`;
    return { path: entry.disc === undefined ? service : `/dev/${entry.disc.name}`, entry };
  });
}

function toKilobytes(speed: number): number {
  return speed === 0 ? FASTEST : Math.min(speed * SINGLE_SPEED, FASTEST);
}

function good(transferred: number): ScsiResult {
  return { status: GOOD, hostStatus: 0, transferred, sense: new Uint8Array() };
}

/** As much of an answer as there is room for. */
function answer(target: Uint8Array, bytes: Uint8Array): ScsiResult {
  const part = bytes.subarray(0, target.length);
  target.set(part);
  return good(part.length);
}

/** CHECK CONDITION with sense data in fixed format (SPC-4). */
function refusal(key: number, code: number): ScsiResult {
  const sense = new Uint8Array(18);
  sense[0] = 0x70;
  sense[2] = key;
  sense[7] = sense.length - 8;
  sense[12] = code;
  return { status: CHECK_CONDITION, hostStatus: 0, transferred: 0, sense };
}

function tryToLoad(): MacosAddon | undefined {
  try {
    return loadMacosAddon();
  } catch {
    return undefined;
  }
}

function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

function rethrow(thrown: unknown): never {
  if (!isAddonError(thrown)) throw thrown;
  throw Object.assign(thrown, { code: getSystemErrorName(-thrown.errno) });
}
