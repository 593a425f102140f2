// What an image may cost: 2 s of processor time a megabyte and 2 s, and 256 MiB above what the same command takes for
// an image that holds nothing.
import type { Usage } from './report-usage.js';

const SECONDS_A_MEGABYTE = 2;
const SPARE_SECONDS = 2;
const MEGABYTE = 1e6;
export const MEMORY_BOUND = 256 * 1024 * 1024;

export function secondsBound(imageBytes: number): number {
  return SPARE_SECONDS + (SECONDS_A_MEGABYTE * imageBytes) / MEGABYTE;
}

export interface Measured {
  readonly image: string;
  readonly imageBytes: number;
  readonly task: string;
  /** How it ended: "0", another exit status, a code of isodrive's, or a signal. */
  readonly end: string;
  readonly cpuSeconds: number;
  /** Above the start. */
  readonly memoryBytes: number;
  /** It did not end by itself: a fault, whatever it cost. */
  readonly isBroken: boolean;
}

/** The greater share of the two bounds that was used; above 1 it is exceeded. */
export function shareOf({ cpuSeconds, memoryBytes, imageBytes, isBroken }: Measured): number {
  if (isBroken) return Infinity;
  return Math.max(cpuSeconds / secondsBound(imageBytes), memoryBytes / MEMORY_BOUND);
}

/** What it cost above the start. Only memory is: processor time includes the start of the program. */
export function aboveStart(usage: Usage, start: Usage): { cpuSeconds: number; memoryBytes: number } {
  return {
    cpuSeconds: usage.cpuSeconds,
    memoryBytes: Math.max(0, usage.peakBytes - start.peakBytes),
  };
}
