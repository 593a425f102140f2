// The contract of every image file format: how sure it is that a source is of its kind, and how to open it.
import type { Disc } from '../disc/disc.js';
import type { ByteSource } from '../source/byte-source.js';

/** How sure a probe is: 0 not at all; above that the largest wins. */
export type Confidence = 0 | 1 | 2 | 3;

export interface ContainerFormat {
  /** Short name, such as "iso". */
  readonly name: string;
  /** For people, such as "plain sectors of 2048 bytes". */
  readonly title: string;
  /** Looks at a few bytes only. Rejects as ByteSource.read does. */
  probe(source: ByteSource, signal?: AbortSignal): Promise<Confidence>;
  /** Opens a source that `probe` recognised. The disc does not own the source. */
  open(source: ByteSource, signal?: AbortSignal): Promise<Disc>;
}
