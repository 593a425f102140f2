// What there is on a disc besides its files: the facts of its descriptors, for `info`.
import type { Timestamp } from './file-tree.js';
import type { BootEntry } from './boot-entry.js';
import type { WindowsIdentity } from './windows-identity.js';

/** What only a UDF volume says of itself. */
export interface UdfFacts {
  /** "1.02" to "2.60". */
  readonly revision: string;
  /** Revision that a reader must know. */
  readonly minimumReadRevision?: string;
  /** Kinds of its partitions: physical, virtual, sparable, metadata. */
  readonly partitions: readonly string[];
  /** False when its writer did not finish. */
  readonly isClosed: boolean;
  /** As its writer counted. */
  readonly files?: number;
  readonly directories?: number;
}

/** Facts of a volume's descriptors. Text is trimmed, and empty where the format or the disc has none. */
export interface VolumeSummary {
  readonly systemId: string;
  readonly volumeId: string;
  readonly volumeSetId: string;
  readonly publisherId: string;
  readonly preparerId: string;
  readonly applicationId: string;
  readonly created: Timestamp | undefined;
  readonly modified: Timestamp | undefined;
  readonly expires: Timestamp | undefined;
  readonly effective: Timestamp | undefined;
  /** Those of them that are the local time of whoever wrote them, which nothing tells; absent: none. */
  readonly localTimes?: readonly ('created' | 'modified')[];
  /** Bytes of a logical block. */
  readonly blockSize: number;
  /** Bytes of the volume as the descriptor says; the image may have more, and should not have less. */
  readonly size: number;
  /** Byte of the image where the volume starts, as in a partition; absent: 0. */
  readonly start?: number;
  /** Joliet level 1 to 3, or 0. */
  readonly jolietLevel: number;
  /** A UDF volume stands on the same disc. */
  readonly hasUdf: boolean;
  /** Present when the disc has a UDF volume that can be read. */
  readonly udf?: UdfFacts;
  /** How Windows would know the disc; absent for formats that it does not read. */
  readonly windows?: WindowsIdentity;
  /** What firmware may start from this disc (El Torito). */
  readonly bootEntries: readonly BootEntry[];
  /** Byte offset of the boot catalogue, where there is one. */
  readonly bootCatalogOffset: number | undefined;
}

/** The summary of a format that knows little more than a name: what is not among the facts is empty. */
export function completeSummary(
  facts: Pick<VolumeSummary, 'volumeId' | 'blockSize' | 'size'> & Partial<VolumeSummary>,
): VolumeSummary {
  return {
    ...{ systemId: '', volumeSetId: '', publisherId: '', preparerId: '', applicationId: '' },
    ...{ created: undefined, modified: undefined, expires: undefined, effective: undefined },
    ...{ jolietLevel: 0, hasUdf: false, bootEntries: [], bootCatalogOffset: undefined },
    ...facts,
  };
}
