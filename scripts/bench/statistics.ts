// Medians: one slow run on a busy machine moves them least.

/** Undefined for no values. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle];
  return sorted.length === 0 ? undefined : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median of the ratios within each repetition, which drifts of the machine over the run do not touch. */
export function medianRatio(upper: readonly number[], lower: readonly number[]): number | undefined {
  const pairs = Math.min(upper.length, lower.length);
  return median(upper.slice(0, pairs).map((value, i) => value / lower[i]!));
}
