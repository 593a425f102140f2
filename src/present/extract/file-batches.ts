// Small files of an image, written many at a time by threads of the addon: a call for each of a file's system calls
// would cost more than they do. Of an image that is a plain file the threads read the content as well. What a batch
// cannot write, for whatever reason, is left to the entry writer, which says why.
import { isAddonError } from '../../../native/index.js';
import type { Addon, IoPoolHandle } from '../../../native/index.js';
import { toIsodriveError } from '../../base/error.js';
import type { IsodriveError } from '../../base/error.js';
import type { PlanStream } from '../../disc/plan-stream.js';
import { MODE_TYPE } from '../../filesystem/contract/file-tree.js';
import type { IndexTable } from '../../index/index-table.js';
import { FLAG, ROW } from '../../index/layout.js';
import { isCoded } from '../../index/node-record.js';
import type { OpenedImage } from '../../image/open-image.js';
import { tryToLoadAddon } from '../../io/load-addon.js';
import { WindowSource } from '../../image/window-source.js';
import { isRoot, permissionBits } from './apply-attributes.js';
import type { ContentBudget } from './content-budget.js';
import { draftName } from './draft.js';
import type { ExtractLog } from './extract-log.js';
import type { TargetDirectory } from './target-directory.js';

/** Bytes of a file that is worth gathering: as it stands in the batch, and as the threads read it. */
const MAX_FILE_BYTES = 65_536;
const MAX_PLANNED_BYTES = 1_048_576;
/** What one call takes at most: bytes of records, bytes of content that is read elsewhere, and files. */
const BATCH_BYTES = 262_144;
const MAX_CONTENT_BYTES = 2_097_152;
const MAX_FILES = 256;
/** Threads that write, and batches that wait for them or are being written. */
const THREADS = 2;
const MAX_UNDER_WAY = 8;

/**
 * Header of a record; native/io/file-batch.cc reads the same. Lengths of the directory's path, the name and the
 * content.
 */
const RECORD = {
  directoryBytes: 0,
  nameBytes: 4,
  contentBytes: 8,
  owner: 12,
  group: 16,
  mode: 20,
  accessedMicroseconds: 24,
  modifiedMicroseconds: 28,
  accessed: 32,
  modified: 40,
  position: 48,
  bytes: 56,
} as const;
/** Owner and group of a file that stays this process's. */
const NO_OWNER = 0xffff_ffff;
/** Bits of microseconds in a time of the index, below the high ones of the seconds. */
const MICROSECOND_BITS = 20;

/** A row and the directory that its name is written into, or that it became. */
export interface PlacedRow {
  readonly row: number;
  readonly directory: TargetDirectory;
}

export class FileBatches {
  readonly #addon: Addon;
  readonly #lane: IoPoolHandle;
  readonly #image: OpenedImage;
  readonly #table: IndexTable;
  readonly #data: PlanStream;
  /** Of the image, where threads can read it. */
  readonly #descriptor: number | undefined;
  readonly #window: WindowSource;
  readonly #log: ExtractLog;
  readonly #budget: ContentBudget;
  readonly #signal: AbortSignal | undefined;
  readonly #root = isRoot();
  readonly #underWay = new Set<Promise<void>>();
  #left: PlacedRow[] = [];
  /** The batch that is gathered; its bytes are copied when it is submitted. */
  readonly #bytes = new Uint8Array(BATCH_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #content = new Uint8Array(MAX_FILE_BYTES);
  #files: PlacedRow[] = [];
  #length = 0;
  #plannedBytes = 0;
  #count = 0;
  #fault: IsodriveError | undefined;

  private constructor(
    addon: Addon,
    image: OpenedImage,
    log: ExtractLog,
    budget: ContentBudget,
    signal: AbortSignal | undefined,
  ) {
    this.#addon = addon;
    this.#lane = addon.openIoPool(THREADS);
    this.#image = image;
    this.#table = image.index.table;
    this.#data = image.data;
    const base = image.data.bases[0]?.base;
    this.#descriptor = base?.absent.length === 0 ? base.descriptor : undefined;
    this.#window = new WindowSource(image.data);
    this.#log = log;
    this.#budget = budget;
    this.#signal = signal;
  }

