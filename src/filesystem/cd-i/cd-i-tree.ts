// The tree of a CD-i disc. The label names no root: it is the first directory of the path table, which also stands in
// for damaged directories, without their files.
import { throwIfAborted } from '../../base/abortable.js';
import { countBytes } from '../../base/byte-count.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import { NameCharset } from '../../base/name-charset.js';
import { decodePath } from '../../base/path-text.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readIfPossible } from '../../source/read-fully.js';
import { listsNothing } from '../contract/lists-nothing.js';
import type { ProbeContext } from '../contract/file-system.js';
import { DirectoryEntry, MODE_TYPE } from '../contract/file-tree.js';
import type { EntrySink, FileTree } from '../contract/file-tree.js';
import type { WorkBudget } from '../contract/work-budget.js';
import { ShortDateReader } from '../iso9660/date.js';
import { RECORD, isDotRecord, readRecordDate } from '../iso9660/directory-record.js';
import { MAX_DAMAGED_RECORDS, MAX_EMPTY_SECTORS } from '../iso9660/directory-walker.js';
import { trimVersion } from '../iso9660/names.js';
import { FileSections } from '../iso9660/file-sections.js';
import { PathTable, readBigPathTable } from '../iso9660/path-table.js';
import type { PathTableRecord } from '../iso9660/path-table.js';
import { isRecord, parseRecord } from './directory-record.js';
import type { CdiRecord } from './directory-record.js';
import type { DiscLabel } from './disc-label.js';

/** Of names that are not UTF-8. */
const DEFAULT_CHARSET = 'windows-1252';
/** Bytes that are read at once; records do not cross the end of a sector. */
const WINDOW_BYTES = 32 * SECTOR_SIZE;
/** Bytes of the longest record. */
const MAX_RECORD_BYTES = 255;
const DIRECTORY_MODE = MODE_TYPE.directory | 0o555;
const FILE_MODE = MODE_TYPE.regular | 0o444;
const EXECUTE_BITS = 0o111;

type Report = (finding: Finding) => void;

/** What one call works on. */
interface Scan {
  readonly sink: EntrySink;
  readonly report: Report;
  readonly entry: DirectoryEntry;
  /** Byte offsets of the directories that were listed. */
  readonly known: Set<number>;
  emptySectors: number;
  damagedRecords: number;
  added: number;
}

export class CdiTree implements FileTree {
  readonly kind = 'cd-i';
  readonly label: string;
  readonly volumeSize: number;
  readonly blockSize: number;
  readonly #reader: DataStream;
  readonly #label: DiscLabel;
  readonly #charset: NameCharset;
  readonly #work: WorkBudget;
  readonly #dates = new ShortDateReader(false);
  #table: Promise<readonly PathTableRecord[]> | undefined;

  /** Does not own the reader. Throws `usage` for a charset that is not known. */
  constructor(
    reader: DataStream,
    label: DiscLabel,
    { charset = DEFAULT_CHARSET, work }: Pick<ProbeContext, 'charset' | 'work'>,
  ) {
    this.label = label.volumeId;
    this.volumeSize = label.size;
    this.blockSize = label.blockSize;
    this.#reader = reader;
    this.#label = label;
    this.#charset = new NameCharset(charset);
    this.#work = work;
  }

