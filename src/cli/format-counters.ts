// What a mount has done, in a line.
import type { CountersSummary } from '../protocol/messages.js';
import { formatBytes } from './count-text.js';

export function formatCounters(counters: CountersSummary): string {
  const { requests, reads, readBytes, cachedReads, decodedReads, latencyMicroseconds: latency } = counters;
  if (requests === 0) return 'not used yet';
  const share = reads === 0 ? '' : `, ${Math.round((100 * cachedReads) / reads)}% from memory`;
  const decoded = decodedReads === 0 ? '' : `, ${decodedReads} decoded`;
  return (
    `${requests} requests, ${reads} reads of ${formatBytes(readBytes)}${share}${decoded}, ` +
    `answered within ${formatMicroseconds(latency.p50)} (half), ${formatMicroseconds(latency.p99)} (99%)`
  );
}

function formatMicroseconds(value: number): string {
  if (value < 1000) return `${value} us`;
  return value < 1_000_000 ? `${Math.round(value / 1000)} ms` : `${Math.round(value / 1_000_000)} s`;
}
