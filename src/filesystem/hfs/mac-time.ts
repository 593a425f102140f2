// Times of HFS and HFS+: unsigned seconds since 1904 (Apple TN1150, "HFS Plus Dates"). HFS+ counts in UTC; HFS in the
// local time of whoever wrote it, which nothing on the disc tells, and is shown as if it were UTC, as Linux does.
import type { Timestamp } from '../contract/file-tree.js';

/** Seconds from 1904-01-01 to 1970-01-01. */
const EPOCH = 2_082_844_800;

/** 0 stands for "never set", and becomes 1970. */
export function writeMacTime(value: number, time: Timestamp): void {
  time.seconds = value === 0 ? 0 : value - EPOCH;
  time.microseconds = 0;
}

/** As writeMacTime, for the times of a volume: undefined when it was never set. */
export function readMacTime(value: number): Timestamp | undefined {
  return value === 0 ? undefined : { seconds: value - EPOCH, microseconds: 0 };
}
