// Binary search in what is sorted, however it is stored.

/** The first of `count` places that `isReached` holds for, as it then does for all behind it; `count` where none is. */
export function firstWhere(count: number, isReached: (place: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isReached(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
