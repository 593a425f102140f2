// The order of things that have numbers, from 0 on, as an array of these numbers.

/**
 * Stable merge sort of 0..count-1. Written out because Uint32Array.sort calls its comparator through the runtime, and
 * has an object's worth of memory for each number meanwhile: this one is several times faster.
 */
export function sortedOrder(count: number, compare: (a: number, b: number) => number): Uint32Array {
  let order = new Uint32Array(count);
  for (let i = 0; i < count; i += 1) order[i] = i;
  let scratch = new Uint32Array(count);
  for (let width = 1; width < count; width *= 2) {
    for (let start = 0; start < count; start += 2 * width) {
      mergeRuns(
        order,
        scratch,
        start,
        Math.min(start + width, count),
        Math.min(start + 2 * width, count),
        compare,
      );
    }
    [order, scratch] = [scratch, order];
  }
  return order;
}

function mergeRuns(
  from: Uint32Array,
  to: Uint32Array,
  start: number,
  middle: number,
  end: number,
  compare: (a: number, b: number) => number,
): void {
  let left = start;
  let right = middle;
  for (let out = start; out < end; out += 1) {
    if (left < middle && (right >= end || compare(from[left]!, from[right]!) <= 0)) to[out] = from[left++]!;
    else to[out] = from[right++]!;
  }
}
