// Times of sheets: minutes, seconds and frames of 1/75 second, a frame a sector.
import { FRAMES_PER_MINUTE, FRAMES_PER_SECOND } from '../../disc/sector-address.js';

/** Frames; undefined for what is no time. */
export function parseTime(text: string): number | undefined {
  const [, minutes, seconds, frames] = /^(\d{1,4}):(\d{1,2}):(\d{1,2})$/.exec(text)?.map(Number) ?? [];
  if (minutes === undefined || seconds === undefined || frames === undefined) return undefined;
  if (seconds >= 60 || frames >= FRAMES_PER_SECOND) return undefined;
  return minutes * FRAMES_PER_MINUTE + seconds * FRAMES_PER_SECOND + frames;
}
