// Collects the entries of one directory, validates them, and sorts them before they are appended to the index in
// one contiguous run. One stage serves one directory at a time and is reused for the next.
import { countBytes } from '../base/byte-count.js';
import { decodePath } from '../base/path-text.js';
import { sortedOrder } from '../base/sorted-order.js';
import type { Finding } from '../base/finding.js';
import { IsodriveError } from '../base/error.js';
import { STREAM } from '../disc/read-plan.js';
import { MAX_NAME_BYTES, MAX_TARGET_BYTES, MODE_TYPE } from '../filesystem/contract/file-tree.js';
import type { DirectoryEntry, EntrySink, Extent, ExtentSequence } from '../filesystem/contract/file-tree.js';
import { WorkBudget } from '../filesystem/contract/work-budget.js';
import { encodeAttributes } from './attribute-blob.js';
import { compareBytes } from './byte-order.js';
import { fitName } from './fit-name.js';
import {
  CODING,
  EXTENT,
  EXTENT_HOLE,
  EXTENT_STREAM_SHIFT,
  EXTENT_WORDS,
  FLAG,
  ROW,
  ROW_WORDS,
  UNIT_POWER_SHIFT,
} from './layout.js';
import { highWord } from './wide-number.js';
import { writeAttributes } from './write-attributes.js';

/** Entries of one directory. */
export const MAX_DIRECTORY_ENTRIES = 4_194_304;
/** Bytes of a file: beyond, numbers are not exact. */
export const MAX_FILE_BYTES = Number.MAX_SAFE_INTEGER;
/** Bytes of a stage that is kept for the next directory: thousands of entries fit. */
const MAX_KEPT_BYTES = 1_048_576;
const SLASH = 0x2f;
const UNDERSCORE = 0x5f;
const DOT = 0x2e;

export class DirectoryStage implements EntrySink {
  /** Staged rows; blob and extent positions in them are relative to this stage. */
  rows = new Uint32Array(64 * ROW_WORDS);
  blob = new Uint8Array(2048);
  extents = new Uint32Array(16 * EXTENT_WORDS);
  count = 0;
  blobBytes = 0;
  extentCount = 0;
  /** Extents in the blob, whose offsets count in this stage's. */
  #addedExtents: number[] = [];
  /** Entries that are directories. */
  directoryCount = 0;
  /** First six name bytes as one number: decides most comparisons without touching the names. */
  #keys = new Float64Array(64);
  #report: (finding: Finding) => void = () => undefined;
  #sourceName = '';
  #work = new WorkBudget(Infinity);
  /** Names so far are in order and differ, as they do on most discs: then there is nothing to sort. */
  #inOrder = true;
  readonly #maxEntries: number;

  constructor(maxEntries = MAX_DIRECTORY_ENTRIES) {
    this.#maxEntries = maxEntries;
  }

  /** Whether it is worth keeping: after one huge directory, its memory is not. */
  get isSmall(): boolean {
    return this.rows.byteLength + this.blob.byteLength + this.extents.byteLength <= MAX_KEPT_BYTES;
  }

  /** `work`: what its entries are charged to. */
  begin(sourceName: string, report: (finding: Finding) => void, work = new WorkBudget(Infinity)): void {
    this.#work = work;
    this.count = this.blobBytes = this.extentCount = this.directoryCount = 0;
    this.#inOrder = true;
    this.#addedExtents = [];
    this.#report = report;
    this.#sourceName = sourceName;
  }

