// The macOS addon as TypeScript sees it: the only module that loads it.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { projectRoot } from '../index.js';

/** A disc in a drive, as IOKit's registry has it. */
export interface MacosDisc {
  /** Of its entry in the registry: no other disc gets it before the machine is started again. */
  readonly id: number;
  /** Of its device, such as "disk4". */
  readonly name: string;
  readonly family: 'IOCDMedia' | 'IODVDMedia' | 'IOBDMedia';
  /** Such as "DVD-ROM"; empty where the system does not say. */
  readonly type: string;
}

export interface MacosDriveEntry {
  /** Of its entry in the registry. */
  readonly id: number;
  /** Class of its entry, such as "IODVDServices". */
  readonly service: string;
  /** Each empty where the system does not say. */
  readonly vendor: string;
  readonly product: string;
  readonly revision: string;
  /** Absent while no disc is in that the system can read. */
  readonly disc?: MacosDisc;
}

/**
 * `readUser` and `readWhole` read 2048 and 2352 bytes of each block of a CD from block `argument` on; `readToc` reads
 * the full table of contents (READ TOC/PMA/ATIP, format 2, times as numbers). All give the bytes that came.
 * `countBlocks` gives the blocks of the disc. `setSpeedOf...` takes kilobytes a second.
 */
export type DiscCall =
  | 'readUser'
  | 'readWhole'
  | 'readToc'
  | 'countBlocks'
  | 'setSpeedOfCd'
  | 'setSpeedOfDvd'
  | 'setSpeedOfBd'
  | 'eject';

/** Failed calls reject with an Error that has `errno` (positive number) and `syscall`. */
export interface MacosAddon {
  /** Asks no drive for anything, and never throws; empty where the registry cannot be read. */
  listDrives(): MacosDriveEntry[];
  /**
   * A request to the open device of a disc. `target`, of 1 MiB at most, must not be touched until the promise
   * settles.
   */
  discCall(file: number, call: DiscCall, argument: number, target: Uint8Array): Promise<number>;
}

/** Loads the addon; throws the loader's own error where it was not built. */
export function loadMacosAddon(): MacosAddon {
  const path = join(projectRoot(), `build/macos/isodrive-macos-${process.arch}.node`);
  return createRequire(import.meta.url)(path) as MacosAddon;
}
