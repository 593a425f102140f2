// Error correction of a sector on a CD (ECMA-130 14 and Annex A), and where in the sector they
// stand. Form 1 of mode 2 (CD-ROM XA) has the same in the same places, but for the EDC.
import { SECTOR_SIZE } from './data-stream.js';

/** Bytes of a sector with everything (ECMA-130 14). */
export const RAW_SECTOR_SIZE = 2352;
/** Bytes of a sector without sync and header. */
export const HEADLESS_BYTES = RAW_SECTOR_SIZE - 16;
/** Bytes of user data in a sector of form 2 (CD-ROM XA). */
export const PAYLOAD_BYTES = 2324;
/** Bytes of a sector's subchannels, all eight of them. */
export const SUBCHANNEL_BYTES = 96;
export const SYNC_LENGTH = 12;
export const HEADER_LENGTH = 4;
export const DATA_OFFSET = SYNC_LENGTH + HEADER_LENGTH;
/** Of mode 1. */
export const EDC_OFFSET = DATA_OFFSET + SECTOR_SIZE;
export const P_OFFSET = EDC_OFFSET + 4 + 8;
const Q_OFFSET = P_OFFSET + 2 * 86;

/** ECMA-130 Annex A: the field of 256 elements by x^8 + x^4 + x^3 + x^2 + 1. */
const FIELD_POLYNOMIAL = 0x11d;

/** Product with the primitive element, alpha. */
const TIMES_ALPHA = Uint8Array.from({ length: 256 }, (_, x) => (x << 1) ^ ((x >> 7) * FIELD_POLYNOMIAL));
/** Quotient by 1 + alpha. */
const BY_ALPHA_PLUS_ONE = new Uint8Array(256);
for (let x = 0; x < 256; x += 1) BY_ALPHA_PLUS_ONE[x ^ TIMES_ALPHA[x]!] = x;

/**
 * Writes P and Q parity into a whole sector. ECMA-130 Annex A: the bytes from the header on as 16-bit words, of which
 * each half is a field of its own. P vectors are the columns of 24 words of a matrix 43 wide; Q vectors its diagonals
 * of 43 words, P parity included.
 */
export function writeParity(sector: Buffer): void {
  const words = sector.subarray(SYNC_LENGTH);
  for (let half = 0; half < 2; half += 1) {
    for (let column = 0; column < 43; column += 1) {
      const at = P_OFFSET + 2 * column + half;
      writeVector(sector, at, at + 86, 24, (row) => words[2 * (43 * row + column) + half]!);
    }
    for (let diagonal = 0; diagonal < 26; diagonal += 1) {
      const at = Q_OFFSET + 2 * diagonal + half;
      writeVector(sector, at, at + 52, 43, (i) => words[2 * ((44 * i + 43 * diagonal) % 1118) + half]!);
    }
  }
}

/**
 * The two parity bytes that make a vector v with them satisfy: the sum of all is 0, and so is the sum of all, each
 * times a power of alpha that falls to 0 at the last (ECMA-130 Annex A).
 */
function writeVector(
  sector: Buffer,
  firstAt: number,
  secondAt: number,
  length: number,
  element: (i: number) => number,
): void {
  let sum = 0;
  let weighted = 0;
  for (let i = 0; i < length; i += 1) {
    const value = element(i);
    sum ^= value;
    weighted = TIMES_ALPHA[weighted ^ value]!;
  }
  // weighted = sum of v[i] alpha^(length - i), and the first parity byte p stands at alpha^1, the second q at alpha^0:
  // alpha weighted + alpha p + q = 0 and sum + p + q = 0.
  const first = BY_ALPHA_PLUS_ONE[TIMES_ALPHA[weighted]! ^ sum]!;
  sector[firstAt] = first;
  sector[secondAt] = first ^ sum;
}
