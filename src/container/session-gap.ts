// What lies between two sessions of a CD, where an image does not say it: a lead-out of 6750 sectors behind the first
// session and of 2250 behind each later one, a lead-in of 4500, and a pause of 150.

/**
 * Sectors from the end of a session to the first track of the next; 0 before the first. `number`: of the next, from 0.
 */
export function sessionGap(number: number): number {
  if (number === 0) return 0;
  return number === 1 ? 11_400 : 6900;
}
