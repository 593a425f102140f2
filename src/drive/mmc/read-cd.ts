// READ CD and READ CD MSF (MMC-6): sectors of a CD with the parts of them that the initiator chooses.
// Images of 2048-byte sectors hold the user data alone; the rest of a mode 1 sector is made from it. A sector that the
// image lacks is an error, unless C2 pointers say so: then all its bytes are marked.
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import { blockOfTime } from './address.js';
import type { CommandInput, MediumCommand } from './command.js';
import { refuseField, u24be } from './command.js';
import type { DataIn } from './data-in.js';
import type { Medium } from './medium.js';
import { CD_ROM } from './profile.js';
import { HEADER_LENGTH, SYNC_LENGTH } from '../../disc/sector-parity.js';
import { AUXILIARY_LENGTH, encodeMode1Sector } from './sector-code.js';
import { BLOCK_OUT_OF_RANGE, CheckCondition, ILLEGAL_MODE_FOR_TRACK } from './sense.js';
import { encodeQ, FORMATTED_Q_LENGTH } from './sub-channel-q.js';

/** EXPECTED SECTOR TYPE: any, or mode 1 (MMC-6). */
const ANY_TYPE = 0;
const MODE_1 = 2;
const LAST_TYPE = 5;
/** C2 ERROR INFORMATION: a bit for each of 2352 bytes, and with a block error byte and a pad byte (MMC-6). */
const C2_LENGTHS = [0, 294, 296];
const MAX_C2_MARKS = 295;
/** SUB-CHANNEL SELECTION: none, or formatted Q. Images without sub-channels have neither raw ones nor R to W. */
const NO_SUB_CHANNEL = 0;
const FORMATTED_Q = 2;

/** Which parts of each sector to send, in this order. */
interface Selection {
  readonly sync: boolean;
  readonly header: boolean;
  readonly data: boolean;
  readonly auxiliary: boolean;
  readonly c2Length: number;
  readonly q: boolean;
}

export const readCd: MediumCommand = {
  opcode: 0xbe,
  needsMedium: true,
  run(input, medium) {
    return readSectors(input, medium, input.cdb.u32be(2), u24be(input.cdb, 6));
  },
};

export const readCdMsf: MediumCommand = {
  opcode: 0xb9,
  needsMedium: true,
  run(input, medium) {
    const start = readTime(input, 3);
    const end = readTime(input, 6);
    if (end < start) refuseField();
    if (start < 0) throw new CheckCondition(BLOCK_OUT_OF_RANGE);
    return readSectors(input, medium, start, end - start);
  },
};

function readTime({ cdb }: CommandInput, offset: number): number {
  const time = { minute: cdb.u8(offset), second: cdb.u8(offset + 1), frame: cdb.u8(offset + 2) };
  return blockOfTime(time) ?? refuseField();
}

function readSectors({ cdb }: CommandInput, medium: Medium, block: number, count: number): DataIn {
  const type = (cdb.u8(1) >> 2) & 7;
  if (type > LAST_TYPE) refuseField();
  const selection = readSelection(cdb.u8(9), cdb.u8(10));
  medium.checkRange(block, count);
  const isOnlyData = !selection.sync && !selection.header && !selection.auxiliary && selection.c2Length === 0;
  if (
    (type !== ANY_TYPE && type !== MODE_1) ||
    (medium.profile !== CD_ROM && !(isOnlyData && !selection.q))
  ) {
    throw new CheckCondition({ ...ILLEGAL_MODE_FOR_TRACK, information: block });
  }
  const size = sectorSize(selection);
  return {
    length: size * count,
    async read(target, offset, signal) {
      const first = Math.floor(offset / size);
      const last = Math.ceil((offset + target.length) / size);
      if (size === 0 || last === first) return;
      const data = Buffer.allocUnsafe((last - first) * SECTOR_SIZE);
      let bad: ReadonlySet<number> | undefined;
      if (selection.c2Length > 0) bad = await medium.readSound(data, block + first, signal);
      else await medium.readBytes(data, (block + first) * SECTOR_SIZE, signal);
      const bytes = Buffer.allocUnsafe((last - first) * size);
      for (let i = 0; i < last - first; i += 1) {
        const user = data.subarray(i * SECTOR_SIZE, (i + 1) * SECTOR_SIZE);
        const sector = bytes.subarray(i * size, (i + 1) * size);
        writeSector(sector, selection, medium, block + first + i, user, bad?.has(i) === true);
      }
      target.set(bytes.subarray(offset - first * size, offset - first * size + target.length));
    },
  };
}

function readSelection(main: number, sub: number): Selection {
  const c2Length = C2_LENGTHS[(main >> 1) & 3];
  const channel = sub & 7;
  if (c2Length === undefined || (channel !== NO_SUB_CHANNEL && channel !== FORMATTED_Q)) refuseField();
  return {
    sync: (main & 0x80) !== 0,
    // HEADER CODES: 1 header, 2 sub-header (which mode 1 has none of), 3 both.
    header: (main & 0x20) !== 0,
    data: (main & 0x10) !== 0,
    auxiliary: (main & 0x08) !== 0,
    c2Length: c2Length,
    q: channel === FORMATTED_Q,
  };
}

function sectorSize({ sync, header, data, auxiliary, c2Length, q }: Selection): number {
  return (
    (sync ? SYNC_LENGTH : 0) +
    (header ? HEADER_LENGTH : 0) +
    (data ? SECTOR_SIZE : 0) +
    (auxiliary ? AUXILIARY_LENGTH : 0) +
    c2Length +
    (q ? FORMATTED_Q_LENGTH : 0)
  );
}

function writeSector(
  target: Buffer,
  selection: Selection,
  medium: Medium,
  block: number,
  user: Uint8Array,
  isBad: boolean,
): void {
  const { sync, header, data, auxiliary, c2Length, q } = selection;
  // Most ask for the user data alone, which needs no codes.
  const sector = sync || header || auxiliary ? encodeMode1Sector(user, block) : undefined;
  let at = 0;
  const put = (part: Uint8Array): void => {
    target.set(part, at);
    at += part.length;
  };
  if (sector !== undefined && sync) put(sector.subarray(0, SYNC_LENGTH));
  if (sector !== undefined && header) put(sector.subarray(SYNC_LENGTH, SYNC_LENGTH + HEADER_LENGTH));
  if (data) put(user);
  if (sector !== undefined && auxiliary) {
    // A code that fits would make zeros that stand for nothing pass for data.
    put(isBad ? new Uint8Array(AUXILIARY_LENGTH) : sector.subarray(sector.length - AUXILIARY_LENGTH));
  }
  target.fill(0, at, at + c2Length);
  if (isBad) target.fill(0xff, at, at + Math.min(c2Length, MAX_C2_MARKS));
  at += c2Length;
  if (q) put(encodeQ(medium.trackAt(block)!, block));
}
