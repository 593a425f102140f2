// Changes an image the way damage and malice do. Deterministic: an input is known by its seed and its number.
import { PseudoRandom } from '../bench/pseudo-random.js';

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
  ...[
    'SP',
    'CE',
    'PD',
    'ST',
    'ER',
    'ES',
    'RR',
    'PX',
    'PN',
    'SL',
    'NM',
    'CL',
    'PL',
    'RE',
    'TF',
    'SF',
    'ZF',
    'AL',
    'AS',
  ],
  ...['CD001', 'CDROM', 'NSR02', 'NSR03', 'BEA01', 'TEA01', 'BOOT2', '%/@', '%/C', '%/E', 'CD-XA001', 'XA'],
  ...[
    'EL TORITO SPECIFICATION',
    '*OSTA UDF Compliant',
    'PM',
    'ER',
    'BD',
    'H+',
    '\0',
    '\x01',
    ';1',
    '..',
    '/',
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

/** A changed copy; `regions` (at least one) say where changes matter. */
export function mutate(image: Uint8Array, regions: readonly Region[], random: PseudoRandom): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(image);
  const changes = random.between(1, MAX_CHANGES);
  for (let i = 0; i < changes; i += 1) bytes = change(bytes, regions, random);
  return bytes;
}

function change(bytes: Uint8Array, regions: readonly Region[], random: PseudoRandom): Uint8Array {
  const at = choosePlace(bytes, regions, random);
  const kind = random.between(0, 99);
  if (kind < 20) bytes[at]! ^= 1 << random.between(0, 7);
  else if (kind < 38) bytes[at] = choose([random.next() & 0xff, ...INTERESTING.slice(0, 7)], random);
  else if (kind < 62) writeNumber(bytes, at, random);
  else if (kind < 72) bytes.set(wordAt(bytes, at, random), at);
  else if (kind < 88) copyRun(bytes, choosePlace(bytes, regions, random), at, random.between(1, 64));
  else if (kind < 92) bytes.fill(random.between(0, 1) * 0xff, at, at + random.between(1, 300));
  else if (kind < 97) copyRun(bytes, sectorOf(choosePlace(bytes, regions, random)), sectorOf(at), SECTOR);
  else if (kind < 99) insert(bytes, at, random.between(1, 16));
  else return bytes.slice(0, Math.max(SECTOR, at));
  return bytes;
}

function choosePlace(bytes: Uint8Array, regions: readonly Region[], random: PseudoRandom): number {
  const region = choose(regions, random);
  const at = region.start + random.between(0, region.length - 1);
  return Math.min(at, bytes.length - 1);
}

function choose<T>(values: readonly T[], random: PseudoRandom): T {
  return values[random.between(0, values.length - 1)]!;
}

function sectorOf(at: number): number {
  return at - (at % SECTOR);
}

/** A number of 16 or 32 bits in either order, or in both as ECMA-119 has them. */
function writeNumber(bytes: Uint8Array, at: number, random: PseudoRandom): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const blocks = Math.floor(bytes.length / SECTOR);
  const values = [...INTERESTING, ...LARGE, blocks - 1, blocks, blocks + 1, random.next() % (blocks + 1)];
  const value = choose(values, random);
  const form = random.between(0, 5);
  const width = [2, 2, 4, 4, 8, 8][form]!;
  if (at + width > bytes.length) return;
  if (form === 0) view.setUint16(at, value & 0xffff, true);
  else if (form === 1) view.setUint16(at, value & 0xffff);
  else if (form === 2) view.setUint32(at, value, true);
  else if (form === 3) view.setUint32(at, value);
  else {
    view.setUint32(at, value, true);
    view.setUint32(at + 4, value);
  }
}

function wordAt(bytes: Uint8Array, at: number, random: PseudoRandom): Uint8Array {
  return Buffer.from(choose(WORDS, random), 'latin1').subarray(0, bytes.length - at);
}

function copyRun(bytes: Uint8Array, from: number, to: number, length: number): void {
  const end = Math.min(from + length, bytes.length, bytes.length - to + from);
  bytes.copyWithin(to, from, end);
}

/** Moves what lies behind `at` in its sector, as a field that is too long would. */
function insert(bytes: Uint8Array, at: number, count: number): void {
  const end = Math.min(sectorOf(at) + SECTOR, bytes.length);
  if (at + count >= end) return;
  bytes.copyWithin(at + count, at, end - count);
}