  /** Rejects with `damaged` where the path table names no directory that can be its first. */
  async readRoot(signal?: AbortSignal): Promise<DirectoryEntry> {
    const [first] = await this.#readTable(signal);
    if (first === undefined)
      throw this.#damaged(this.#label.pathTable.offset, 'its path table names no root');
    const root = new DirectoryEntry();
    if (!(await this.#readDot(root, first.offset, signal))) {
      throw this.#damaged(first.offset, 'the root that its path table names has no record of itself');
    }
    return root;
  }

  async isRootEmpty(signal?: AbortSignal): Promise<boolean> {
    const { locator, size } = await this.readRoot(signal);
    return listsNothing(this, locator, size, signal);
  }

  async readDirectory(
    locator: number,
    size: number,
    sink: EntrySink,
    report: Report,
    signal?: AbortSignal,
  ): Promise<void> {
    const imageEnd = this.#reader.size;
    const end = Math.min(locator + size, imageEnd);
    const scan: Scan = {
      ...{ sink, report, entry: new DirectoryEntry(), known: new Set() },
      ...{ emptySectors: 0, damagedRecords: 0, added: 0 },
    };
    if (locator >= end && size > 0) throw this.#damaged(locator, `image ends at byte ${imageEnd}`);
    if (locator + size > end) {
      const found = `Directory of ${countBytes(size)} reaches beyond the end of the image`;
      this.#tell(report, 'directory-beyond-end', locator, `${found} at byte ${imageEnd}`);
    }
    for (let position = locator; position < end;) {
      throwIfAborted(signal);
      const length = Math.min(WINDOW_BYTES, end - position);
      if (!this.#work.takeBytes(length)) throw this.#work.refuse(this.#reader.name);
      const bytes = new Uint8Array(length);
      await this.#reader.read(bytes, position, signal);
      position = this.#listWindow(bytes, position, scan) ? position + length : end;
    }
    if (scan.damagedRecords > 0) await this.#addFromPathTable(locator, scan, signal);
    if (scan.damagedRecords > 0 && scan.added === 0) throw this.#damaged(locator, 'it has no valid record');
  }

  /** False where the rest of the directory is given up. */
  #listWindow(bytes: Uint8Array, position: number, scan: Scan): boolean {
    const record = new ByteCursor(bytes, this.#reader.name, position);
    for (let at = 0; at < bytes.length;) {
      const sectorEnd = Math.min(bytes.length, at - (at % SECTOR_SIZE) + SECTOR_SIZE);
      const length = bytes[at]!;
      record.moveTo(at, sectorEnd - at);
      if (length === 0) {
        scan.emptySectors += at % SECTOR_SIZE === 0 ? 1 : 0;
        if (scan.emptySectors > MAX_EMPTY_SECTORS) return this.#giveUp(scan, position + at, 'empty sectors');
        at = sectorEnd;
      } else if (!isRecord(record, length)) {
        scan.damagedRecords += 1;
        const found = `Directory record of ${countBytes(length)} is broken, the rest of its sector is left out`;
        this.#tell(scan.report, 'damaged-record', position + at, found);
        if (scan.damagedRecords > MAX_DAMAGED_RECORDS)
          return this.#giveUp(scan, position + at, 'damaged records');
        at = sectorEnd;
      } else {
        scan.emptySectors = 0;
        record.moveTo(at, length);
        if (!isDotRecord(record)) this.#addEntry(record, scan);
        at += length;
      }
    }
    return true;
  }

  #giveUp({ report }: Scan, position: number, unit: string): false {
    this.#tell(
      report,
      'directory-given-up',
      position,
      `Directory has too many ${unit}, its rest is left out`,
    );
    return false;
  }

  #addEntry(cursor: ByteCursor, scan: Scan): void {
    const { entry } = scan;
    const record = parseRecord(cursor);
    entry.reset();
    const length = cursor.copyText(RECORD.name, record.nameLength, entry.name, 0);
    entry.nameLength = this.#charset.decode(entry.name, trimVersion(entry.name, length));
    entry.locator = record.block * this.blockSize;
    entry.size = record.size;
    readRecordDate(cursor, this.#dates, entry);
    if (record.isDirectory) {
      entry.mode = DIRECTORY_MODE;
      entry.inode = entry.locator;
      scan.known.add(entry.locator);
    } else {
      entry.mode = FILE_MODE | (record.isExecutable ? EXECUTE_BITS : 0);
      entry.inode = cursor.offsetInSource(0);
      this.#giveData(record, scan);
    }
    scan.sink.add(entry);
    scan.added += 1;
  }

