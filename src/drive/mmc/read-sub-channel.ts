// READ SUB-CHANNEL (MMC-5): where the drive plays, catalogue number, recording code. Before anything was played the
// position is the start.
import { timeOfFrames } from '../../disc/sector-address.js';
import { writeAddress } from './address.js';
import type { CommandInput, MediumCommand } from './command.js';
import { refuseField } from './command.js';
import { answer } from './data-in.js';
import type { Medium } from './medium.js';
import { adrControlOf, catalogOf, indexOf, recordingCodeOf } from './sub-channel-q.js';

const CURRENT_POSITION = 1;
const CATALOGUE_NUMBER = 2;
const RECORDING_CODE = 3;
/** Bytes of both codes, and where in them they stand. */
const CODE_LENGTH = 20;
const CODE_OFFSET = 5;
/** MCVAL and TCVAL: there is one. */
const IS_VALID = 0x80;

export const readSubChannel: MediumCommand = {
  opcode: 0x42,
  needsMedium: true,
  run(input, medium) {
    const { cdb, drive } = input;
    const wantsQ = (cdb.u8(2) & 0x40) !== 0;
    const { status, position } = drive.player.takeState();
    const body = wantsQ ? subChannelData(input, medium, position) : new Uint8Array();
    return answer(Buffer.concat([Uint8Array.of(0, status, 0, body.length), body]), cdb.u16be(7));
  },
};

function subChannelData({ cdb }: CommandInput, medium: Medium, position: number | undefined): Uint8Array {
  switch (cdb.u8(3)) {
    case CURRENT_POSITION:
      return positionData(medium, position ?? medium.firstTrack.start, (cdb.u8(1) & 2) !== 0);
    case CATALOGUE_NUMBER:
      return codeData([CATALOGUE_NUMBER, 0, 0], catalogOf(medium.disc));
    case RECORDING_CODE: {
      const track = medium.tracks.find(({ number }) => number === cdb.u8(6)) ?? refuseField();
      return codeData([RECORDING_CODE, adrControlOf(track), track.number], recordingCodeOf(track));
    }
    default:
      return refuseField();
  }
}

function positionData(medium: Medium, position: number, asTime: boolean): Uint8Array {
  // The end of the disc is still the last track's.
  const block = Math.min(position, medium.blocks - 1);
  const track = medium.trackAt(block) ?? medium.firstTrack;
  const bytes = Buffer.alloc(12);
  bytes.set([CURRENT_POSITION, adrControlOf(track), track.number, indexOf(track, block)]);
  writeAddress(bytes, 4, block, asTime);
  // Counts up from the start of the track, and down to it in the pause before.
  writeRelative(bytes, 8, block - track.start, asTime);
  return bytes;
}

function writeRelative(bytes: Buffer, offset: number, blocks: number, asTime: boolean): void {
  if (asTime) {
    const { minute, second, frame } = timeOfFrames(Math.abs(blocks));
    bytes.set([0, minute, second, frame], offset);
  } else bytes.writeInt32BE(blocks, offset);
}

function codeData(front: readonly number[], code: string | undefined): Uint8Array {
  const bytes = Buffer.alloc(CODE_LENGTH);
  bytes.set(front);
  if (code === undefined) return bytes;
  bytes[CODE_OFFSET - 1] = IS_VALID;
  bytes.write(code, CODE_OFFSET, 'latin1');
  return bytes;
}
