// Addresses of blocks as discs and commands write them: minutes, seconds and frames of 1/75 s (ECMA-130).

/** Blocks between 00:00:00 and logical block 0 (MMC-6). */
export const PREGAP = 150;
const FRAMES = 75;
const SECONDS = 60;
const MAX_MINUTE = 0xff;

export interface DiscTime {
  readonly minute: number;
  readonly second: number;
  readonly frame: number;
}

/** Absolute time of a logical block; the largest that there is (FFh:59:74) where it lies beyond. */
export function timeOfBlock(block: number): DiscTime {
  return timeOfFrames(block + PREGAP);
}

/** A number of frames as a time. */
export function timeOfFrames(frames: number): DiscTime {
  const minute = Math.floor(frames / (FRAMES * SECONDS));
  if (minute > MAX_MINUTE) return { minute: MAX_MINUTE, second: SECONDS - 1, frame: FRAMES - 1 };
  return { minute, second: Math.floor(frames / FRAMES) % SECONDS, frame: frames % FRAMES };
}

/** The logical block at a time, negative before block 0; undefined when it is no time. */
export function blockOfTime({ minute, second, frame }: DiscTime): number | undefined {
  if (second >= SECONDS || frame >= FRAMES) return undefined;
  return (minute * SECONDS + second) * FRAMES + frame - PREGAP;
}

/** A number below 100 in two decimal digits; above, FFh. */
export function toBcd(value: number): number {
  return value > 99 ? 0xff : Math.floor(value / 10) * 16 + (value % 10);
}

/** Four bytes: a logical block, or with `asTime` 0, minute, second, frame in binary. */
export function writeAddress(target: Buffer, offset: number, block: number, asTime: boolean): void {
  if (asTime) {
    const { minute, second, frame } = timeOfBlock(block);
    target.set([0, minute, second, frame], offset);
  } else target.writeUInt32BE(block, offset);
}
