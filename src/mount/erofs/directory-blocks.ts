// Directories as EROFS stores them: blocks, each an array of entries and then their names, all in byte order, "." and
// ".." among them. Everything that the index says is checked here, once, before the kernel is to see it.
import { MAX_NAME_BYTES, MODE_TYPE } from '../../filesystem/contract/file-tree.js';
import { compareBytes } from '../../index/byte-order.js';
import type { IndexTable } from '../../index/index-table.js';
import { ROW, ROW_WORDS } from '../../index/layout.js';
import { DIRENT_BYTES } from './format.js';
import { unsuitable } from './unsuitable.js';

const DOT = 0x2e;
const SLASH = 0x2f;
/** Type numbers of directory entries. */
const ENTRY_TYPES = new Map<number, number>([
  [MODE_TYPE.regular, 1],
  [MODE_TYPE.directory, 2],
  [MODE_TYPE.character, 3],
  [MODE_TYPE.block, 4],
  [MODE_TYPE.fifo, 5],
  [MODE_TYPE.socket, 6],
  [MODE_TYPE.symlink, 7],
]);

/** Type number of a row's entry, 0 when its mode says no type. */
export function entryType(mode: number): number {
  return ENTRY_TYPES.get(mode & MODE_TYPE.mask) ?? 0;
}

/** Walks the entries of one directory, set by `open`; reused for the next. */
export class DirectoryPacker {
  readonly #table: IndexTable;
  readonly #rows: Uint32Array;
  readonly #blob: Uint8Array;
  readonly #blockSize: number;
  readonly #sourceName: string;
  #row = 0;
  #parent = 0;
  #first = 0;
  /** Places of "." and ".." among all entries. */
  #dot = 0;
  #dotDot = 0;
  /** Entries, "." and ".." included. */
  count = 0;

  constructor(table: IndexTable, blockSize: number, sourceName: string) {
    this.#table = table;
    this.#rows = table.memory.rows;
    this.#blob = table.memory.blob;
    this.#blockSize = blockSize;
    this.#sourceName = sourceName;
  }

  /** Goes to a loaded directory whose children were checked by `check`. */
  open(row: number): void {
    this.#row = row;
    this.#parent = this.#table.word(row, ROW.parent);
    this.#first = this.#table.word(row, ROW.first);
    const children = this.#table.word(row, ROW.count);
    this.count = children + 2;
    let place = 0;
    while (place < children && this.#firstByte(place) < DOT) place += 1;
    this.#dot = place;
    while (place < children && this.#firstByte(place) === DOT && this.#secondByte(place) < DOT) place += 1;
    this.#dotDot = place + 1;
  }

  /** Throws `unsupported` unless the children are a run of valid, ascending names that belong to this directory. */
  check(row: number): void {
    const first = this.#table.word(row, ROW.first);
    const count = this.#table.word(row, ROW.count);
    if (count === 0) return;
    if (first <= row || first + count > this.#table.rowCount) this.#refuse(row, 'children outside the index');
    for (let child = first; child < first + count; child += 1) {
      if (this.#rows[child * ROW_WORDS + ROW.parent] !== row)
        this.#refuse(row, 'a child of another directory');
      this.#checkName(row, child);
      if (child > first && this.#compare(child - 1, child) >= 0) this.#refuse(row, 'names out of order');
    }
  }

  /** The first entry that has no room in a block which begins with entry `from`. */
  blockEnd(from: number): number {
    let used = 0;
    let place = from;
    for (; place < this.count; place += 1) {
      used += DIRENT_BYTES + this.#nameLength(place);
      if (used > this.#blockSize) break;
    }
    return place;
  }

  /** Bytes of the whole directory: full blocks, and what is used of the last. */
  measure(): number {
    let blocks = 0;
    let used = 0;
    for (let place = 0; place < this.count; place += 1) {
      const wanted = DIRENT_BYTES + this.#nameLength(place);
      if (used + wanted > this.#blockSize) {
        blocks += 1;
        used = 0;
      }
      used += wanted;
    }
    return blocks * this.#blockSize + used;
  }

  /**
   * Writes entries `from` to `end` as one block at byte `at`; gives the bytes used. `nodes` are node numbers by
   * row.
   */
  writeBlock(
    bytes: Uint8Array,
    view: DataView,
    at: number,
    from: number,
    end: number,
    nodes: Uint32Array,
  ): number {
    let name = (end - from) * DIRENT_BYTES;
    for (let place = from, entry = at; place < end; place += 1, entry += DIRENT_BYTES) {
      const row = this.#rowAt(place);
      const length = this.#nameLength(place);
      view.setUint32(entry, nodes[row]!, true);
      view.setUint16(entry + 8, name, true);
      bytes[entry + 10] = entryType(this.#rows[row * ROW_WORDS + ROW.mode]!);
      const target = at + name;
      if (this.#isDot(place)) bytes.fill(DOT, target, target + length);
      else {
        const start = this.#rows[row * ROW_WORDS + ROW.nameOffset]!;
        for (let i = 0; i < length; i += 1) bytes[target + i] = this.#blob[start + i]!;
      }
      name += length;
    }
    return name;
  }

  #isDot(place: number): boolean {
    return place === this.#dot || place === this.#dotDot;
  }

  #rowAt(place: number): number {
    if (place === this.#dot) return this.#row;
    if (place === this.#dotDot) return this.#parent;
    return this.#first + place - (place > this.#dotDot ? 2 : place > this.#dot ? 1 : 0);
  }

  #nameLength(place: number): number {
    if (place === this.#dot) return 1;
    if (place === this.#dotDot) return 2;
    return this.#rows[this.#rowAt(place) * ROW_WORDS + ROW.nameLength]!;
  }

  #firstByte(child: number): number {
    return this.#blob[this.#rows[(this.#first + child) * ROW_WORDS + ROW.nameOffset]!]!;
  }

  /** A name that is only "." is none, so there is a second byte. */
  #secondByte(child: number): number {
    return this.#blob[this.#rows[(this.#first + child) * ROW_WORDS + ROW.nameOffset]! + 1]!;
  }

  #checkName(directory: number, row: number): void {
    const start = this.#rows[row * ROW_WORDS + ROW.nameOffset]!;
    const length = this.#rows[row * ROW_WORDS + ROW.nameLength]!;
    const blob = this.#blob;
    if (length === 0 || length > MAX_NAME_BYTES || start + length > this.#table.blobBytes)
      this.#refuse(directory, 'a name outside the index');
    for (let i = start; i < start + length; i += 1) {
      if (blob[i] === 0 || blob[i] === SLASH) this.#refuse(directory, 'a name with "/" or NUL');
    }
    if (blob[start] === DOT && (length === 1 || (length === 2 && blob[start + 1] === DOT)))
      this.#refuse(directory, 'a name of dots');
  }

  #compare(a: number, b: number): number {
    const left = a * ROW_WORDS;
    const right = b * ROW_WORDS;
    return compareBytes(
      this.#blob,
      this.#rows[left + ROW.nameOffset]!,
      this.#rows[left + ROW.nameLength]!,
      this.#blob,
      this.#rows[right + ROW.nameOffset]!,
      this.#rows[right + ROW.nameLength]!,
    );
  }

  #refuse(row: number, found: string): never {
    throw unsuitable(this.#sourceName, `directory in row ${row} has ${found}`);
  }
}
