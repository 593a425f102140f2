// Primary volume descriptor (ECMA-167 3/10.1): names and date of the volume.
import type { ByteCursor } from '../../base/byte-cursor.js';
import type { Timestamp } from '../contract/file-tree.js';
import { readDstring } from './cs0.js';
import { readEntityIdentifier } from './fields.js';
import { readOptionalTimestamp } from './timestamp.js';

export interface PrimaryVolumeDescriptor {
  readonly volumeId: string;
  readonly volumeSetId: string;
  readonly applicationId: string;
  readonly implementationId: string;
  readonly recorded: Timestamp | undefined;
}

export function parsePrimaryVolumeDescriptor(cursor: ByteCursor): PrimaryVolumeDescriptor {
  return {
    volumeId: readDstring(cursor, 24, 32), // 3/10.1.4, BP 24-55
    volumeSetId: readDstring(cursor, 72, 128), // 3/10.1.9, BP 72-199
    applicationId: readEntityIdentifier(cursor, 344), // 3/10.1.14, BP 344-375
    recorded: readOptionalTimestamp(cursor, 376), // 3/10.1.15, BP 376-387
    implementationId: readEntityIdentifier(cursor, 388), // 3/10.1.16, BP 388-419
  };
}
