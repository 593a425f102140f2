// What tells a disc from any other file: marks of volumes and partition tables on its sectors. File systems know
// their own marks; whoever opens a container hands them in.
import type { ByteSource } from '../source/byte-source.js';
import type { Confidence } from './confidence.js';

/** Bytes of a standard identifier. */
export const IDENTIFIER_BYTES = 5;

export interface VolumeMarks {
  /** Byte of an image at which volume descriptors start. */
  readonly descriptorStart: number;
  /** Whether five characters are the standard identifier of a descriptor. */
  readonly isIdentifier: (text: string) => boolean;
  /** How sure it is that the bytes are sectors of a disc. Reads few of them. Rejects as ByteSource.read does. */
  look(source: ByteSource, signal?: AbortSignal): Promise<Confidence>;
}
