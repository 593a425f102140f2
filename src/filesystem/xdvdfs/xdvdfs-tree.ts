// The tree of an XDVDFS volume: each directory is a table of records in one run of sectors, each file one run. Nothing
// in it has a time but the volume as a whole.
import { throwIfAborted } from '../../base/abortable.js';
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import { NameCharset } from '../../base/name-charset.js';
import { decodePath } from '../../base/path-text.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readAtMost } from '../../source/read-fully.js';
import { listsNothing } from '../contract/lists-nothing.js';
import type { ProbeContext } from '../contract/file-system.js';
import { DirectoryEntry, MODE_TYPE } from '../contract/file-tree.js';
import type { EntrySink, FileTree } from '../contract/file-tree.js';
import type { WorkBudget } from '../contract/work-budget.js';
import { MAX_TABLE_BYTES, listTable } from './directory-table.js';
import type { DirectoryRecord, TableListing } from './directory-table.js';
import type { XdvdfsDescriptor } from './volume-descriptor.js';

/** Of names that are not UTF-8: consoles and the programs that write such discs take bytes as they come. */
const DEFAULT_CHARSET = 'windows-1252';
const DIRECTORY_MODE = MODE_TYPE.directory | 0o555;
const FILE_MODE = MODE_TYPE.regular | 0o444;

type Report = (finding: Finding) => void;

export class XdvdfsTree implements FileTree {
  readonly kind = 'xdvdfs';
  /** The format has no label. */
  readonly label = '';
  /** From the start of the partition to the end of the image: the descriptor does not say. */
  readonly volumeSize: number;
  readonly blockSize = SECTOR_SIZE;
  readonly #reader: DataStream;
  readonly #descriptor: XdvdfsDescriptor;
  readonly #charset: NameCharset;
  readonly #work: WorkBudget;

  /** Does not own the reader. Throws `usage` for a charset that is not known. */
  constructor(
    reader: DataStream,
    descriptor: XdvdfsDescriptor,
    { charset = DEFAULT_CHARSET, work }: Pick<ProbeContext, 'charset' | 'work'>,
  ) {
    this.volumeSize = reader.size - descriptor.start;
    this.#reader = reader;
    this.#descriptor = descriptor;
    this.#charset = new NameCharset(charset);
    this.#work = work;
  }

  readRoot(): Promise<DirectoryEntry> {
    const { rootOffset, rootSize } = this.#descriptor;
    const root = new DirectoryEntry();
    root.mode = DIRECTORY_MODE;
    root.locator = root.inode = rootOffset;
    root.size = rootSize;
    this.#setTimes(root);
    return Promise.resolve(root);
  }

  async isRootEmpty(signal?: AbortSignal): Promise<boolean> {
    const { rootOffset, rootSize } = this.#descriptor;
    return listsNothing(this, rootOffset, rootSize, signal);
  }

  async readDirectory(
    locator: number,
    size: number,
    sink: EntrySink,
    report: Report,
    signal?: AbortSignal,
  ): Promise<void> {
    throwIfAborted(signal);
    if (size === 0) return;
    const table = await this.#readTable(locator, size, report, signal);
    const listing = listTable(table, this.#reader.name, (record) => this.#fits(record));
    if (listing.records.length === 0 && listing.broken.length > 0) throw this.#damaged(locator);
    this.#reportListing(locator, listing, report);
    const entry = new DirectoryEntry();
    for (const record of listing.records) {
      this.#fill(entry, record, locator);
      if (!record.isDirectory && !this.#fits(record)) this.#reportFile(entry, report);
      sink.add(entry);
    }
  }

  async #readTable(
    locator: number,
    size: number,
    report: Report,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const { name, size: imageSize } = this.#reader;
    const length = Math.min(size, MAX_TABLE_BYTES);
    const add = (code: string, message: string): void =>
      report({ code, severity: 'damage', message, at: { source: name, offset: locator } });
    if (!this.#work.takeBytes(length)) throw this.#work.refuse(name);
    const table = await readAtMost(this.#reader, locator, length, signal);
    if (table.length === 0) throw this.#damaged(locator);
    if (size > length) {
      const found = `Directory has ${countBytes(size)}, expected ${MAX_TABLE_BYTES} at most`;
      add('directory-given-up', `${found}: its rest is left out`);
    } else if (table.length < length) {
      const found = `Directory of ${countBytes(size)} reaches beyond the end of the image`;
      add('directory-beyond-end', `${found} at byte ${imageSize}`);
    }
    return table;
  }

  #fill(
    entry: DirectoryEntry,
    { at, sector, size, isDirectory, name }: DirectoryRecord,
    table: number,
  ): void {
    entry.reset();
    entry.name.set(name);
    entry.nameLength = this.#charset.decode(entry.name, name.length);
    entry.mode = isDirectory ? DIRECTORY_MODE : FILE_MODE;
    entry.size = size;
    entry.inode = table + at;
    // Directories without entries need no sectors, and then share the first one.
    entry.locator = isDirectory && size === 0 ? entry.inode : this.#offsetOf(sector);
    this.#setTimes(entry);
  }

  #setTimes(entry: DirectoryEntry): void {
    const { created = { seconds: 0, microseconds: 0 } } = this.#descriptor;
    for (const time of [entry.modified, entry.accessed, entry.changed]) Object.assign(time, created);
  }

  #offsetOf(sector: number): number {
    return this.#descriptor.start + sector * SECTOR_SIZE;
  }

  #fits({ sector, size }: DirectoryRecord): boolean {
    return size === 0 || this.#offsetOf(sector) + size <= this.#reader.size;
  }

  #reportListing(locator: number, { unreached, broken, loop }: TableListing, report: Report): void {
    const source = this.#reader.name;
    const add = (code: string, severity: Finding['severity'], at: number, message: string): void =>
      report({ code, severity, message, at: { source, offset: locator + at } });
    for (const at of new Set(broken)) {
      add('damaged-record', 'damage', at, 'Tree of a directory leads to a place that holds no record');
    }
    if (loop !== undefined) {
      add('directory-loop', 'damage', loop, 'Tree of a directory leads to a record twice, it is listed once');
    }
    if (unreached > 0) {
      const found = `${unreached} ${unreached === 1 ? 'entry' : 'entries'} of a directory`;
      add(
        'unreached-entries',
        'warning',
        0,
        `The tree does not reach ${found}, which are shown all the same`,
      );
    }
  }

  #reportFile(entry: DirectoryEntry, report: Report): void {
    const { name: source, size } = this.#reader;
    const name = decodePath(entry.name.subarray(0, entry.nameLength));
    report({
      code: 'file-beyond-end',
      severity: 'damage',
      message: `File "${name}" of ${countBytes(entry.size)} reaches beyond the end of the image at byte ${size}`,
      at: { source, offset: entry.locator },
    });
  }

  #damaged(locator: number): IsodriveError {
    const source = this.#reader.name;
    return new IsodriveError(
      'damaged',
      `Cannot list the directory at byte ${locator} of "${source}": no record of XDVDFS is there, expected one`,
      { at: { source, offset: locator } },
    );
  }
}