  add(entry: DirectoryEntry): void {
    if (this.count >= this.#maxEntries) {
      throw new IsodriveError(
        'damaged',
        `Directory has more than ${this.#maxEntries} entries, expected fewer`,
      );
    }
    if (!this.#work.takeEntry() || !this.#work.takeKept(entry.nameLength + (entry.target?.length ?? 0)))
      throw this.#work.refuse(this.#sourceName);
    this.#growRows();
    const nameOffset = this.blobBytes;
    const nameLength = this.#addName(entry);
    if (nameLength === 0) return;
    if (entry.size > MAX_FILE_BYTES) this.#settleSize(entry);
    const { rows } = this;
    const at = this.count * ROW_WORDS;
    rows[at + ROW.nameOffset] = nameOffset;
    rows[at + ROW.nameLength] = nameLength;
    writeAttributes(rows, at, entry);
    rows[at + ROW.state] = 0;
    rows[at + ROW.flags] = entry.lacksAttributes ? FLAG.lacksAttributes : 0;
    rows[at + ROW.attributes] = 0;
    rows[at + ROW.first] = entry.deviceMajor;
    rows[at + ROW.count] = entry.deviceMinor;
    rows[at + ROW.dataLow] = entry.locator >>> 0;
    rows[at + ROW.dataHigh] = highWord(entry.locator);
    if (entry.coding !== undefined) this.#addCoding(at, entry);
    else if (entry.extents !== undefined) this.#addExtents(at, entry.extents);
    const type = entry.mode & MODE_TYPE.mask;
    if (type === MODE_TYPE.symlink) this.#addTarget(at, entry);
    else if (type === MODE_TYPE.directory) this.directoryCount += 1;
    else if (type === MODE_TYPE.regular) rows[at + ROW.count] = entry.sumIndex;
    if (entry.attributes !== undefined && entry.attributes.length > 0)
      this.#addAttributes(at, entry.attributes);
    if (this.#inOrder && this.count > 0) this.#inOrder = this.#compare(this.count - 1, this.count) < 0;
    this.count += 1;
  }

  /**
   * Order of the staged rows by name, undefined when it is that of the stage; made unique: a later duplicate is shown
   * as NAME~2, NAME~3 and so on, the suffix behind that.
   */
  order(): Uint32Array | undefined {
    if (this.#inOrder) return undefined;
    let order = this.#sort();
    for (let round = 0; this.#renameDuplicates(order) && round < 8; round += 1) order = this.#sort();
    return order;
  }

  /** Turns the positions in the rows, which are relative to this stage, into those of the index; for once only. */
  relocate(parent: number, blobBase: number, extentBase: number): void {
    const { rows } = this;
    for (const extent of this.#addedExtents) {
      const at = extent * EXTENT_WORDS + EXTENT.offsetLow;
      this.extents[at] = this.extents[at]! + blobBase;
    }
    const end = this.count * ROW_WORDS;
    for (let at = 0; at < end; at += ROW_WORDS) {
      rows[at + ROW.parent] = parent;
      rows[at + ROW.nameOffset] = rows[at + ROW.nameOffset]! + blobBase;
      if (rows[at + ROW.attributes] !== 0) rows[at + ROW.attributes] = rows[at + ROW.attributes]! + blobBase;
      if ((rows[at + ROW.flags]! & FLAG.manyExtents) !== 0)
        rows[at + ROW.dataLow] = rows[at + ROW.dataLow]! + extentBase;
      const type = rows[at + ROW.mode]! & MODE_TYPE.mask;
      if (type === MODE_TYPE.symlink) rows[at + ROW.first] = rows[at + ROW.first]! + blobBase;
    }
  }

  #sort(): Uint32Array {
    return sortedOrder(this.count, (a, b) => this.#compare(a, b));
  }

  #compare(a: number, b: number): number {
    const difference = this.#keys[a]! - this.#keys[b]!;
    if (difference !== 0) return difference;
    const { rows, blob } = this;
    const left = a * ROW_WORDS;
    const right = b * ROW_WORDS;
    return compareBytes(
      blob,
      rows[left + ROW.nameOffset]!,
      rows[left + ROW.nameLength]!,
      blob,
      rows[right + ROW.nameOffset]!,
      rows[right + ROW.nameLength]!,
    );
  }

  #name(row: number): Uint8Array {
    const start = this.rows[row * ROW_WORDS + ROW.nameOffset]!;
    return this.blob.subarray(start, start + this.rows[row * ROW_WORDS + ROW.nameLength]!);
  }

  #renameDuplicates(order: Uint32Array): boolean {
    let renamed = false;
    for (let leader = 0, next = 1; next < order.length; next += 1) {
      if (this.#compare(order[leader]!, order[next]!) !== 0) {
        leader = next;
        continue;
      }
      this.#rename(order[next]!, next - leader + 1);
      renamed = true;
    }
    return renamed;
  }

  #rename(row: number, copy: number): void {
    const name = this.#name(row);
    const renamed = fitName(name, `~${copy}`);
    this.#growBlob(renamed.length);
    const start = this.blobBytes;
    this.blob.set(renamed, start);
    this.blobBytes += renamed.length;
    this.#finding(
      'duplicate-name',
      'note',
      `"${decodePath(name)}" stands ${copy} times in one directory, the later one is shown as "${decodePath(renamed)}"`,
    );
    this.rows[row * ROW_WORDS + ROW.nameOffset] = start;
    this.rows[row * ROW_WORDS + ROW.nameLength] = renamed.length;
    this.#keys[row] = prefixKey(this.blob, start, renamed.length);
  }

  /** Appends the entry's name, made fit for a POSIX directory, and its key; gives its length, 0 to drop the entry. */
  #addName(entry: DirectoryEntry): number {
    let name: Uint8Array = entry.name;
    let length = entry.nameLength;
    if (length === 0) {
      this.#finding('empty-name', 'warning', 'Entry without a name is left out');
      return 0;
    }
    if (length > MAX_NAME_BYTES) {
      this.#finding('long-name', 'warning', `Name of ${countBytes(length)} is cut to ${MAX_NAME_BYTES}`);
      name = fitName(name.subarray(0, length));
      length = name.length;
    }
    this.#growBlob(length);
    const { blob, blobBytes: start } = this;
    let bad = false;
    for (let i = 0; i < length; i += 1) {
      const byte = name[i]!;
      if (byte === SLASH || byte === 0) {
        bad = true;
        blob[start + i] = UNDERSCORE;
      } else blob[start + i] = byte;
    }
    if (name[0] === DOT && (length === 1 || (length === 2 && name[1] === DOT))) {
      bad = true;
      blob[start] = UNDERSCORE;
    }
    if (bad) {
      this.#finding(
        'invalid-name',
        'warning',
        `Name "${decodePath(name.subarray(0, length))}" is no file name, "_" stands for what is wrong`,
      );
    }
    this.#keys[this.count] = prefixKey(blob, start, length);
    this.blobBytes += length;
    return length;
  }

  /** A size that no disc can have: what has a place on the disc is shown of such a file. */
  #settleSize(entry: DirectoryEntry): void {
    const found = entry.size;
    const extents = entry.coding === undefined ? (entry.extents ?? []) : [];
    let held = 0;
    for (const { length } of extents) held += length;
    entry.size = held > MAX_FILE_BYTES ? 0 : held;
    if (entry.size === 0) entry.extents = undefined;
    const what = `File says that it has ${countBytes(found)}, which none can have; it is shown with ${entry.size}`;
    this.#finding('impossible-size', 'damage', what);
  }

  #addTarget(at: number, entry: DirectoryEntry): void {
    const target = entry.target ?? new Uint8Array();
    const end = target.indexOf(0);
    const length = Math.min(end < 0 ? target.length : end, MAX_TARGET_BYTES);
    if (length < target.length) {
      this.#finding(
        'invalid-target',
        'warning',
        `Symlink target of ${countBytes(target.length)} is cut to ${length}`,
      );
    }
    this.#growBlob(length);
    this.blob.set(target.subarray(0, length), this.blobBytes);
    this.rows[at + ROW.first] = this.blobBytes;
    this.rows[at + ROW.count] = length;
    this.blobBytes += length;
  }

  #addExtents(at: number, all: ExtentSequence): void {
    let added = 0;
    for (const extent of all) added += extent.added?.length ?? 0;
    const isKept = this.#work.takeKept(all.length * EXTENT_WORDS * 4 + added);
    const extents = isKept ? all : [];
    if (!isKept) {
      this.#finding(
        'extents-left-out',
        'damage',
        `File has ${all.length} extents, and all files more than the image can need: it cannot be read`,
      );
    }
    const wanted = (this.extentCount + extents.length) * EXTENT_WORDS;
    if (wanted > this.extents.length) {
      const larger = new Uint32Array(Math.max(wanted, this.extents.length * 2));
      larger.set(this.extents);
      this.extents = larger;
    }
    this.rows[at + ROW.dataLow] = this.extentCount;
    this.rows[at + ROW.dataHigh] = extents.length;
    this.rows[at + ROW.flags] = this.rows[at + ROW.flags]! | FLAG.manyExtents;
    let end = 0;
    for (const extent of extents) {
      const words = this.extentCount * EXTENT_WORDS;
      const offset = extent.added === undefined ? (extent.offset ?? 0) : this.#addBytes(extent.added);
      end += extent.length;
      this.extents[words + EXTENT.offsetLow] = offset >>> 0;
      this.extents[words + EXTENT.offsetHigh] = describePlace(extent, offset);
      this.extents[words + EXTENT.endLow] = end >>> 0;
      this.extents[words + EXTENT.endHigh] = highWord(end);
      this.extentCount += 1;
    }
  }

  /** Puts bytes that are not on the disc into the blob, for the extent that comes next. */
  #addBytes(bytes: Uint8Array): number {
    this.#growBlob(bytes.length);
    const place = this.blobBytes;
    this.blob.set(bytes, place);
    this.blobBytes += bytes.length;
    this.#addedExtents.push(this.extentCount);
    return place;
  }

  #addCoding(at: number, entry: DirectoryEntry): void {
    const unit = entry.unitPower << UNIT_POWER_SHIFT;
    this.rows[at + ROW.flags] = this.rows[at + ROW.flags]! | CODING[entry.coding ?? 'plain'] | unit;
    this.rows[at + ROW.first] = entry.codingParameters;
    this.#addExtents(at, entry.extents ?? []);
  }

  #addAttributes(at: number, attributes: NonNullable<DirectoryEntry['attributes']>): void {
    const bytes = encodeAttributes(attributes);
    if (!this.#work.takeKept(bytes.length)) {
      this.rows[at + ROW.flags] = this.rows[at + ROW.flags]! | FLAG.lacksAttributes;
      const what = `Attributes of ${countBytes(bytes.length)} are left out: files of the image have more than it can need`;
      this.#finding('attribute-left-out', 'warning', what);
      return;
    }
    this.#growBlob(bytes.length);
    // 0 means "no attributes"; an entry's name, which is never empty, stands before them.
    this.rows[at + ROW.attributes] = this.blobBytes;
    this.blob.set(bytes, this.blobBytes);
    this.blobBytes += bytes.length;
  }

  #growRows(): void {
    const wanted = (this.count + 1) * ROW_WORDS;
    if (wanted <= this.rows.length) return;
    const rows = new Uint32Array(this.rows.length * 2);
    rows.set(this.rows);
    this.rows = rows;
    const keys = new Float64Array(this.#keys.length * 2);
    keys.set(this.#keys);
    this.#keys = keys;
  }

  #growBlob(bytes: number): void {
    const wanted = this.blobBytes + bytes;
    if (wanted <= this.blob.length) return;
    const blob = new Uint8Array(Math.max(wanted, this.blob.length * 2));
    blob.set(this.blob);
    this.blob = blob;
  }

  #finding(code: string, severity: Finding['severity'], message: string): void {
    this.#report({ code, severity, message, at: { source: this.#sourceName } });
  }
}

/** Word `offsetHigh` of an extent. */
function describePlace({ offset, stream = STREAM.data, added }: Extent, place: number): number {
  if (added === undefined && offset === undefined) return EXTENT_HOLE;
  return (highWord(place) | ((added === undefined ? stream : STREAM.blob) << EXTENT_STREAM_SHIFT)) >>> 0;
}

/** First six bytes, big-endian, zero-padded: an exact double whose order is that of the bytes. */
function prefixKey(bytes: Uint8Array, start: number, length: number): number {
  if (length >= 6) {
    const high = (bytes[start]! << 16) | (bytes[start + 1]! << 8) | bytes[start + 2]!;
    const low = (bytes[start + 3]! << 16) | (bytes[start + 4]! << 8) | bytes[start + 5]!;
    return high * 0x100_0000 + low;
  }
  let key = 0;
  for (let i = 0; i < 6; i += 1) key = key * 256 + (i < length ? bytes[start + i]! : 0);
  return key;
}