  #giveData({ unit, gap, isSound }: CdiRecord, { entry, report }: Scan): void {
    const name = decodePath(entry.name.subarray(0, entry.nameLength));
    let end = entry.locator + entry.size;
    if (unit > 0 && gap > 0 && entry.size > 0) {
      const sections = new FileSections();
      const isWhole = sections.addInterleaved(
        entry.locator,
        entry.size,
        unit * this.blockSize,
        gap * this.blockSize,
      );
      if (!isWhole)
        this.#tell(report, 'too-many-runs', entry.inode, `File "${name}" consists of too many runs`);
      entry.extents = sections.runs;
      entry.size = sections.size;
      const last = sections.runs.at(-1);
      end = (last?.offset ?? 0) + (last?.length ?? 0);
    }
    if (isSound) {
      report({
        code: 'large-sectors',
        severity: 'warning',
        message: `File "${name}" is a part of a sound track, of which user data hold nothing or a part only`,
        at: { source: this.#reader.name, offset: entry.inode },
      });
    } else if (entry.size > 0 && end > this.#reader.size) {
      const found = `File "${name}" of ${countBytes(entry.size)} reaches beyond the end of the image`;
      this.#tell(report, 'file-beyond-end', entry.locator, `${found} at byte ${this.#reader.size}`);
    }
  }

  /** Directories that the path table has of a damaged one, and its own records have not. */
  async #addFromPathTable(locator: number, scan: Scan, signal: AbortSignal | undefined): Promise<void> {
    const { entry, known, sink, report } = scan;
    const table = new PathTable(await this.#readTable(signal));
    let added = 0;
    for (const { offset, name } of table.childrenOf(locator)) {
      if (known.has(offset) || !(await this.#readDot(entry, offset, signal))) continue;
      entry.name.set(name);
      entry.nameLength = this.#charset.decode(entry.name, name.length);
      sink.add(entry);
      added += 1;
    }
    scan.added += added;
    if (added === 0) return;
    const found = `${added} ${added === 1 ? 'directory' : 'directories'} of a damaged one`;
    report({
      code: 'path-table-used',
      severity: 'warning',
      message: `The path table has ${found}, without what else is in it`,
      at: { source: this.#reader.name, offset: locator },
    });
  }

  /** Fills the entry by the record that a directory has of itself; false where it has none. */
  async #readDot(entry: DirectoryEntry, offset: number, signal: AbortSignal | undefined): Promise<boolean> {
    const bytes = await readIfPossible(this.#reader, offset, MAX_RECORD_BYTES, signal);
    const cursor = new ByteCursor(bytes, this.#reader.name, offset);
    if (bytes.length === 0 || !isRecord(cursor, bytes[0]!)) return false;
    cursor.moveTo(0, bytes[0]!);
    if (!isDotRecord(cursor)) return false;
    entry.reset();
    readRecordDate(cursor, this.#dates, entry);
    entry.mode = DIRECTORY_MODE;
    entry.locator = entry.inode = offset;
    entry.size = parseRecord(cursor).size;
    return true;
  }

  /** Read once; one that could not be read is read again. */
  async #readTable(signal: AbortSignal | undefined): Promise<readonly PathTableRecord[]> {
    this.#table ??= readBigPathTable(this.#reader, this.#label.pathTable, signal);
    try {
      const records = await this.#table;
      if (records.length === 0) this.#table = undefined;
      return records;
    } catch (thrown) {
      this.#table = undefined;
      throw thrown;
    }
  }

  #tell(report: Report, code: string, offset: number, message: string): void {
    report({ code, severity: 'damage', message, at: { source: this.#reader.name, offset } });
  }

  #damaged(offset: number, found: string): IsodriveError {
    const source = this.#reader.name;
    return new IsodriveError(
      'damaged',
      `Cannot list the CD-i directory at byte ${offset} of "${source}": ${found}, expected a directory there`,
      { at: { source, offset } },
    );
  }
}
