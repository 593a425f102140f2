// What there is to know of one mount beside what it holds open: the one record that is passed whole, from whoever
// makes the mount to the journal, to the list and to a successor.
import type { Finding } from '../../src/base/finding.js';
import type { TreeKind } from '../../src/filesystem/contract/file-tree.js';
import type { FileOwner } from '../../src/mount/mount-driver.js';
import type { PassedOver } from '../../src/mount/select-driver.js';
import type { DriverName } from '../../src/options/driver-names.js';
import type { WantedValues } from '../../src/options/mount-options.js';
import type { ImageIdentity, NamedIdentity } from '../reader/image-identity.js';
import type { ImageFacts } from '../reader/reader-requests.js';

export interface MountRecord {
  readonly id: string;
  /**
   * `making`: nobody was told of it yet; `detached`: lazily unmounted, its last users are still there; `crashed`: not
   * brought back any more.
   */
  readonly state: 'making' | 'mounted' | 'detached' | 'crashed';
  /** Daemons in a row that have begun to make it again and died. */
  readonly attempts: number;
  /** As it was asked for: without it, the rows of a kept index would mean something else. */
  readonly wanted: WantedValues;
  readonly image: RecordedImage;
  readonly made: MadeMount;
  /** What else is known of the image: with it, a successor serves the mount before it reads anything. */
  readonly facts?: RecordedFacts | undefined;
  /** The first that were met, and how many there are in all. */
  readonly findings: readonly Finding[];
  readonly findingCount: number;
  /** The whole index is in memory. */
  readonly isLoaded: boolean;
}

/** A mount that is to be made. */
export type WantedMount = Pick<MountRecord, 'id' | 'wanted'>;

/** What is mounted. */
export interface RecordedImage {
  /** Absolute path, without symlinks; of an image that has an owner, only what it is called. */
  readonly path: string;
  /** When it was mounted. */
  readonly identity: ImageIdentity;
  /** Of the files beside it that are part of it, in the order in which they are kept open. */
  readonly beside: readonly NamedIdentity[];
  /** Whose it is in the system service, which cannot open it again. */
  readonly owner?: FileOwner | undefined;
}

/** What came of what was wanted. */
export interface MadeMount {
  readonly tree: TreeKind;
  readonly driver: DriverName;
  /** Mount point, and whether it was made for the mount. */
  readonly directory: string;
  readonly created: boolean;
  /** "major:minor" of the mounted file system; unknown while `making`. */
  readonly device?: string | undefined;
  /** ISO 8601, UTC. */
  readonly mountedAt: string;
  /** Faster drivers that do not serve it, and why. */
  readonly passedOver: readonly PassedOver[];
}

export type RecordedFacts = Omit<ImageFacts, 'identity' | 'beside' | 'kind'>;

/**
 * What mount tables show as the device: the image's path. Everybody reads those, so a mount of the system service,
 * whose paths are its user's business, has its id there.
 */
export function sourceNameOf({ id, image }: Pick<MountRecord, 'id' | 'image'>): string {
  return image.owner === undefined ? image.path : `isodrive:${id}`;
}
