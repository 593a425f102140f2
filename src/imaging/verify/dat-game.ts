// What a list of digests by game says of one game: the contract between those who read such lists and those who judge.
import type { Algorithm } from '../hash/digests.js';

export interface DatRom {
  readonly name: string;
  /** Undefined where the list does not say it. */
  readonly size: number | undefined;
  /** Lower-case hexadecimal; one at least. */
  readonly digests: ReadonlyMap<Algorithm, string>;
}

export interface DatGame {
  readonly name: string;
  readonly roms: readonly DatRom[];
}

/** Which of two tracks the pause between them is taken for. */
export type PauseRule = 'with-next' | 'with-previous';

/** Lines of a log that are looked at: logs have some thousand. */
export const MAX_LOG_LINES = 100_000;

/** Files that describe tracks or subchannels: programs write them in their own ways. */
const SIDE_NAME = /\.(?:cue|gdi|ccd|mds|toc|sub|sbi|lsd|cdt|txt|log|m3u|xml|dat)$/i;

/** Whether a file of a game lies beside the tracks, and is none. */
export function isSideRom({ name }: DatRom): boolean {
  return SIDE_NAME.test(name);
}
