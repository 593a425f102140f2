// What a container gives: a disc with sessions and tracks, whatever file format it was kept in.
import type { PlanStream } from './plan-stream.js';

export type TrackMode = 'mode1';

export interface Track {
  /** From 1, counted over all sessions. */
  readonly number: number;
  readonly mode: TrackMode;
  /** Logical block address of the first sector. */
  readonly start: number;
  /** Sectors, the last one perhaps cut short by the end of the image. */
  readonly length: number;
}

export interface Session {
  /** From 1. */
  readonly number: number;
  readonly tracks: readonly Track[];
}

/** A disc. The source below it is owned by whoever opened that. */
export interface Disc {
  /** Name of the container's format, such as "iso". */
  readonly format: string;
  readonly sessions: readonly Session[];
  /** User data: byte = logical block address x 2048, whatever session and track a block is of. */
  readonly data: PlanStream;
}
