// An optical drive of Windows: its pass-through of SCSI commands and its requests to storage. Windows reads no part
// of a sector, so that all user data is asked of the drive itself.
import { isWindowsError, loadWindowsAddon } from '../../../native/windows/index.js';
import type { WindowsAddon, WindowsDrive as DriveHandle } from '../../../native/windows/index.js';
import type { DriveRequest, ScsiResult } from '../../../native/index.js';
import { isSystemError } from '../../base/error.js';
import { testUnitReadyCommand } from './drive-commands.js';
import { DRIVE_STATUS } from './drive-device.js';
import type { DeviceFacts, DriveDevice, DriveMode } from './drive-device.js';
import { CHECK_CONDITION, MEDIUM_NOT_PRESENT, NOT_READY, TRAY_OPEN, parseSenseData } from './sense-data.js';

/** DRIVE_CDROM of winbase.h. */
const DRIVE_CDROM = 5;
/**
 * BusTypeVirtual and BusTypeFileBackedVirtual of winioctl.h (STORAGE_BUS_TYPE). What a drive says of itself does not
 * tell: that of an image that Windows has attached and that of a machine of Hyper-V are both Msft "Virtual DVD-ROM".
 */
const VIRTUAL_BUSES = [0x0e, 0x0f];
/** Milliseconds for a drive to say how it is. */
const STATUS_TIMEOUT = 10_000;
/** Attentions (reset, new disc) that may stand before the state itself. */
const MAX_ATTENTIONS = 3;
/** winerror.h -> errno. */
const ERRNO_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'ENOTTY'],
  [2, 'ENOENT'],
  [3, 'ENOENT'],
  [5, 'EACCES'],
  [21, 'ENOMEDIUM'],
  [32, 'EBUSY'],
  [50, 'ENOTTY'],
  [55, 'ENODEV'],
  [170, 'EBUSY'],
  [433, 'ENODEV'],
  [1112, 'ENOMEDIUM'],
  [1167, 'ENODEV'],
]);

export class WindowsDrive implements DriveDevice {
  readonly fileDescriptor = undefined;
  readonly #path: string;
  readonly #addon: WindowsAddon;
  readonly #handle: DriveHandle;
  readonly #isLocked: boolean;

  private constructor(path: string, addon: WindowsAddon, handle: DriveHandle, isLocked: boolean) {
    this.#path = path;
    this.#addon = addon;
    this.#handle = handle;
    this.#isLocked = isLocked;
  }

  /** See openDriveDevice. */
  static async open(path: string, mode: DriveMode, addon = tryToLoad()): Promise<WindowsDrive | undefined> {
    if (addon === undefined) return undefined;
    const [letter] = /[a-z]:$/iu.exec(path) ?? [];
    if (letter !== undefined && addon.driveType(`${letter}\\`) !== DRIVE_CDROM) return undefined;
    let handle: DriveHandle;
    try {
      handle = addon.openDrive(path);
    } catch (thrown) {
      rethrow(thrown);
    }
    // A drive that cannot lock its tray is read all the same.
    const isLocked =
      mode === 'disc' &&
      (await addon.driveRequest(handle, 'lock', 1).then(
        () => true,
        () => false,
      ));
    const drive = new WindowsDrive(path, addon, handle, isLocked);
    try {
      await drive.#readStatus();
      return drive;
    } catch (thrown) {
      await drive.close();
      if (isSystemError(thrown) && thrown.code === 'ENOTTY') return undefined;
      throw thrown;
    }
  }

  request(request: DriveRequest, argument: number): Promise<number> {
    if (request === 'status') return this.#readStatus();
    return this.#addon.driveRequest(this.#handle, request, argument).catch(rethrow);
  }

  command(command: Uint8Array, target: Uint8Array, timeout: number): Promise<ScsiResult> {
    return this.#addon.scsiCommand(this.#handle, command, target, timeout).catch(rethrow);
  }

  async #readStatus(): Promise<number> {
    for (let attempt = 0; ; attempt += 1) {
      const result = await this.command(testUnitReadyCommand(), new Uint8Array(), STATUS_TIMEOUT);
      if (result.status !== CHECK_CONDITION) return DRIVE_STATUS.loaded;
      const sense = parseSenseData(result.sense, this.#path);
      if (sense?.key === NOT_READY) {
        if (sense.code !== MEDIUM_NOT_PRESENT) return DRIVE_STATUS.notReady;
        return sense.qualifier === TRAY_OPEN ? DRIVE_STATUS.open : DRIVE_STATUS.empty;
      }
      // Whatever else is wrong, reading will say so.
      if (attempt >= MAX_ATTENTIONS) return DRIVE_STATUS.loaded;
    }
  }

  /** Windows has no number for a device that lasts; its name is as good while it runs. */
  describe(): Promise<DeviceFacts> {
    const inode = BigInt(`0x${Buffer.from(this.#path.toLowerCase()).toString('hex')}`);
    return Promise.resolve({ identity: { device: 0n, inode, modified: 0n }, kernelSize: 0 });
  }

  async close(): Promise<void> {
    if (this.#isLocked) await this.#addon.driveRequest(this.#handle, 'lock', 0).catch(() => undefined);
    this.#addon.closeDrive(this.#handle);
  }
}

/** Paths of the drives that have a letter, those of attached images apart; none where the addon is not built. */
export function listWindowsDrives(addon = tryToLoad()): {
  readonly physical: readonly string[];
  readonly attached: readonly string[];
} {
  if (addon === undefined) return { physical: [], attached: [] };
  const letters = addon.listLetters().filter((letter) => addon.driveType(`${letter}\\`) === DRIVE_CDROM);
  const paths = letters.map((letter) => `\\\\.\\${letter}`);
  const attached = paths.filter((path) => isVirtual(addon, path));
  return { physical: paths.filter((path) => !attached.includes(path)), attached };
}

/** A drive that does not say is a physical one. */
function isVirtual(addon: WindowsAddon, path: string): boolean {
  try {
    return VIRTUAL_BUSES.includes(addon.busType(path));
  } catch (thrown) {
    if (isWindowsError(thrown)) return false;
    throw thrown;
  }
}

function tryToLoad(): WindowsAddon | undefined {
  try {
    return loadWindowsAddon();
  } catch {
    return undefined;
  }
}

function rethrow(thrown: unknown): never {
  if (!isWindowsError(thrown)) throw thrown;
  const { systemCode, syscall } = thrown;
  const code = ERRNO_NAMES.get(systemCode) ?? 'EIO';
  throw Object.assign(new Error(`${code}: ${syscall} failed with ${systemCode}`, { cause: thrown }), {
    code,
  });
}
