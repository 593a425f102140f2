// PLAY AUDIO (10 and 12), PLAY AUDIO MSF, PAUSE/RESUME and STOP PLAY/SCAN (MMC-5): sound that is played by the drive.
import { COMPLETED, FAILED } from './audio-player.js';
import { blockOfTime } from './address.js';
import type { CommandInput, MediumCommand } from './command.js';
import { refuseField } from './command.js';
import type { DataIn } from './data-in.js';
import { NO_DATA } from './data-in.js';
import type { Medium } from './medium.js';
import { BLOCK_OUT_OF_RANGE, CheckCondition, COMMAND_SEQUENCE_ERROR } from './sense.js';

/** As a start: where the head is. */
const CURRENT_BLOCK = 0xffff_ffff;
const CURRENT_TIME = [0xff, 0xff, 0xff];
const RESUME = 0x01;

export const playAudio10: MediumCommand = {
  opcode: 0x45,
  needsMedium: true,
  run: (input, medium) => play(input, medium, input.cdb.u32be(2), input.cdb.u16be(7)),
};

export const playAudio12: MediumCommand = {
  opcode: 0xa5,
  needsMedium: true,
  run: (input, medium) => play(input, medium, input.cdb.u32be(2), input.cdb.u32be(6)),
};

export const playAudioMsf: MediumCommand = {
  opcode: 0x47,
  needsMedium: true,
  run(input, medium) {
    const { cdb } = input;
    const isCurrent = CURRENT_TIME.every((byte, i) => cdb.u8(3 + i) === byte);
    const start = isCurrent ? CURRENT_BLOCK : readTime(input, 3);
    const end = readTime(input, 6);
    const from = start === CURRENT_BLOCK ? currentBlock(input, medium) : start;
    if (end < from) refuseField();
    if (from < 0) throw new CheckCondition(BLOCK_OUT_OF_RANGE);
    return play(input, medium, from, end - from);
  },
};

export const pauseResume: MediumCommand = {
  opcode: 0x4b,
  needsMedium: true,
  run({ cdb, drive }) {
    if (drive.player.pause((cdb.u8(8) & RESUME) === 0)) return NO_DATA;
    throw new CheckCondition(COMMAND_SEQUENCE_ERROR);
  },
};

export const stopPlay: MediumCommand = {
  opcode: 0x4e,
  needsMedium: true,
  run({ drive }) {
    drive.player.stop();
    return NO_DATA;
  },
};

function readTime({ cdb }: CommandInput, offset: number): number {
  const time = { minute: cdb.u8(offset), second: cdb.u8(offset + 1), frame: cdb.u8(offset + 2) };
  return blockOfTime(time) ?? refuseField();
}

function currentBlock({ drive }: CommandInput, medium: Medium): number {
  return drive.player.position ?? medium.firstTrack.start;
}

/** Nothing is played of a length of 0, which is no error. What begins as sound and goes on as data ends there. */
function play(input: CommandInput, medium: Medium, start: number, count: number): DataIn {
  const block = start === CURRENT_BLOCK ? currentBlock(input, medium) : start;
  medium.checkRange(block, count);
  if (count === 0) return NO_DATA;
  const end = medium.endOfKind(block, count, ({ mode }) => mode === 'audio');
  input.drive.player.play(block, end, end === block + count ? COMPLETED : FAILED);
  return NO_DATA;
}
