// The contract of every image file format: how sure it is that a source is of its kind, and how to open it.
import type { Disc } from '../disc/disc.js';
import type { ByteSource } from '../source/byte-source.js';
import type { Confidence } from './confidence.js';
import type { VolumeMarks } from './volume-marks.js';

export interface ContainerFormat {
  /** Short name, such as "iso". */
  readonly name: string;
  /** For people, such as "plain sectors of 2048 bytes". */
  readonly title: string;
  /** Looks at a few bytes only. `marks`: of volumes on plain sectors. Rejects as ByteSource.read does. */
  probe(source: ByteSource, marks: VolumeMarks, signal?: AbortSignal): Promise<Confidence>;
  /** Opens a source that `probe` recognised. The disc does not own the source. */
  open(source: ByteSource, signal?: AbortSignal): Promise<Disc>;
}
