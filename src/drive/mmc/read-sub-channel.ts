// READ SUB-CHANNEL (MMC-6): position, catalogue number, ISRC. Nothing plays, so the position is the start.
import { writeAddress } from './address.js';
import type { MediumCommand } from './command.js';
import { refuseField } from './command.js';
import { answer } from './data-in.js';
import type { Medium } from './medium.js';
import { DATA_ADR_CONTROL } from './sub-channel-q.js';

const CURRENT_POSITION = 1;
const CATALOGUE_NUMBER = 2;
const RECORDING_CODE = 3;
/** AUDIO STATUS: none to return. */
const NO_AUDIO = 0x15;

export const readSubChannel: MediumCommand = {
  opcode: 0x42,
  needsMedium: true,
  run({ cdb }, medium) {
    const asTime = (cdb.u8(1) & 2) !== 0;
    const wantsQ = (cdb.u8(2) & 0x40) !== 0;
    const body = wantsQ ? subChannelData(medium, cdb.u8(3), cdb.u8(6), asTime) : new Uint8Array();
    return answer(Buffer.concat([Uint8Array.of(0, NO_AUDIO, 0, body.length), body]), cdb.u16be(7));
  },
};

function subChannelData(medium: Medium, format: number, trackNumber: number, asTime: boolean): Uint8Array {
  switch (format) {
    case CURRENT_POSITION: {
      const { number, start } = medium.firstTrack;
      const bytes = Buffer.alloc(12);
      bytes.set([CURRENT_POSITION, DATA_ADR_CONTROL, number, 1]);
      writeAddress(bytes, 4, start, asTime);
      return bytes;
    }
    case CATALOGUE_NUMBER:
      // MCVAL is 0: the image has none.
      return Buffer.alloc(20).fill(CATALOGUE_NUMBER, 0, 1);
    case RECORDING_CODE: {
      if (!medium.tracks.some(({ number }) => number === trackNumber)) refuseField();
      const bytes = Buffer.alloc(20);
      // TCVAL is 0: the image has none.
      bytes.set([RECORDING_CODE, DATA_ADR_CONTROL, trackNumber]);
      return bytes;
    }
    default:
      return refuseField();
  }
}
