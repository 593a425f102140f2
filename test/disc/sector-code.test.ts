// The codes of a mode 1 sector, checked against their definitions with arithmetic of its own: every parity vector
// must be a code word, which no wrong encoder achieves.
import { describe, expect, it } from 'vitest';
import { errorDetectionCode } from '../../src/base/error-detection-code.js';
import { encodeMode1Sector } from '../../src/disc/sector-code.js';
import { patternedBytes } from '../support/fakes/drive.js';

/** Product in GF(256) by x^8 + x^4 + x^3 + x^2 + 1, bit by bit. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = product & 0x80 ? ((product << 1) & 0xff) ^ 0x1d : product << 1;
    if ((b >> bit) & 1) product ^= a;
  }
  return product;
}

function isCodeWord(word: readonly number[]): boolean {
  let sum = 0;
  let weighted = 0;
  let power = 1;
  for (const value of word.toReversed()) {
    sum ^= value;
    weighted ^= multiply(value, power);
    power = multiply(power, 2);
  }
  return sum === 0 && weighted === 0;
}

/** Indices of bytes from the header on, both halves of each word (ECMA-130 Annex A). */
function vectors(): number[][] {
  const found: number[][] = [];
  for (let half = 0; half < 2; half += 1) {
    for (let np = 0; np < 43; np += 1) {
      found.push(Array.from({ length: 26 }, (_, mp) => 2 * (43 * mp + np) + half));
    }
    for (let nq = 0; nq < 26; nq += 1) {
      const data = Array.from({ length: 43 }, (_, mq) => 2 * ((44 * mq + 43 * nq) % 1118) + half);
      found.push([...data, 2 * (1118 + nq) + half, 2 * (1144 + nq) + half]);
    }
  }
  return found;
}

describe('A mode 1 sector', () => {
  const sector = encodeMode1Sector(patternedBytes(2048), 12_345);

  it('has 86 P and 52 Q vectors that are code words', () => {
    const words = vectors().map((indices) => indices.map((i) => sector[12 + i]!));
    expect(words).toHaveLength(86 + 52);
    expect(words.filter((word) => !isCodeWord(word))).toEqual([]);
  });

  it('has an error detection code that divides it', () => {
    expect(errorDetectionCode(sector.subarray(0, 2068))).toBe(0);
    expect(errorDetectionCode(sector.subarray(0, 2064))).not.toBe(0);
  });

  it('has the code of the polynomial of ECMA-130 14.3', () => {
    // One bit: x^32 reduced, which is the polynomial without its highest term, in bit-reversed order.
    expect(errorDetectionCode(Uint8Array.of(0x80))).toBe(0xd801_8001);
  });
});
