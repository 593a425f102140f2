// The Windows addon as TypeScript sees it: the only module that loads it.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { projectRoot } from '../index.js';
import type { ScsiResult } from '../index.js';

/** Who knows a letter that was given: every user of the machine, or this session alone. */
export type LetterKind = 'system' | 'session';
declare const drive: unique symbol;
/** An open drive. */
export interface WindowsDrive {
  readonly [drive]: true;
}

/**
 * Failed calls throw, or reject with, an Error with `systemCode` (winerror.h) and `syscall`. Those that give no promise
 * block: the system answers quickly. Letters are such as "E:".
 */
export interface WindowsAddon {
  /** Attaches an image, read-only, until it is detached; gives its device, such as "\\.\CDROM1". */
  attach(path: string, withoutLetter: boolean): string;
  detach(path: string): void;
  /** Device of an image that is attached, by whomever; empty where it is not. */
  findDevice(path: string): string;
  /** Letter of a device; empty while it has none. */
  findLetter(device: string): string;
  /** Gives a device a letter; empty while it is not ready to have one. */
  assignLetter(device: string, letter: string): LetterKind | '';
  removeLetter(device: string, letter: string, kind: LetterKind): void;
  /** Letters in use. */
  listLetters(): string[];
  /** Label and file system, such as "CDFS"; each empty where the system does not say. */
  describeVolume(letter: string): { readonly label: string; readonly fileSystem: string };
  /** Attributes of a file (FILE_ATTRIBUTE_ of winnt.h), and whether it lies on another machine. */
  describeHost(path: string): { readonly attributes: number; readonly isRemote: boolean };
  /** Whether a named pipe was made by this user, administrators, or the system. */
  ownsPipe(path: string): boolean;
  /** Lets only this user, administrators and the system connect to a pipe of this process. */
  restrictPipe(path: string): void;
  openDrive(path: string): WindowsDrive;
  /** Nothing may be under way. */
  closeDrive(drive: WindowsDrive): void;
  /** As scsiCommand of native/index.ts, with a drive in the place of the file. `timeout` in milliseconds. */
  scsiCommand(
    drive: WindowsDrive,
    command: Uint8Array,
    target: Uint8Array,
    timeout: number,
  ): Promise<ScsiResult>;
  /** As driveRequest of native/index.ts. */
  driveRequest(
    drive: WindowsDrive,
    request: 'stamp' | 'eject' | 'close' | 'lock' | 'speed',
    argument: number,
  ): Promise<number>;
  /** DRIVE_ of winbase.h, for a root such as "D:\". */
  driveType(root: string): number;
  /** STORAGE_BUS_TYPE of winioctl.h, for a path such as "\\.\D:". */
  busType(path: string): number;
}

export function isWindowsError(thrown: unknown): thrown is Error & { systemCode: number; syscall: string } {
  return thrown instanceof Error && 'systemCode' in thrown && typeof thrown.systemCode === 'number';
}

/** Loads the addon; throws the loader's own error where it was not built. ISODRIVE_WINDOWS_ADDON names another. */
export function loadWindowsAddon(): WindowsAddon {
  const path =
    process.env.ISODRIVE_WINDOWS_ADDON ?? join(projectRoot(), 'build/windows/isodrive-windows.node');
  return createRequire(import.meta.url)(path) as WindowsAddon;
}
