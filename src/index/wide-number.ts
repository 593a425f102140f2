// 64-bit numbers of the index as two 32-bit words, without BigInt: exact up to 2^53.

/** What the high word counts in. */
export const HIGH = 0x1_0000_0000;

/** High word of a number that is not negative. Nearly all are small, and the test is cheaper than the division. */
export function highWord(value: number): number {
  return value < HIGH ? 0 : Math.floor(value / HIGH);
}
