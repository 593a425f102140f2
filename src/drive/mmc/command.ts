// What a command of the drive is: its code, when it may run, and the function that answers it.
import type { ByteCursor } from '../../base/byte-cursor.js';
import type { DataIn } from './data-in.js';
import type { DriveState } from './drive-state.js';
import type { Medium } from './medium.js';
import type { Nexus } from './nexus.js';
import { CheckCondition, INVALID_FIELD_IN_CDB } from './sense.js';

/** Bytes of a command descriptor block as handlers see it; shorter ones are filled with zeros. */
export const CDB_LENGTH = 16;

export interface CommandInput {
  readonly cdb: ByteCursor;
  /** What the initiator has sent along. */
  readonly parameters: Uint8Array;
  readonly drive: DriveState;
  readonly nexus: Nexus;
  /** Logical units of the target, for REPORT LUNS. */
  readonly units: readonly number[];
}

interface CommandBase {
  readonly opcode: number;
  /** Whether it runs while a unit attention is pending, which then stays so (SAM-5, MMC-6). */
  readonly ignoresAttention?: boolean;
}

/** A command that works without a disc. */
export interface DriveCommand extends CommandBase {
  readonly needsMedium: false;
  /** Throws CheckCondition. */
  readonly run: (input: CommandInput) => DataIn;
}

/** A command that without a disc ends with MEDIUM NOT PRESENT. */
export interface MediumCommand extends CommandBase {
  readonly needsMedium: true;
  readonly run: (input: CommandInput, medium: Medium) => DataIn;
}

export type Command = DriveCommand | MediumCommand;

export function refuseField(): never {
  throw new CheckCondition(INVALID_FIELD_IN_CDB);
}

/** Three bytes, big-endian. */
export function u24be(cdb: ByteCursor, offset: number): number {
  return (cdb.u16be(offset) << 8) | cdb.u8(offset + 2);
}

/** Eight bytes, big-endian; beyond 2^53 not exact, which no block address reaches. */
export function u64be(cdb: ByteCursor, offset: number): number {
  return cdb.u32be(offset) * 2 ** 32 + cdb.u32be(offset + 4);
}
