// A disc of one file, with which it is tried whether mounting works.
import { DirectoryEntry, MODE_TYPE } from '../filesystem/contract/file-tree.js';
import type { FileTree } from '../filesystem/contract/file-tree.js';

/** Of the image, and of its file, which lies at its beginning. */
export const TRIAL_BYTES = 4096;
export const TRIAL_FILE = 'file';

export function trialTree(): FileTree {
  return {
    kind: 'iso9660',
    label: '',
    volumeSize: TRIAL_BYTES,
    blockSize: 2048,
    readRoot: () => {
      const root = new DirectoryEntry();
      root.mode = MODE_TYPE.directory | 0o555;
      return Promise.resolve(root);
    },
    isRootEmpty: () => Promise.resolve(false),
    readDirectory: (_locator, _size, sink) => {
      const file = new DirectoryEntry();
      file.nameLength = new TextEncoder().encodeInto(TRIAL_FILE, file.name).written;
      file.mode = MODE_TYPE.regular | 0o444;
      file.size = TRIAL_BYTES;
      sink.add(file);
      return Promise.resolve();
    },
  };
}