  /** Undefined where the addon cannot: all files are written one by one then. */
  static open(
    image: OpenedImage,
    log: ExtractLog,
    budget: ContentBudget,
    signal: AbortSignal | undefined,
  ): FileBatches | undefined {
    const addon = process.platform === 'linux' ? tryToLoadAddon() : undefined;
    return addon === undefined ? undefined : new FileBatches(addon, image, log, budget, signal);
  }

  /**
   * Whether a batch takes the entry: a small file that has one name, lies in one piece as it is, and is within the
   * budget.
   */
  takes(row: number): boolean {
    const table = this.#table;
    if (table.type(row) !== MODE_TYPE.regular || isCoded(table, row)) return false;
    const size = table.wide(row, ROW.sizeLow);
    if (size === 0) return true;
    const isWhole = (table.word(row, ROW.flags) & FLAG.manyExtents) === 0;
    const isPlanned =
      this.#descriptor !== undefined && this.#data.locate(table.wide(row, ROW.dataLow), size) !== undefined;
    const most = isPlanned ? MAX_PLANNED_BYTES : MAX_FILE_BYTES;
    return size <= most && isWhole && table.word(row, ROW.links) <= 1 && this.#budget.covers(size);
  }

  /**
   * Puts what it takes into a batch, which is written while others are gathered. False, or a promise of it, where it
   * cannot be read. A promise has to be waited for before the next.
   */
  add(row: number, directory: TargetDirectory): boolean | Promise<boolean> {
    const size = this.#table.wide(row, ROW.sizeLow);
    const start = this.#table.wide(row, ROW.dataLow);
    const place = this.#descriptor === undefined || size === 0 ? undefined : this.#data.locate(start, size);
    const isPlanned = place !== undefined;
    const needed = RECORD.bytes + directory.path.length + this.#table.word(row, ROW.nameLength);
    const isFull =
      this.#files.length >= MAX_FILES ||
      this.#length + needed + (isPlanned ? 0 : size) > BATCH_BYTES ||
      (this.#files.length > 0 && this.#plannedBytes + size > MAX_CONTENT_BYTES);
    if (isFull) {
      const room = this.#submit();
      if (room !== undefined) return room.then(() => this.add(row, directory));
    }
    if (isPlanned || size === 0) {
      this.#append(row, directory, size, place);
      return true;
    }
    return this.#read(start, size).then((content) => {
      if (content !== undefined) this.#append(row, directory, size, content);
      return content !== undefined;
    });
  }

  /** Resolves when every file is written, or among those that were left. Rejects with `image-changed`. */
  async flush(): Promise<void> {
    await this.#submit();
    await Promise.all(this.#underWay);
    this.#throwFault();
  }

  /** Files that could not be written since the last call. */
  takeLeft(): readonly PlacedRow[] {
    return this.#left.splice(0);
  }

  /** Waits for what is under way, so that no draft stays. What was only gathered is dropped. */
  async close(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#addon.closeIoPool(this.#lane);
  }

  /** A view that is valid until the next read; undefined where the image cannot be read. */
  async #read(position: number, length: number): Promise<Uint8Array | undefined> {
    const seen = this.#window.peek(position, length);
    if (seen !== undefined) return seen;
    const bytes = this.#content.subarray(0, length);
    try {
      return (await this.#window.read(bytes, position, this.#signal)) === length ? bytes : undefined;
    } catch {
      // Read once more by the entry writer, which tells what is wrong.
      return undefined;
    }
  }

  /** `content`: the bytes, or where in the image the threads read them. */
  #append(
    row: number,
    directory: TargetDirectory,
    size: number,
    content: Uint8Array | number | undefined,
  ): void {
    const [table, view, bytes, at] = [this.#table, this.#view, this.#bytes, this.#length];
    // The directory is named where it is another than the last file's.
    const path = this.#files.at(-1)?.directory === directory ? undefined : directory.path;
    const word = (field: number, value: number): void => view.setUint32(at + field, value, true);
    const copy = (from: number, to: number): void => word(to, table.word(row, from));
    word(RECORD.directoryBytes, path?.length ?? 0);
    copy(ROW.nameLength, RECORD.nameBytes);
    word(RECORD.contentBytes, size);
    word(RECORD.owner, this.#root ? table.word(row, ROW.userId) : NO_OWNER);
    word(RECORD.group, this.#root ? table.word(row, ROW.groupId) : NO_OWNER);
    word(RECORD.mode, permissionBits({ mode: table.word(row, ROW.mode) }, this.#root));
    const time = (from: number, seconds: number, microseconds: number): void => {
      const high = table.word(row, from + 1);
      copy(from, seconds);
      view.setInt32(at + seconds + 4, high >> MICROSECOND_BITS, true);
      word(microseconds, high & ((1 << MICROSECOND_BITS) - 1));
    };
    time(ROW.accessed, RECORD.accessed, RECORD.accessedMicroseconds);
    time(ROW.modified, RECORD.modified, RECORD.modifiedMicroseconds);
    const place = typeof content === 'number' ? BigInt(content) : -1n;
    view.setBigInt64(at + RECORD.position, place, true);
    let end = at + RECORD.bytes;
    for (const part of [path, table.name(row), content]) {
      if (part === undefined || typeof part === 'number') continue;
      bytes.set(part, end);
      end += part.length;
    }
    this.#budget.take(size, false);
    this.#length = end;
    this.#plannedBytes += size;
    this.#files.push({ row, directory });
  }

  /** Hands over what is gathered; a promise where so much is under way that the next has to wait. */
  #submit(): Promise<void> | undefined {
    const files = this.#files;
    if (files.length > 0) {
      const draft = Buffer.from(draftName(this.#count++));
      const records = this.#bytes.subarray(0, this.#length);
      const work = this.#write(draft, records)
        .then((written) => this.#note(files, written))
        .then(() => this.#look())
        .finally(() => this.#underWay.delete(work));
      this.#underWay.add(work);
      [this.#files, this.#length, this.#plannedBytes] = [[], 0, 0];
    }
    return this.#underWay.size < MAX_UNDER_WAY ? undefined : this.#waitForRoom();
  }

  async #write(draft: Uint8Array, records: Uint8Array): Promise<Uint8Array> {
    try {
      const image = this.#descriptor ?? -1;
      return new Uint8Array(await this.#addon.poolWriteFiles(this.#lane, image, draft, records));
    } catch (thrown) {
      if (!isAddonError(thrown)) throw thrown;
      // No thread could be had.
      return new Uint8Array();
    }
  }

  /** A read has the source look, when it is time, whether the image is still the one that was opened. */
  async #look(): Promise<void> {
    if (this.#descriptor === undefined) return;
    try {
      await this.#image.source.read(this.#content.subarray(0, 1), 0);
    } catch (thrown) {
      const error = toIsodriveError(thrown);
      if (error.code === 'image-changed') this.#fault = error;
    }
  }

  async #waitForRoom(): Promise<void> {
    while (this.#underWay.size >= MAX_UNDER_WAY) await Promise.race(this.#underWay);
    this.#throwFault();
  }

  #throwFault(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** `written`: a byte a file; all are left that it has none of. */
  #note(files: readonly PlacedRow[], written: Uint8Array): void {
    let count = 0;
    let bytes = 0;
    for (const [i, file] of files.entries()) {
      if (written[i] === 1) {
        count += 1;
        bytes += this.#table.wide(file.row, ROW.sizeLow);
      } else {
        this.#left.push(file);
      }
    }
    this.#log.addFiles(count, bytes);
  }
}
