// Byte-wise order of names, as lookup (binary search) and readdir use it, and the sort that makes it.

/** Order of two runs of the same or different arrays: negative, 0 or positive, as memcmp and then by length. */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aLength: number,
  b: Uint8Array,
  bStart: number,
  bLength: number,
): number {
  const common = Math.min(aLength, bLength);
  for (let i = 0; i < common; i += 1) {
    const difference = a[aStart + i]! - b[bStart + i]!;
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

/**
 * Stable merge sort of 0..count-1. Written out because Uint32Array.sort calls its comparator through the runtime:
 * this one is several times faster.
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
