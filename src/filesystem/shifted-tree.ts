// A tree of an image that was cut out of a disc: its parsers speak of places on the disc, the index of places in the
// image. Works for every file system.
import { decodePath } from '../base/path-text.js';
import type { Finding } from '../base/finding.js';
import { MODE_TYPE } from './file-tree.js';
import type { DirectoryEntry, EntrySink, Extent, FileTree, TreeKind } from './file-tree.js';

/** Stands for a place that the image does not hold; beyond the end of every image. */
const NOWHERE = 2 ** 52;

export class ShiftedTree implements FileTree {
  readonly kind: TreeKind;
  readonly label: string;
  readonly volumeSize: number;
  readonly blockSize: number;
  readonly hasAttributes: boolean;
  readonly #inner: FileTree;
  readonly #shift: number;
  readonly #source: string;

  /** `shift`: bytes of the disc before the image named `source`. */
  constructor(inner: FileTree, shift: number, source: string) {
    this.#inner = inner;
    this.#shift = shift;
    this.#source = source;
    this.kind = inner.kind;
    this.label = inner.label;
    this.volumeSize = inner.volumeSize;
    this.blockSize = inner.blockSize;
    this.hasAttributes = inner.hasAttributes ?? false;
  }

  readRoot(signal?: AbortSignal): Promise<DirectoryEntry> {
    return this.#inner.readRoot(signal);
  }

  isRootEmpty(signal?: AbortSignal): Promise<boolean> {
    return this.#inner.isRootEmpty(signal);
  }

  readDirectory(
    locator: number,
    size: number,
    sink: EntrySink,
    report: (finding: Finding) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const shifted: EntrySink = {
      add: (entry) => {
        if ((entry.mode & MODE_TYPE.mask) === MODE_TYPE.regular) this.#move(entry, report);
        sink.add(entry);
      },
    };
    return this.#inner.readDirectory(locator, size, shifted, report, signal);
  }

  #move(entry: DirectoryEntry, report: (finding: Finding) => void): void {
    if (entry.size === 0) return;
    const starts = entry.extents?.map(({ offset }) => offset ?? this.#shift) ?? [entry.locator];
    if (starts.some((start) => start < this.#shift)) this.#reportMissing(entry, report);
    entry.locator = this.#place(entry.locator);
    entry.extents = entry.extents?.map((extent) => this.#moveExtent(extent));
  }

  #moveExtent({ offset, length }: Extent): Extent {
    return { offset: offset === undefined ? undefined : this.#place(offset), length };
  }

  #place(offset: number): number {
    return offset < this.#shift ? NOWHERE : offset - this.#shift;
  }

  #reportMissing(entry: DirectoryEntry, report: (finding: Finding) => void): void {
    const name = decodePath(entry.name.subarray(0, entry.nameLength));
    report({
      code: 'file-before-image',
      severity: 'damage',
      message: `File "${name}" lies before the first sector of the image`,
      at: { source: this.#source, offset: entry.locator },
    });
  }
}
