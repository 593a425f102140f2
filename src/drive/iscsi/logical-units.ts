// The drives of a target by logical unit number, and one initiator's nexus with each of them.
import type { DataIn } from '../mmc/data-in.js';
import type { DriveState } from '../mmc/drive-state.js';
import { execute, executeOnMissingUnit } from '../mmc/execute.js';
import type { Nexus } from '../mmc/nexus.js';

/** Peripheral and flat addressing (SAM-5), by the first byte. */
const FLAT = 0x40;

/** Number of the unit that 8 bytes name; undefined for addresses that no unit of ours has. */
export function decodeUnit(bytes: Uint8Array): number | undefined {
  if (bytes.subarray(2, 8).some((byte) => byte !== 0)) return undefined;
  return bytes[0] === 0 || bytes[0] === FLAT ? bytes[1] : undefined;
}

export class LogicalUnits implements Disposable {
  readonly #drives: readonly DriveState[];
  readonly #nexuses: readonly Nexus[];
  readonly #numbers: readonly number[];

  constructor(drives: readonly DriveState[]) {
    this.#drives = drives;
    this.#nexuses = drives.map((drive) => drive.connect());
    this.#numbers = drives.map((_, i) => i);
  }

  /** Throws CheckCondition. */
  execute(unit: number | undefined, cdb: Uint8Array, parameters: Uint8Array): DataIn {
    const drive = unit === undefined ? undefined : this.#drives[unit];
    if (drive === undefined) return executeOnMissingUnit(cdb, this.#numbers);
    const nexus = this.#nexuses[unit!]!;
    return execute({ cdb: withoutUnit(cdb, unit!), parameters, drive, nexus, units: this.#numbers });
  }

  /** Keeps the disc that is in a drive readable, whatever becomes of it, until the function that it gives is called. */
  hold(unit: number | undefined): () => void {
    const medium = unit === undefined ? undefined : this.#drives[unit]?.medium;
    return medium?.hold() ?? (() => undefined);
  }

  /** Resets a drive, or all; false when there is no such one. */
  reset(unit?: number): boolean {
    const drives = unit === undefined ? this.#drives : this.#drives.slice(unit, unit + 1);
    for (const drive of drives) drive.reset();
    return drives.length > 0;
  }

  [Symbol.dispose](): void {
    this.#drives.forEach((drive, i) => drive.disconnect(this.#nexuses[i]!));
  }
}

/** SCSI-2 had the unit in the upper bits of the second byte; wodim still puts it there. */
function withoutUnit(cdb: Uint8Array, unit: number): Uint8Array {
  if (unit === 0 || cdb[1]! >> 5 !== unit) return cdb;
  const changed = Uint8Array.from(cdb);
  changed[1]! &= 0x1f;
  return changed;
}
