// GET CONFIGURATION (MMC-6): what the drive can do, and which of it with the disc that is in it.
import type { DriveCommand } from './command.js';
import { refuseField } from './command.js';
import { answer } from './data-in.js';
import { BD_ROM, CD_ROM, DVD_ROM, NO_PROFILE } from './profile.js';

const PROFILE_LIST = 0x0000;
/** REQUESTED TYPE: all features, the current ones, or one. */
const CURRENT_ONLY = 1;
const ONE_FEATURE = 2;
const RESERVED_TYPE = 3;
/** Physical interface standard: SCSI family (MMC-6). */
const SCSI_FAMILY = 1;

interface Feature {
  readonly code: number;
  readonly version: number;
  readonly persistent: boolean;
  /** Profiles with which it is current; always where absent. */
  readonly profiles?: readonly number[];
  readonly data: readonly number[];
}

const FEATURES: readonly Feature[] = [
  { code: 0x0001, version: 2, persistent: true, data: [0, 0, 0, SCSI_FAMILY, 0x01, 0, 0, 0] }, // core; DBE
  { code: 0x0002, version: 1, persistent: true, data: [0, 0, 0, 0] }, // morphing
  { code: 0x0003, version: 2, persistent: true, data: [0x39, 0, 0, 0] }, // tray, load, eject, lock
  // Random readable: blocks of 2048 bytes, one at a time.
  {
    code: 0x0010,
    version: 0,
    persistent: false,
    profiles: [CD_ROM, DVD_ROM, BD_ROM],
    data: [0, 0, 8, 0, 0, 1, 0, 0],
  },
  { code: 0x001d, version: 0, persistent: true, data: [] }, // multi-read
  { code: 0x001e, version: 2, persistent: false, profiles: [CD_ROM], data: [0x03, 0, 0, 0] }, // CD read; C2 flags, CD-TEXT
  { code: 0x001f, version: 0, persistent: false, profiles: [DVD_ROM], data: [] }, // DVD read
  // BD read: BD-ROM version 1, bits 0 to 2 of every class.
  { code: 0x0040, version: 0, persistent: false, profiles: [BD_ROM], data: bdReadData() },
  { code: 0x0100, version: 0, persistent: true, data: [] }, // power management
  // CD audio external play: channels and volumes apart, 256 levels.
  { code: 0x0103, version: 0, persistent: false, profiles: [CD_ROM], data: [0x03, 0, 1, 0] },
  { code: 0x0105, version: 1, persistent: true, data: [0, 0, 0, 0] }, // timeout
  // Real-time streaming: SET CD SPEED, and nothing of writing.
  { code: 0x0107, version: 3, persistent: false, profiles: [DVD_ROM, BD_ROM], data: [0x08, 0, 0, 0] },
];

export const getConfiguration: DriveCommand = {
  opcode: 0x46,
  needsMedium: false,
  ignoresAttention: true,
  run({ cdb, drive }) {
    const type = cdb.u8(1) & 3;
    if (type === RESERVED_TYPE) refuseField();
    const from = cdb.u16be(2);
    const profile = drive.medium?.profile ?? NO_PROFILE;
    const features = [profileList(profile), ...FEATURES, serialNumber(drive.serial)].filter((feature) =>
      type === ONE_FEATURE
        ? feature.code === from
        : feature.code >= from && (type !== CURRENT_ONLY || isCurrent(feature, profile)),
    );
    const body = Buffer.concat(features.map((feature) => encodeFeature(feature, profile)));
    const header = Buffer.alloc(8);
    header.writeUInt32BE(body.length + 4, 0);
    header.writeUInt16BE(profile, 6);
    return answer(Buffer.concat([header, body]), cdb.u16be(7));
  },
};

/** The profiles that the drive knows, the largest disc first (MMC-6). */
function profileList(current: number): Feature {
  const entries = [BD_ROM, DVD_ROM, CD_ROM].flatMap((profile) => [
    profile >> 8,
    profile & 0xff,
    profile === current ? 1 : 0,
    0,
  ]);
  return { code: PROFILE_LIST, version: 0, persistent: true, data: entries };
}

/** Drive serial number (MMC-6): ASCII, filled up with spaces to whole words of four bytes. */
function serialNumber(serial: string): Feature {
  const text = serial.padEnd(Math.ceil(serial.length / 4) * 4);
  return { code: 0x0108, version: 0, persistent: true, data: [...Buffer.from(text, 'latin1')] };
}

function isCurrent({ profiles }: Feature, profile: number): boolean {
  return profiles === undefined || profiles.includes(profile);
}

function encodeFeature(feature: Feature, profile: number): Uint8Array {
  const { code, version, persistent, data } = feature;
  const flags = (version << 2) | (persistent ? 2 : 0) | (isCurrent(feature, profile) ? 1 : 0);
  return Uint8Array.of(code >> 8, code & 0xff, flags, data.length, ...data);
}

/** MMC-6: 4 bytes reserved, then class bitmaps for BD-RE, BD-R and BD-ROM, of 8 bytes each. */
function bdReadData(): number[] {
  const data = Array<number>(28).fill(0);
  data[20 + 1] = 0x02; // BD-ROM, class 0, version 1
  return data;
}
