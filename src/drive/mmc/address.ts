// Addresses of blocks as discs and commands write them: minutes, seconds and frames of 1/75 s (ECMA-130).

import {
  FRAMES_PER_SECOND,
  LEAD_FRAMES,
  SECONDS_PER_MINUTE,
  timeOfBlock,
} from '../../disc/sector-address.js';
import type { DiscTime } from '../../disc/sector-address.js';

/** The logical block at a time, negative before block 0; undefined when it is no time. */
export function blockOfTime({ minute, second, frame }: DiscTime): number | undefined {
  if (second >= SECONDS_PER_MINUTE || frame >= FRAMES_PER_SECOND) return undefined;
  return (minute * SECONDS_PER_MINUTE + second) * FRAMES_PER_SECOND + frame - LEAD_FRAMES;
}

/** Four bytes: a logical block, or with `asTime` 0, minute, second, frame in binary. */
export function writeAddress(target: Buffer, offset: number, block: number, asTime: boolean): void {
  if (asTime) {
    const { minute, second, frame } = timeOfBlock(block);
    target.set([0, minute, second, frame], offset);
  } else target.writeUInt32BE(block, offset);
}
