// Playing sound, as a drive without a socket for headphones does: nobody hears it, and the position moves on.

const FRAMES_PER_MILLISECOND = 75 / 1000;

/** AUDIO STATUS (MMC-6). */
export const PLAYING = 0x11;
export const PAUSED = 0x12;
export const COMPLETED = 0x13;
export const FAILED = 0x14;
export const NO_STATUS = 0x15;

interface Play {
  readonly end: number;
  /** What it ends with: sound may stop before what was asked for does. */
  readonly ending: typeof COMPLETED | typeof FAILED;
  /** Where it was at the time `since`, or is while it pauses. */
  readonly position: number;
  /** Milliseconds; undefined while it pauses. */
  readonly since: number | undefined;
}

export interface PlayState {
  readonly status: number;
  /** Block; undefined when nothing was played. */
  readonly position: number | undefined;
}

export class AudioPlayer {
  readonly #now: () => number;
  #play: Play | undefined;
  /** Where the head was left. */
  #left: number | undefined;

  /** `now`: milliseconds of a clock that is never set back. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Blocks `start` to `end`, that not included. */
  play(start: number, end: number, ending: Play['ending']): void {
    this.#play = { end, ending, position: start, since: this.#now() };
    this.#left = start;
  }

  /** False when nothing plays. */
  pause(isPaused: boolean): boolean {
    const position = this.#position();
    if (this.#play === undefined || position >= this.#play.end) return false;
    const isSame = isPaused === (this.#play.since === undefined);
    if (!isSame) this.#play = { ...this.#play, position, since: isPaused ? undefined : this.#now() };
    return true;
  }

  stop(): void {
    if (this.#play !== undefined) this.#left = this.#position();
    this.#play = undefined;
  }

  /** Of a disc that is no longer there. */
  forget(): void {
    this.#play = undefined;
    this.#left = undefined;
  }

  /** Where it is; does not say that it was told of the end. */
  get position(): number | undefined {
    return this.#play === undefined ? this.#left : this.#position();
  }

  /** What initiators are told, of an end once. */
  takeState(): PlayState {
    const { position } = this;
    if (this.#play === undefined) return { status: NO_STATUS, position };
    if (position! < this.#play.end)
      return { status: this.#play.since === undefined ? PAUSED : PLAYING, position };
    const { ending } = this.#play;
    this.stop();
    return { status: ending, position };
  }

  #position(): number {
    if (this.#play === undefined) return 0;
    const { end, position, since } = this.#play;
    if (since === undefined) return position;
    return Math.min(end, position + Math.floor((this.#now() - since) * FRAMES_PER_MILLISECOND));
  }
}
