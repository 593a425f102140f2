// Runs a command: the order in which reasons to refuse it are looked at, and the one table of all commands.
import { ByteCursor } from '../../base/byte-cursor.js';
import { readCapacity10, readCapacity16, readFormatCapacities } from './capacity.js';
import type { Command, CommandInput } from './command.js';
import { CDB_LENGTH } from './command.js';
import { answer } from './data-in.js';
import type { DataIn } from './data-in.js';
import { readDiscInformation, readTrackInformation } from './disc-information.js';
import { getConfiguration } from './get-configuration.js';
import { getEventStatus } from './get-event-status.js';
import { inquireMissingUnit, inquiry } from './inquiry.js';
import { modeSelect10, modeSelect6, modeSense10, modeSense6 } from './mode-commands.js';
import { getPerformance, setCdSpeed, setStreaming } from './performance.js';
import { pauseResume, playAudio10, playAudio12, playAudioMsf, stopPlay } from './play-audio.js';
import { readCd, readCdMsf } from './read-cd.js';
import { readDiscStructure } from './read-disc-structure.js';
import { readSubChannel } from './read-sub-channel.js';
import { readToc } from './read-toc.js';
import { read10, read12, read16, read6, seek10 } from './read.js';
import {
  CheckCondition,
  encodeSense,
  INVALID_OPERATION_CODE,
  NO_MEDIUM_TRAY_CLOSED,
  NO_MEDIUM_TRAY_OPEN,
  UNIT_NOT_SUPPORTED,
} from './sense.js';
import { mechanismStatus, preventAllow, startStopUnit } from './tray.js';
import { listUnits, reportLuns, requestSense, testUnitReady } from './unit-state.js';

const COMMANDS: ReadonlyMap<number, Command> = new Map(
  [
    testUnitReady,
    requestSense,
    read6,
    inquiry,
    modeSelect6,
    modeSense6,
    startStopUnit,
    preventAllow,
    readFormatCapacities,
    readCapacity10,
    read10,
    seek10,
    readSubChannel,
    readToc,
    playAudio10,
    getConfiguration,
    playAudioMsf,
    getEventStatus,
    pauseResume,
    stopPlay,
    readDiscInformation,
    readTrackInformation,
    modeSelect10,
    modeSense10,
    read16,
    readCapacity16,
    reportLuns,
    playAudio12,
    read12,
    getPerformance,
    readDiscStructure,
    readCdMsf,
    setStreaming,
    setCdSpeed,
    mechanismStatus,
    readCd,
  ].map((command: Command) => [command.opcode, command]),
);

export interface CommandRequest extends Omit<CommandInput, 'cdb'> {
  /** At most 16 bytes are looked at; what is missing counts as zeros. */
  readonly cdb: Uint8Array;
}

/** Runs one command. Throws CheckCondition; so may reading the answer. */
export function execute(request: CommandRequest): DataIn {
  const input = { ...request, cdb: cursorOver(request.cdb) };
  const { drive, nexus } = request;
  const command = COMMANDS.get(input.cdb.u8(0));
  if (command === undefined) throw new CheckCondition(INVALID_OPERATION_CODE);
  if (command.ignoresAttention !== true) {
    const attention = nexus.takeAttention();
    if (attention !== undefined) throw new CheckCondition(attention);
  }
  if (!command.needsMedium) return command.run(input);
  const { medium } = drive;
  if (medium !== undefined) return command.run(input, medium);
  throw new CheckCondition(drive.isTrayOpen ? NO_MEDIUM_TRAY_OPEN : NO_MEDIUM_TRAY_CLOSED);
}

/** What a command to a logical unit that does not exist is answered (SPC-4; SAM-5). */
export function executeOnMissingUnit(block: Uint8Array, units: readonly number[]): DataIn {
  const cdb = cursorOver(block);
  switch (cdb.u8(0)) {
    case inquiry.opcode:
      return inquireMissingUnit(cdb.u16be(3));
    case requestSense.opcode:
      return answer(encodeSense(UNIT_NOT_SUPPORTED), cdb.u8(4));
    case reportLuns.opcode:
      return listUnits(cdb, units);
    default:
      throw new CheckCondition(UNIT_NOT_SUPPORTED);
  }
}

function cursorOver(cdb: Uint8Array): ByteCursor {
  const bytes = new Uint8Array(CDB_LENGTH);
  bytes.set(cdb.subarray(0, CDB_LENGTH));
  return new ByteCursor(bytes, 'command descriptor block', 0);
}
