// READ DISC STRUCTURE (MMC-6): what the lead-in of a DVD says. Images keep none of it; what follows from the size
// is made, and the rest is what a DVD-ROM without copy protection has.
import type { MediumCommand } from './command.js';
import { refuseField } from './command.js';
import { answer } from './data-in.js';
import type { Medium } from './medium.js';
import { BD_ROM, DVD_ROM, MAX_LAYER_BLOCKS } from './profile.js';
import { CheckCondition, ILLEGAL_MODE_FOR_TRACK } from './sense.js';

const DVD_MEDIA = 0;
const PHYSICAL = 0x00;
const COPYRIGHT = 0x01;
const MANUFACTURING = 0x04;
const STRUCTURE_LIST = 0xff;
const LEAD_IN_BYTES = 2048;
/** Physical sector of logical block 0 (ECMA-267). */
const FIRST_SECTOR = 0x3_0000;
/** DVD-ROM, part version 1. */
const BOOK_TYPE = 0x01;
/** 120 mm; the rate that it needs is not specified. */
const SIZE_AND_RATE = 0x0f;
/** Embossed; NUMBER OF LAYERS less one; TRACK PATH opposite: the second layer is read from the rim inwards. */
const EMBOSSED = 0x01;
const TWO_LAYERS = 0x20;
const OPPOSITE_PATH = 0x10;
/** Sectors of an ECC block. */
const ECC_BLOCK = 16;
/** Sector numbers have 24 bits; on the second layer of an opposite path they are the complement of the first's. */
const SECTOR_MASK = 0xff_ffff;
/** RDS: can be read. */
const READABLE = 0x40;

/** Format codes, and how many bytes each has behind the header. */
const STRUCTURES: ReadonlyMap<number, number> = new Map([
  [PHYSICAL, LEAD_IN_BYTES],
  [COPYRIGHT, 4],
  [MANUFACTURING, LEAD_IN_BYTES],
]);

export const readDiscStructure: MediumCommand = {
  opcode: 0xad,
  needsMedium: true,
  run({ cdb }, medium) {
    const format = cdb.u8(7);
    const isDvd = (cdb.u8(1) & 0x0f) === DVD_MEDIA;
    if (medium.profile !== DVD_ROM && !(format === STRUCTURE_LIST && medium.profile === BD_ROM)) {
      throw new CheckCondition(ILLEGAL_MODE_FOR_TRACK);
    }
    if (!isDvd && medium.profile === DVD_ROM) refuseField();
    const layer = cdb.u8(6);
    if (layer > 1 || (layer === 1 && medium.blocks <= MAX_LAYER_BLOCKS)) refuseField();
    const body = encodeStructure(format, medium);
    const header = Buffer.alloc(4);
    header.writeUInt16BE(body.length + 2, 0);
    return answer(Buffer.concat([header, body]), cdb.u16be(8));
  },
};

function encodeStructure(format: number, medium: Medium): Uint8Array {
  if (format === STRUCTURE_LIST) return structureList(medium);
  const bytes = Buffer.alloc(STRUCTURES.get(format) ?? refuseField());
  // No copyright protection and no manufacturing information are zeros.
  if (format !== PHYSICAL) return bytes;
  const { layers, lastSector, lastOfFirstLayer } = layOut(medium.blocks);
  bytes.set([BOOK_TYPE, SIZE_AND_RATE, layers, 0]);
  bytes.writeUIntBE(FIRST_SECTOR, 5, 3);
  bytes.writeUIntBE(lastSector, 9, 3);
  bytes.writeUIntBE(lastOfFirstLayer, 13, 3);
  return bytes;
}

/** An image does not keep where its first layer ended: half of it, in whole ECC blocks, is what most writers choose. */
function layOut(blocks: number): { layers: number; lastSector: number; lastOfFirstLayer: number } {
  if (blocks <= MAX_LAYER_BLOCKS) {
    return { layers: EMBOSSED, lastSector: FIRST_SECTOR + blocks - 1, lastOfFirstLayer: 0 };
  }
  const first = Math.ceil(blocks / 2 / ECC_BLOCK) * ECC_BLOCK;
  const lastOfFirstLayer = FIRST_SECTOR + first - 1;
  const firstOfSecondLayer = SECTOR_MASK - lastOfFirstLayer;
  return {
    layers: EMBOSSED | TWO_LAYERS | OPPOSITE_PATH,
    lastSector: firstOfSecondLayer + (blocks - first) - 1,
    lastOfFirstLayer,
  };
}

/** Format code FFh: the structures that there are. */
function structureList({ profile }: Medium): Uint8Array {
  const formats = profile === DVD_ROM ? [...STRUCTURES] : [];
  return Buffer.concat(
    formats.map(([format, length]) => {
      const bytes = Buffer.of(format, READABLE, 0, 0);
      bytes.writeUInt16BE(4 + length, 2);
      return bytes;
    }),
  );
}
