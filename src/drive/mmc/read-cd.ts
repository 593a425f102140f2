// READ CD and READ CD MSF (MMC-6 6.19): sectors of a CD with the parts of them that the initiator chooses.
// What the image does not hold of a sector is made. A sector that it lacks is an error, unless C2 pointers say so: then
// all its bytes are marked.
import { RAW_SECTOR_SIZE } from '../../disc/sector-parity.js';
import type { ImageRange } from '../image-message.js';
import { blockOfTime } from './address.js';
import type { CommandInput, MediumCommand } from './command.js';
import { refuseField, u24be } from './command.js';
import type { DataIn } from './data-in.js';
import type { Medium, MediumTrack } from './medium.js';
import { CD_ROM } from './profile.js';
import {
  ALL_PARTS,
  CODED_PARTS,
  kindOf,
  kindsOf,
  SECTOR_TYPES,
  selectParts,
  USER_DATA,
} from './sector-parts.js';
import type { SectorKind } from './sector-parts.js';
import { BLOCK_OUT_OF_RANGE, CheckCondition, ILLEGAL_MODE_FOR_TRACK } from './sense.js';
import { readSubChannels, SUB_CHANNEL_FORMS } from './sub-channels.js';
import type { SubChannelForm } from './sub-channels.js';
import { readWholeSectors } from './whole-sectors.js';

/** C2 ERROR INFORMATION: a bit for each of 2352 bytes, and with a block error byte and a pad byte (MMC-6). */
const C2_LENGTHS = [0, 294, 296];
const MAX_C2_MARKS = 295;

/** What of each sector to send, in this order. */
interface Selection {
  /** Bits of MAIN CHANNEL SELECTION. */
  readonly main: number;
  readonly c2Length: number;
  readonly subChannels: SubChannelForm;
}

/** Blocks of tracks whose sectors all give as many bytes. */
interface Extent {
  readonly block: number;
  /** Blocks that were asked for. */
  readonly count: number;
  /** The first block that is of another kind. */
  readonly end: number;
  /** Kinds of sectors that may come. */
  readonly kinds: readonly SectorKind[];
  /** Bytes of the main channel that each gives. */
  readonly mainLength: number;
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
  if (type > SECTOR_TYPES.length) refuseField();
  const selection = readSelection(cdb.u8(9), cdb.u8(10));
  const { main, c2Length, subChannels } = selection;
  medium.checkRange(block, count);
  const wantsMore = (main & ALL_PARTS & ~USER_DATA) !== 0 || c2Length > 0 || subChannels.bytes > 0;
  if (medium.profile !== CD_ROM && wantsMore)
    throw new CheckCondition({ ...ILLEGAL_MODE_FOR_TRACK, information: block });
  const isOnlySubChannels = main === 0 && c2Length === 0;
  const extent = isOnlySubChannels
    ? { block, count, end: medium.endOfKind(block, count, () => true), kinds: [], mainLength: 0 }
    : findExtent(medium, block, count, SECTOR_TYPES[type - 1], main);
  const size = extent.mainLength + c2Length + subChannels.bytes;
  return {
    length: size * count,
    image: size === RAW_SECTOR_SIZE ? locate(medium, extent) : undefined,
    async read(target, offset, signal) {
      const first = Math.floor(offset / size);
      const last = Math.ceil((offset + target.length) / size);
      if (size === 0 || last === first) return;
      const bytes = await readPart(medium, extent, selection, first, last, signal);
      target.set(bytes.subarray(offset - first * size, offset - first * size + target.length));
    },
  };
}

/** Where an image has whole sectors, of which no form has to be looked at. */
function locate({ disc }: Medium, { block, count, end, kinds, mainLength }: Extent): ImageRange | undefined {
  const isAnyForm = kinds.includes('form1') === kinds.includes('form2');
  if (disc.raw === undefined || !isAnyForm || end < block + count || mainLength < RAW_SECTOR_SIZE)
    return undefined;
  return { reader: disc.raw, position: block * RAW_SECTOR_SIZE };
}

function readSelection(main: number, sub: number): Selection {
  const c2Length = C2_LENGTHS[(main >> 1) & 3];
  const subChannels = SUB_CHANNEL_FORMS.get(sub & 7);
  if (c2Length === undefined || subChannels === undefined) refuseField();
  return { main: main & ALL_PARTS, c2Length, subChannels };
}

/**
 * `type`: of sectors, where one is expected. Throws INVALID FIELD IN CDB for parts that cannot be sent, and ILLEGAL
 * MODE FOR THIS TRACK when the first block is of another type.
 */
function findExtent(
  medium: Medium,
  block: number,
  count: number,
  type: SectorKind | undefined,
  main: number,
): Extent {
  const lengthOf = (kind: SectorKind): number | undefined => {
    const range = selectParts(kind, main);
    return range === undefined ? undefined : range.to - range.from;
  };
  const first = medium.trackAt(block)?.mode ?? 'audio';
  const mainLength = lengthOf(type ?? kindsOf(first)[0]!) ?? refuseField();
  // Where any kind is wanted, all that give as many bytes come; sound and data never together.
  const kinds = SECTOR_TYPES.filter((kind) =>
    type === undefined
      ? (kind === 'audio') === (first === 'audio') && lengthOf(kind) === mainLength
      : kind === type,
  );
  const isWanted = ({ mode }: MediumTrack): boolean => kindsOf(mode).some((kind) => kinds.includes(kind));
  return { block, count, end: medium.endOfKind(block, count, isWanted), kinds, mainLength };
}

/** Sectors `first` to `last` of an extent, the last not included. */
async function readPart(
  medium: Medium,
  { block, end, kinds, mainLength }: Extent,
  { main, c2Length, subChannels }: Selection,
  first: number,
  last: number,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const start = block + first;
  const count = last - first;
  // Nothing of what is asked for at a time is sent, so that its first block is the one that is told of.
  const illegal = new CheckCondition({ ...ILLEGAL_MODE_FOR_TRACK, information: start });
  if (block + last > end) throw illegal;
  const size = mainLength + c2Length + subChannels.bytes;
  const bytes = Buffer.alloc(count * size);
  const put = (i: number, at: number, part: Uint8Array): void => bytes.set(part, i * size + at);
  if (mainLength > 0 || c2Length > 0) {
    const sectors = Buffer.allocUnsafe(count * RAW_SECTOR_SIZE);
    const wanted = { block: start, withCodes: (main & CODED_PARTS) !== 0, marksBad: c2Length > 0 };
    const bad = await readWholeSectors(medium, sectors, wanted, signal);
    for (let i = 0; i < count; i += 1) {
      const sector = sectors.subarray(i * RAW_SECTOR_SIZE, (i + 1) * RAW_SECTOR_SIZE);
      const { mode } = medium.trackAt(start + i)!;
      // Of a sector that cannot be read the form is not known.
      const possible = bad.has(i) ? kindsOf(mode) : [kindOf(mode, sector)];
      const kind = possible.find((one) => kinds.includes(one));
      if (kind === undefined) throw illegal;
      const { from, to } = selectParts(kind, main)!;
      put(i, 0, sector.subarray(from, to));
      if (bad.has(i)) put(i, mainLength, Buffer.alloc(Math.min(c2Length, MAX_C2_MARKS), 0xff));
    }
  }
  if (subChannels.bytes > 0) {
    const channels = await readSubChannels(medium, subChannels, start, count, signal);
    for (let i = 0; i < count; i += 1)
      put(i, mainLength + c2Length, channels.subarray(i * subChannels.bytes, (i + 1) * subChannels.bytes));
  }
  return bytes;
}
