// The tree of a disc that has none: boot images may be all there is.
import { DirectoryEntry, MODE_TYPE } from './file-tree.js';
import type { FileTree, TreeKind } from './file-tree.js';

const BLOCK_SIZE = 2048;

export class EmptyTree implements FileTree {
  readonly kind: TreeKind;
  readonly label = '';
  readonly volumeSize = 0;
  readonly blockSize = BLOCK_SIZE;

  /** `kind`: what the disc would have. */
  constructor(kind: TreeKind) {
    this.kind = kind;
  }

  readRoot(): Promise<DirectoryEntry> {
    const root = new DirectoryEntry();
    root.mode = MODE_TYPE.directory | 0o555;
    root.links = 2;
    return Promise.resolve(root);
  }

  isRootEmpty(): Promise<boolean> {
    return Promise.resolve(true);
  }

  readDirectory(): Promise<void> {
    return Promise.resolve();
  }
}
