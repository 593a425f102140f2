// What the counters of a mount come to, for people who do not want to add up histograms.
import type { MountCounters } from '../../src/mount/mount-driver.js';
import type { CountersSummary } from '../../src/protocol/messages.js';

export function summarizeCounters(counters: MountCounters): CountersSummary {
  const { reads, waitedReads, decodedReads, latency, readLatency } = counters;
  return {
    ...counters,
    cachedReads: Math.max(0, reads - waitedReads - decodedReads),
    latencyMicroseconds: summarizeLatency(latency),
    readLatencyMicroseconds: summarizeLatency(readLatency),
  };
}

function summarizeLatency(histogram: readonly number[]): CountersSummary['latencyMicroseconds'] {
  return { p50: quantile(histogram, 0.5), p99: quantile(histogram, 0.99) };
}

/** Microseconds within which that share of requests was answered: the upper bound of its bucket; 0 for no requests. */
export function quantile(histogram: readonly number[], share: number): number {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  if (total === 0) return 0;
  let seen = 0;
  const bucket = histogram.findIndex((count) => (seen += count) >= share * total);
  return 2 ** bucket;
}
