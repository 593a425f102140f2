// The contract of every image format: how sure it is that files are of its kind, and how to open them. Filters turn
// bytes into bytes, containers turn bytes into a disc.
import type { Disc } from '../disc/disc.js';
import type { ByteSource } from '../source/byte-source.js';
import type { ImageFiles } from '../source/image-files.js';
import type { Confidence } from './confidence.js';
import type { VolumeMarks } from './volume-marks.js';

interface Format {
  /** Short name, such as "iso". */
  readonly name: string;
  /** For people, such as "plain sectors of 2048 bytes". */
  readonly title: string;
  /** Looks at a few bytes only. `marks`: of volumes on plain sectors. Rejects as ByteSource.read does. */
  probe(files: ImageFiles, marks: VolumeMarks, signal?: AbortSignal): Promise<Confidence>;
}

export interface Filter extends Format {
  readonly kind: 'filter';
  /** Opens files that `probe` recognised. The source owns none of them. */
  open(files: ImageFiles, signal?: AbortSignal): Promise<ByteSource>;
}

export interface Container extends Format {
  readonly kind: 'container';
  /** Opens files that `probe` recognised. The disc owns none of them. */
  open(files: ImageFiles, signal?: AbortSignal): Promise<Disc>;
}
