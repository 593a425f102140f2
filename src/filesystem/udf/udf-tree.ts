// The tree of a UDF volume.
import type { Finding } from '../../base/finding.js';
import { listsNothing } from '../contract/lists-nothing.js';
import { DirectoryEntry } from '../contract/file-tree.js';
import type { EntrySink, FileTree } from '../contract/file-tree.js';
import { DirectoryWalker } from './directory-walker.js';
import { locatorOf } from './entry-filler.js';
import type { UdfVolume } from './udf-volume.js';

export class UdfTree implements FileTree {
  readonly kind = 'udf';
  readonly hasAttributes = true;
  readonly label: string;
  readonly volumeSize: number;
  readonly blockSize: number;
  readonly #volume: UdfVolume;
  /** Kept for the next directory. */
  #spare: DirectoryWalker | undefined;

  /** Does not own the volume's reader. */
  constructor(volume: UdfVolume) {
    this.#volume = volume;
    this.label = volume.label;
    this.volumeSize = volume.size;
    this.blockSize = volume.blockSize;
  }

  async readRoot(signal?: AbortSignal): Promise<DirectoryEntry> {
    const { root } = this.#volume;
    const walker = this.#takeWalker(() => undefined);
    const entry = new DirectoryEntry();
    await walker.readDirectoryEntry(locatorOf(root.block, root.partition), entry, signal);
    this.#spare = walker;
    return entry;
  }

  isRootEmpty(signal?: AbortSignal): Promise<boolean> {
    const { root } = this.#volume;
    return listsNothing(this, locatorOf(root.block, root.partition), 0, signal);
  }

  async readDirectory(
    locator: number,
    _size: number,
    sink: EntrySink,
    report: (finding: Finding) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const walker = this.#takeWalker(report);
    await walker.list(locator, sink, signal);
    this.#spare = walker;
  }

  #takeWalker(report: (finding: Finding) => void): DirectoryWalker {
    const walker = this.#spare ?? new DirectoryWalker(this.#volume);
    this.#spare = undefined;
    walker.findings.report = report;
    return walker;
  }
}
