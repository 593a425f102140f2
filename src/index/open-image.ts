// Opens an image from path to lazy index: the whole flow in one call, for presenters, mounts and the daemon.
import type { FindingLog } from '../base/finding.js';
import type { FileTree, TreeKind } from '../filesystem/file-tree.js';
import type { ByteSource } from '../source/byte-source.js';
import type { DiscIndex } from './disc-index.js';
import type { IndexMemory } from './index-memory.js';

export interface OpenImageOptions {
  /** Which view of the disc; `auto` takes the best that is readable. */
  readonly tree?: TreeKind | 'auto';
  /** Where the index lives; memory of this process where absent. */
  readonly memory?: IndexMemory;
  readonly signal?: AbortSignal;
}

/** An image ready to be listed. Disposing closes the source. */
export interface OpenedImage extends AsyncDisposable {
  readonly source: ByteSource;
  /** Every view the disc holds, best first. */
  readonly trees: readonly FileTree[];
  /** The chosen view, which `index` shows. */
  readonly tree: FileTree;
  readonly index: DiscIndex;
  readonly findings: FindingLog;
}
