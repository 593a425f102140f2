// The tree of an Opera volume. Files and directories are recorded in several copies, for short ways of the head: the
// first that the image holds is read, and of a directory the first that is one. Nothing has a time.
import { throwIfAborted } from '../../base/abortable.js';
import { countBytes } from '../../base/byte-count.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import { NameCharset } from '../../base/name-charset.js';
import { decodePath } from '../../base/path-text.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readAtMost } from '../../source/read-fully.js';
import { listsNothing } from '../contract/lists-nothing.js';
import type { ProbeContext } from '../contract/file-system.js';
import { DirectoryEntry, MODE_TYPE } from '../contract/file-tree.js';
import type { EntrySink, FileTree } from '../contract/file-tree.js';
import type { WorkBudget } from '../contract/work-budget.js';
import { MAX_COPIES, RECORD_BYTES, readHeader, readRecord } from './directory-block.js';
import type { BlockHeader, OperaRecord } from './directory-block.js';
import type { OperaLabel } from './volume-label.js';

/** Of names that are not UTF-8. */
const DEFAULT_CHARSET = 'windows-1252';
/** Blocks of one directory: 65,536 entries of 72 bytes and more. */
export const MAX_BLOCKS = 4096;
/** Locator of the root, which no record describes. */
const ROOT_LOCATOR = 0;
const DIRECTORY_MODE = MODE_TYPE.directory | 0o555;
const FILE_MODE = MODE_TYPE.regular | 0o444;

type Report = (finding: Finding) => void;

/** What one call lists into. */
interface Listing {
  readonly sink: EntrySink;
  readonly report: Report;
  readonly entry: DirectoryEntry;
}

/** A block of a directory that is in memory. */
interface Block extends BlockHeader {
  readonly cursor: ByteCursor;
}

export class OperaTree implements FileTree {
  readonly kind = 'opera';
  readonly label: string;
  readonly volumeSize: number;
  readonly blockSize: number;
  readonly #reader: DataStream;
  readonly #rootCopies: readonly number[];
  readonly #charset: NameCharset;
  readonly #work: WorkBudget;

  /** Does not own the reader. Throws `usage` for a charset that is not known. */
  constructor(
    reader: DataStream,
    { label, blockSize, blockCount, rootCopies }: OperaLabel,
    { charset = DEFAULT_CHARSET, work }: Pick<ProbeContext, 'charset' | 'work'>,
  ) {
    this.label = label;
    this.blockSize = blockSize;
    this.volumeSize = blockCount * blockSize;
    this.#reader = reader;
    this.#rootCopies = rootCopies;
    this.#charset = new NameCharset(charset);
    this.#work = work;
  }

  readRoot(): Promise<DirectoryEntry> {
    const root = new DirectoryEntry();
    root.mode = DIRECTORY_MODE;
    root.locator = root.inode = ROOT_LOCATOR;
    root.size = this.blockSize;
    return Promise.resolve(root);
  }

  async isRootEmpty(signal?: AbortSignal): Promise<boolean> {
    return listsNothing(this, ROOT_LOCATOR, this.blockSize, signal);
  }

  /** `locator`: byte offset of the directory's record. */
  async readDirectory(
    locator: number,
    _size: number,
    sink: EntrySink,
    report: Report,
    signal?: AbortSignal,
  ): Promise<void> {
    throwIfAborted(signal);
    const copies = await this.#copiesOf(locator, signal);
    if (copies === undefined) return;
    const { start, block: first } = await this.#openDirectory(locator, copies, report, signal);
    const listing: Listing = { sink, report, entry: new DirectoryEntry() };
    const seen = new Set([0]);
    let block: Block | undefined = first;
    while (block !== undefined && !this.#listBlock(block, listing)) {
      block = await this.#readNext(block, start, seen, report, signal);
    }
  }

