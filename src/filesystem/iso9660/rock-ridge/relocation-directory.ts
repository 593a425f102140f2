// The directory in the root where writers put directories that ISO 9660 would have too deep (RRIP 4.1.5). They are
// shown where they belong, and what is left of it is not worth a name: it is held back until it is known to hold
// nothing else.
import { DirectoryEntry, MODE_TYPE } from '../../contract/file-tree.js';
import type { EntrySink } from '../../contract/file-tree.js';

/** Names that writers give it (mkisofs, makefs). */
const NAMES = ['rr_moved', '.rr_moved'].map((name) => Buffer.from(name, 'latin1'));

/** Passes entries on, but for the relocation directory. */
export class RelocationFilter implements EntrySink {
  readonly #sink: EntrySink;
  /** The relocation directory, a copy. */
  held: DirectoryEntry | undefined;

  constructor(sink: EntrySink) {
    this.#sink = sink;
  }

  add(entry: DirectoryEntry): void {
    if (this.held === undefined && isRelocationDirectory(entry)) this.held = copyEntry(entry);
    else this.#sink.add(entry);
  }
}

function isRelocationDirectory({ mode, name, nameLength }: DirectoryEntry): boolean {
  if ((mode & MODE_TYPE.mask) !== MODE_TYPE.directory) return false;
  return NAMES.some((known) => known.length === nameLength && known.equals(name.subarray(0, nameLength)));
}

function copyEntry(entry: DirectoryEntry): DirectoryEntry {
  const { name, modified, accessed, changed, ...fields } = entry;
  const copy = Object.assign(new DirectoryEntry(), fields);
  copy.name.set(name);
  Object.assign(copy.modified, modified);
  Object.assign(copy.accessed, accessed);
  Object.assign(copy.changed, changed);
  return copy;
}
