// Changes an image the way damage and malice do. Deterministic: an input is known by its seed and its number.
import { PseudoRandom } from '../support/pseudo-random.js';
import type { PagedImage } from './paged-image.js';

/** A run of bytes that a reader of the unchanged image looked at. */
export interface Region {
  readonly start: number;
  readonly length: number;
}

/** Changes of one input. */
const MAX_CHANGES = 8;
const SECTOR = 2048;
const INTERESTING = [0, 1, 2, 0x10, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff];
const LARGE = [0x8000_0000, 0xffff_f800, 0xffff_ffff];
/** Words of the formats: signatures of fields, identifiers of descriptors, tags. */
const WORDS = [
  ...'SP CE PD ST ER ES RR PX PN SL NM CL PL RE TF SF ZF Z2 AL AS'.split(' '),
  ...'CD001 CDROM NSR02 NSR03 BEA01 TEA01 BOOT2 %/@ %/C %/E CD-XA001 XA'.split(' '),
  ...['EL TORITO SPECIFICATION', '*OSTA UDF Compliant', '*UDF Sparable Partition', '*UDF Metadata Partition'],
  ...['*UDF Virtual Partition', 'EFI PART', '\x55\xaa', 'PM', 'BD', 'H+', 'HX', 'hlnkhfs+', 'fpmc', 'iNode1'],
  ...[
    'FAT12   ',
    '\xeb\x3c\x90',
    '\xff\x0f',
    '\xff\xff\xff\x0f',
    '\xe5',
    '\x0f',
    '.',
    '..',
    ';1',
    '/',
    '\0',
    '\x01',
  ],
  ...[
    'FILE "',
    'TRACK ',
    ' AUDIO',
    'MODE2/2336',
    'INDEX 00 ',
    '99:59:74',
    '\nREM SESSION 02\n',
    'ZERO ',
    '9999999',
  ],
];

/** The random numbers of one input. */
export function randomOf(seed: number, number: number): PseudoRandom {
  // Both words are spread over all bits first: neighbours must not make similar inputs.
  const mixed = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) ^ Math.imul(number + 1, 0xc2b2_ae35);
  const random = new PseudoRandom(mixed ^ (mixed >>> 15));
  random.next();
  return random;
}

/** A changed copy; `places` (at least one, none empty) are sets of regions where changes matter. */
export function mutate(
  image: PagedImage,
  places: readonly (readonly Region[])[],
  random: PseudoRandom,
): PagedImage {
  const changed = image.copy();
  const changes = random.between(1, MAX_CHANGES);
  for (let i = 0; i < changes; i += 1) change(changed, places, random);
  return changed;
}

function change(image: PagedImage, places: readonly (readonly Region[])[], random: PseudoRandom): void {
  const at = choosePlace(image, places, random);
  const kind = random.between(0, 99);
  if (kind < 20) writeByte(image, at, image.slice(at, 1)[0]! ^ (1 << random.between(0, 7)));
  else if (kind < 38)
    writeByte(image, at, choose([random.next() & 0xff, ...INTERESTING.slice(0, 7)], random));
  else if (kind < 62) image.write(at, chooseNumber(image, random));
  else if (kind < 72) image.write(at, Buffer.from(choose(WORDS, random), 'latin1'));
  else if (kind < 88) image.write(at, image.slice(choosePlace(image, places, random), random.between(1, 64)));
  else if (kind < 92) {
    image.write(at, new Uint8Array(random.between(1, 300)).fill(random.between(0, 1) * 0xff));
  } else if (kind < 97) {
    image.write(sectorOf(at), image.slice(sectorOf(choosePlace(image, places, random)), SECTOR));
  } else if (kind < 99) shift(image, at, random.between(1, 16));
  else image.cut(Math.max(SECTOR, at));
}

function choosePlace(
  image: PagedImage,
  places: readonly (readonly Region[])[],
  random: PseudoRandom,
): number {
  const region = choose(choose(places, random), random);
  return Math.min(region.start + random.between(0, region.length - 1), image.size - 1);
}

export function choose<T>(values: readonly T[], random: PseudoRandom): T {
  return values[random.between(0, values.length - 1)]!;
}

function sectorOf(at: number): number {
  return at - (at % SECTOR);
}

function writeByte(image: PagedImage, at: number, value: number): void {
  image.write(at, Uint8Array.of(value));
}

/** A number of 16, 32 or 64 bits in either order, or in both as ECMA-119 has them. */
function chooseNumber(image: PagedImage, random: PseudoRandom): Uint8Array {
  const blocks = Math.floor(image.size / SECTOR);
  const values = [...INTERESTING, ...LARGE, blocks - 1, blocks, blocks + 1, random.next() % (blocks + 1)];
  const value = choose(values, random);
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  switch (random.between(0, 6)) {
    case 0:
      view.setUint16(0, value & 0xffff, true);
      return bytes.subarray(0, 2);
    case 1:
      view.setUint16(0, value & 0xffff);
      return bytes.subarray(0, 2);
    case 2:
      view.setUint32(0, value, true);
      return bytes.subarray(0, 4);
    case 3:
      view.setUint32(0, value);
      return bytes.subarray(0, 4);
    case 4:
      view.setUint32(4, value);
      return bytes;
    default:
      view.setUint32(0, value, true);
      view.setUint32(4, value);
      return bytes;
  }
}

/** Moves what lies behind `at` in its sector, as a field that is too long would. */
function shift(image: PagedImage, at: number, count: number): void {
  const left = sectorOf(at) + SECTOR - at - count;
  if (left > 0) image.write(at + count, image.slice(at, left));
}