  /** The block behind another; undefined where there is none, or none that can be used, which is told. */
  async #readNext(
    { next, cursor }: Block,
    start: number,
    seen: Set<number>,
    report: Report,
    signal: AbortSignal | undefined,
  ): Promise<Block | undefined> {
    if (next === undefined) return undefined;
    const at = cursor.offsetInSource(0);
    if (seen.has(next)) {
      this.#tell(report, 'directory-loop', at, 'Blocks of a directory lead back into themselves');
      return undefined;
    }
    if (seen.size >= MAX_BLOCKS) {
      const found = `Directory has more than ${MAX_BLOCKS} blocks, its rest is left out`;
      this.#tell(report, 'directory-given-up', at, found);
      return undefined;
    }
    seen.add(next);
    const block = await this.#readBlock(start + next, signal);
    if (block === undefined) {
      const found = `Block ${next} of a directory is none, what stands in it and behind it is left out`;
      this.#tell(report, 'damaged-directory-block', at, found);
    }
    return block;
  }

  /** The first copy that is a directory; that others are not is told. */
  async #openDirectory(
    locator: number,
    copies: readonly number[],
    report: Report,
    signal: AbortSignal | undefined,
  ): Promise<{ start: number; block: Block }> {
    let fault: IsodriveError | undefined;
    for (const [index, start] of copies.entries()) {
      const block = await this.#readBlock(start, signal).catch((thrown: unknown) => {
        if (!(thrown instanceof IsodriveError) || thrown.code !== 'image-unreadable') throw thrown;
        fault ??= thrown;
        return undefined;
      });
      if (block === undefined) continue;
      if (index > 0) {
        const found = `First ${index === 1 ? 'copy' : `${index} copies`} of a directory cannot be used`;
        this.#tell(report, 'damaged-copy', copies[0]! * this.blockSize, `${found}, the next one is read`);
      }
      return { start, block };
    }
    throw fault ?? this.#damaged(locator);
  }

  /** Blocks where the copies of a directory start; undefined of one without entries. */
  async #copiesOf(locator: number, signal: AbortSignal | undefined): Promise<readonly number[] | undefined> {
    if (locator === ROOT_LOCATOR) return this.#rootCopies;
    const bytes = await readAtMost(this.#reader, locator, RECORD_BYTES + 4 * MAX_COPIES, signal);
    const record = readRecord(new ByteCursor(bytes, this.#reader.name, locator), 0);
    if (record?.isDirectory !== true) throw this.#damaged(locator);
    return record.isVoid ? undefined : record.copies;
  }

  /** Undefined where it is no block of a directory. */
  async #readBlock(number: number, signal: AbortSignal | undefined): Promise<Block | undefined> {
    const offset = number * this.blockSize;
    if (offset + this.blockSize > this.#reader.size) return undefined;
    if (!this.#work.takeBytes(this.blockSize)) throw this.#work.refuse(this.#reader.name);
    const bytes = await readAtMost(this.#reader, offset, this.blockSize, signal);
    const cursor = new ByteCursor(bytes, this.#reader.name, offset);
    const header = readHeader(cursor);
    return header === undefined ? undefined : { ...header, cursor };
  }

  /** Hands on the entries of a block; whether the directory ends there. */
  #listBlock({ cursor, first, end }: Block, { sink, report, entry }: Listing): boolean {
    for (let at = first; at < end;) {
      const record = readRecord(cursor, at, end);
      if (record === undefined) {
        const found = 'Directory record is broken, the rest of its block is left out';
        this.#tell(report, 'damaged-record', cursor.offsetInSource(at), found);
        return false;
      }
      this.#fill(entry, record, cursor.offsetInSource(at));
      if (!record.isDirectory) this.#checkFile(entry, record, report);
      sink.add(entry);
      if (record.isLastInDirectory) return true;
      if (record.isLastInBlock) return false;
      at += record.length;
    }
    return false;
  }

  #fill(entry: DirectoryEntry, record: OperaRecord, place: number): void {
    const { name, size, copies, isDirectory } = record;
    entry.reset();
    entry.name.set(name);
    entry.nameLength = this.#charset.decode(entry.name, name.length);
    entry.mode = isDirectory ? DIRECTORY_MODE : FILE_MODE;
    entry.size = size;
    entry.inode = place;
    const whole = copies.find((block) => block * this.blockSize + size <= this.#reader.size);
    entry.locator = isDirectory ? place : (whole ?? copies[0]!) * this.blockSize;
  }

  #checkFile(entry: DirectoryEntry, { gap, size }: OperaRecord, report: Report): void {
    const name = decodePath(entry.name.subarray(0, entry.nameLength));
    if (size > 0 && entry.locator + size > this.#reader.size) {
      const found = `File "${name}" of ${countBytes(size)} reaches beyond the end of the image`;
      this.#tell(report, 'file-beyond-end', entry.locator, `${found} at byte ${this.#reader.size}`);
    }
    if (gap === 0) return;
    report({
      code: 'unknown-gaps',
      severity: 'warning',
      message: `File "${name}" says that there are gaps in it, which no known reader heeds: it is read as one run`,
      at: { source: this.#reader.name, offset: entry.inode },
    });
  }

  #tell(report: Report, code: string, offset: number, message: string): void {
    report({ code, severity: 'damage', message, at: { source: this.#reader.name, offset } });
  }

  #damaged(locator: number): IsodriveError {
    const source = this.#reader.name;
    return new IsodriveError(
      'damaged',
      `Cannot list the directory at byte ${locator} of "${source}": none of its copies is one, expected a block of Opera`,
      { at: { source, offset: locator } },
    );
  }
}
