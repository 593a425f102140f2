// What stands for the volume of a disc that has sound alone.
import type { Disc } from '../../disc/disc.js';
import { EmptyTree } from '../contract/empty-tree.js';
import type { Volume } from '../contract/file-system.js';
import { completeSummary } from '../contract/volume-summary.js';

export function createSoundVolume({ title = '' }: Pick<Disc, 'title'>): Volume {
  const tree = new EmptyTree('iso9660');
  return { trees: [tree], summary: completeSummary({ volumeId: title, blockSize: tree.blockSize, size: 0 }) };
}
