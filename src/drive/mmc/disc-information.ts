// READ DISC INFORMATION and READ TRACK INFORMATION (MMC-6): a closed disc, and its tracks.
import type { MediumCommand } from './command.js';
import { refuseField } from './command.js';
import { answer } from './data-in.js';
import type { Medium, MediumTrack } from './medium.js';
import { CD_ROM } from './profile.js';
import { discTypeOf } from './read-toc.js';
import { BLOCK_OUT_OF_RANGE, CheckCondition } from './sense.js';
import { controlOf } from './sub-channel-q.js';

const DISC_LENGTH = 34;
const TRACK_LENGTH = 48;
/** Last session complete, disc finalised, not erasable. */
const FINALISED = 0x0e;
/** URU: may be used without restriction. */
const UNRESTRICTED = 0x20;
const UNDEFINED_TYPE = 0xff;
/** Address types of READ TRACK INFORMATION. */
const BY_BLOCK = 0;
const BY_TRACK = 1;
const BY_SESSION = 2;
/** DATA MODE; sound has none. */
const DATA_MODES = { audio: 0x0f, mode1: 1, mode2: 2, xa: 2 } as const;
/** LRA_V: the last recorded address is valid. */
const LAST_ADDRESS_VALID = 0x02;

export const readDiscInformation: MediumCommand = {
  opcode: 0x51,
  needsMedium: true,
  run({ cdb }, medium) {
    // Track resources and POW resources are of recordable discs.
    if ((cdb.u8(1) & 7) !== 0) refuseField();
    const [first] = medium.sessions;
    const bytes = Buffer.alloc(DISC_LENGTH);
    bytes.writeUInt16BE(DISC_LENGTH - 2, 0);
    bytes[2] = FINALISED;
    bytes[3] = medium.firstTrack.number;
    bytes[4] = medium.sessions.length;
    bytes[5] = medium.lastSession.tracks[0]!.number;
    bytes[6] = medium.lastTrack.number;
    bytes[7] = UNRESTRICTED;
    bytes[8] = medium.profile === CD_ROM ? discTypeOf(first!) : UNDEFINED_TYPE;
    // Nothing can follow: neither another session's lead-in nor a later lead-out.
    bytes.fill(0xff, 16, 24);
    return answer(bytes, cdb.u16be(7));
  },
};

export const readTrackInformation: MediumCommand = {
  opcode: 0x52,
  needsMedium: true,
  run({ cdb }, medium) {
    const track = findTrack(medium, cdb.u8(1) & 3, cdb.u32be(2));
    const bytes = Buffer.alloc(TRACK_LENGTH);
    bytes.writeUInt16BE(TRACK_LENGTH - 2, 0);
    bytes[2] = track.number;
    bytes[3] = track.session;
    bytes[5] = controlOf(track);
    bytes[6] = DATA_MODES[track.mode];
    bytes[7] = LAST_ADDRESS_VALID;
    bytes.writeUInt32BE(track.start, 8);
    bytes.writeUInt32BE(track.length, 24);
    bytes.writeUInt32BE(track.start + track.length - 1, 28);
    return answer(bytes, cdb.u16be(7));
  },
};

/** The lead-in and the invisible track of recordable discs (track numbers 0 and FFh) are not there. */
function findTrack(medium: Medium, addressType: number, value: number): MediumTrack {
  switch (addressType) {
    case BY_BLOCK: {
      const track = medium.trackAt(value);
      if (track === undefined) throw new CheckCondition({ ...BLOCK_OUT_OF_RANGE, information: value });
      return track;
    }
    case BY_TRACK:
      return medium.tracks.find(({ number }) => number === value) ?? refuseField();
    case BY_SESSION:
      return medium.tracks.find(({ session }) => session === value) ?? refuseField();
    default:
      return refuseField();
  }
}
