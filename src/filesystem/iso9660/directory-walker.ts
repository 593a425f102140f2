// Walks the records of one directory and hands its entries on: the hot path of every mount. Nothing is allocated per
// record, and nothing awaited but the directory's own bytes and continuation areas that are not in memory.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import type { DataStream } from '../../disc/data-stream.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import { throwIfAborted } from '../../base/abortable.js';
import { DirectoryEntry, MODE_TYPE } from '../contract/file-tree.js';
import type { EntrySink } from '../contract/file-tree.js';
import { ContinuationAreas } from './continuation-areas.js';
import { DirectoryFindings } from './directory-findings.js';
import { DotRecords } from './dot-record.js';
import { MIN_RECORD_BYTES, RECORD, RECORD_FLAG, isDotRecord } from './directory-record.js';
import type { RecordFormat } from './directory-record.js';
import { shareInode } from './linked-file.js';
import { SectionCollector } from './section-collector.js';
import type { RecordDecoder } from './record-decoder.js';
import { XA_LARGE_SECTORS, readXaAttributes, xaBytes } from './xa-attributes.js';
import { shapeXaFile } from './xa-file.js';
import type { LargeSectors } from '../contract/file-system.js';
import type { WorkBudget } from '../contract/work-budget.js';

/** Bytes of a directory that are looked at in one go. A record always fits. */
const WINDOW_BYTES = 65_536;
/** Sectors without a record in a row, after which the rest of a directory is taken for padding. */
export const MAX_EMPTY_SECTORS = 1024;
/** "._", the name that Mac OS gives to a resource fork beside its file. */
const ASSOCIATED_PREFIX = Uint8Array.of(0x2e, 0x5f);
/** Largest section: its size has 32 bits. */
const MAX_SECTION_BYTES = 0xffff_ffff;
/** Bits of a size without its highest byte. */
const LOW_SIZE_MASK = 0x00ff_ffff;
/** Broken records, after which the rest of a directory is given up. */
export const MAX_DAMAGED_RECORDS = 64;

type Report = (finding: Finding) => void;

/** What one call works on; the walker itself is reused from directory to directory. */
interface DirectoryScan {
  readonly end: number;
  readonly sink: EntrySink;
  readonly signal: AbortSignal | undefined;
  position: number;
  added: number;
  emptySectors: number;
  damagedRecords: number;
}

export interface WalkerOptions {
  readonly records: RecordFormat;
  /** Bytes of the volume as its descriptor says. */
  readonly volumeSize: number;
  /** Records carry the attributes of CD-ROM XA. */
  readonly isXa: boolean;
  readonly sectors?: LargeSectors | undefined;
  /** Associated files are shown as ._NAME. */
  readonly showAssociated: boolean;
  readonly work: WorkBudget;
}

export class DirectoryWalker {
  readonly areas: ContinuationAreas;
  readonly #reader: DataStream;
  readonly #options: WalkerOptions;
  /** Offset of the flags in a record. */
  readonly #flags: number;
  readonly #scratch = new Uint8Array(WINDOW_BYTES);
  readonly #window: ByteCursor;
  readonly #record: ByteCursor;
  readonly #entry = new DirectoryEntry();
  readonly #associated = new DirectoryEntry();
  readonly #dots: DotRecords;
  readonly #findings: DirectoryFindings;
  readonly #sections: SectionCollector;
  /** Whether the file whose sections are collected is to be shown. */
  #sectionsShown = false;

  constructor(reader: DataStream, options: WalkerOptions) {
    this.#reader = reader;
    this.#options = options;
    this.#flags = options.records.flags;
    this.#sections = new SectionCollector(options.records.blockSize);
    this.areas = new ContinuationAreas(reader, options.work);
    this.#dots = new DotRecords(this.areas, reader.name);
    this.#findings = new DirectoryFindings(reader);
    this.#window = new ByteCursor(this.#scratch, reader.name, 0);
    this.#record = new ByteCursor(this.#scratch, reader.name, 0);
  }

  /**
   * Lists the directory whose extent starts at byte `locator`; gives the number of records that are broken. Rejects as
   * FileTree.readDirectory does.
   */
  async list(
    decoder: RecordDecoder,
    locator: number,
    size: number,
    sink: EntrySink,
    report: Report,
    signal?: AbortSignal,
  ): Promise<number> {
    const end = Math.min(locator + size, this.#reader.size);
    const scan: DirectoryScan = {
      end,
      sink,
      signal,
      position: locator,
      added: 0,
      emptySectors: 0,
      damagedRecords: 0,
    };
    this.#findings.report = report;
    this.#sections.stop();
    if (locator >= end && size > 0) throw this.#beyondEnd(locator);
    if (locator + size > end) this.#findings.directoryBeyondEnd(locator, size);
    while (scan.position < end) {
      throwIfAborted(signal);
      await this.#walkWindow(decoder, scan);
    }
    this.#flushSections(scan);
    if (scan.added === 0 && scan.damagedRecords > 0) throw this.#damaged(locator);
    return scan.damagedRecords;
  }

  /** Works through the records of one window and moves the scan's position behind them. */
  async #walkWindow(decoder: RecordDecoder, scan: DirectoryScan): Promise<void> {
    const start = scan.position;
    const bytes = this.#scratch.subarray(0, Math.min(WINDOW_BYTES, scan.end - start));
    const { work } = this.#options;
    if (!work.takeBytes(bytes.length)) throw work.refuse(this.#reader.name);
    await this.#reader.read(bytes, start, scan.signal);
    this.#window.setBytes(bytes, start);
    this.#record.setBytes(bytes, start);
    while (!this.#walkRecords(decoder, scan, start)) await this.#fetchArea(scan.signal);
  }

  /**
   * The loop that everything waits for, apart from the asynchronous code around it because it is compiled better so.
   * False when the record at the scan's position needs an area that has to be fetched.
   */
  #walkRecords(decoder: RecordDecoder, scan: DirectoryScan, start: number): boolean {
    const { length } = this.#window;
    let at = scan.position - start;
    while (at < length) {
      const recordLength = this.#window.u8(at);
      // A record that the window cuts is read again as the first of the next one.
      if (at + recordLength > length && start + length < scan.end) break;
      if (recordLength === 0 || this.#hasBrokenRecord(at, recordLength, length)) {
        at = this.#skipNoRecord(scan, start, at, recordLength);
        continue;
      }
      scan.emptySectors = 0;
      this.#record.moveTo(at, recordLength);
      if (this.#needsDecoding(scan) && !this.#decode(decoder, scan)) {
        scan.position = start + at;
        return false;
      }
      at += recordLength;
    }
    scan.position = start + at;
    return true;
  }

  /** Hands on the entry of the record, if it has one; false when an area has to be fetched first. */
  #decode(decoder: RecordDecoder, scan: DirectoryScan): boolean {
    const isAssociated = (this.#record.u8(this.#flags) & RECORD_FLAG.associated) !== 0;
    if (isAssociated) return this.#decodeAssociated(decoder, scan);
    const entry = this.#entry;
    const result = decoder.decode(this.#record, entry);
    if (result === 'incomplete') return false;
    const shown = result !== 'hidden';
    if (shown && (entry.mode & MODE_TYPE.mask) === MODE_TYPE.directory) {
      const moved = result === 'moved';
      const state = this.#dots.adopt(decoder, entry, moved);
      if (state === 'incomplete') return false;
      if (state === 'unusable' && moved) this.#findings.brokenChildLink(entry);
    }
    this.#deliver(scan, shown);
    return true;
  }

  /** Skips what is no record; gives the offset where the next one may be. */
  #skipNoRecord(scan: DirectoryScan, start: number, at: number, recordLength: number): number {
    if (recordLength === 0) {
      // ECMA-119 6.8.1.1: what is left of a sector behind its last record is zeros.
      scan.emptySectors += 1;
      if (scan.emptySectors <= MAX_EMPTY_SECTORS) return this.#nextSector(start, at);
      this.#findings.directoryGivenUp(start + at, MAX_EMPTY_SECTORS, 'empty');
    } else {
      scan.damagedRecords += 1;
      this.#findings.brokenRecord(start + at, recordLength);
      if (scan.damagedRecords <= MAX_DAMAGED_RECORDS) return this.#skipBrokenRecord(start, at, recordLength);
      this.#findings.directoryGivenUp(start + at, MAX_DAMAGED_RECORDS, 'damaged');
    }
    return scan.end - start;
  }

  /**
   * Fetches the area that a record waits for. An area that the medium cannot give is left out with a finding: it
   * holds attributes and long names, and without them the directory is still worth listing.
   */
  async #fetchArea(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.areas.fetch(signal);
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || thrown.code !== 'image-unreadable') throw thrown;
      this.#findings.unreadableArea(this.areas.giveUp(), thrown);
    }
  }

  /** Offset in the window of the next sector of the image; directories start at one. */
  #nextSector(windowStart: number, at: number): number {
    const position = windowStart + at;
    return position - (position % SECTOR_SIZE) + SECTOR_SIZE - windowStart;
  }

  /** Offset where listing goes on: behind the record if its length can be right, otherwise in the next sector. */
  #skipBrokenRecord(windowStart: number, at: number, recordLength: number): number {
    const next = this.#nextSector(windowStart, at);
    return recordLength >= MIN_RECORD_BYTES && at + recordLength <= next ? at + recordLength : next;
  }

  #hasBrokenRecord(at: number, recordLength: number, windowLength: number): boolean {
    if (recordLength < MIN_RECORD_BYTES || at + recordLength > windowLength) return true;
    const nameLength = this.#window.u8(at + RECORD.nameLength);
    return nameLength === 0 || RECORD.name + nameLength > recordLength;
  }

  /** False for "." and "..", for associated files that are hidden, and for a further section of the file before. */
  #needsDecoding(scan: DirectoryScan): boolean {
    const record = this.#record;
    const flags = record.u8(this.#flags);
    // Resource forks share the name of their file and stand between its sections (ECMA-119 9.1.6; Linux hides them).
    if ((flags & RECORD_FLAG.associated) !== 0) {
      if (!this.#options.showAssociated) this.#findings.hiddenAssociated(record.offsetInSource(0));
      return this.#options.showAssociated;
    }
    if (isDotRecord(record)) return false;
    if (!this.#sections.isAwaiting) return true;
    if (!this.#sections.isContinuedBy(record)) {
      this.#findings.missingSection(this.#record.offsetInSource(0));
      this.#flushSections(scan);
      return true;
    }
    this.#addSection();
    if ((flags & RECORD_FLAG.multiExtent) === 0) this.#flushSections(scan);
    return false;
  }

  #deliver(scan: DirectoryScan, shown: boolean): void {
    const record = this.#record;
    const entry = this.#entry;
    if (record.mismatch >= 0) {
      this.#findings.mismatch(record.offsetInSource(record.mismatch));
      record.mismatch = -1;
    }
    const isRegular = (entry.mode & MODE_TYPE.mask) === MODE_TYPE.regular;
    if (isRegular && (record.u8(this.#flags) & RECORD_FLAG.multiExtent) !== 0) {
      this.#sections.clear();
      this.#sections.await(record);
      this.#sectionsShown = shown;
      this.#addSection();
      return;
    }
    if (isRegular && record.u8(RECORD.gapSize) !== 0 && record.u8(RECORD.unitSize) !== 0) {
      this.#sections.clear();
      this.#addSection();
      this.#sections.applyTo(entry);
    }
    if (shown) this.#add(scan);
    if (record.u8(RECORD.extendedAttributes) !== 0) this.#findings.attributeRecords(record.offsetInSource(0));
    this.areas.trim();
  }

  #add(scan: DirectoryScan, entry = this.#entry): void {
    const isRegular = (entry.mode & MODE_TYPE.mask) === MODE_TYPE.regular;
    const hasBytes = isRegular && entry.size > 0;
    if (hasBytes && endOf(entry) > this.#reader.size) this.#repairSize(entry);
    shareInode(entry, this.#options.records.blockSize);
    if (hasBytes && this.#options.isXa) this.#checkForm(entry);
    scan.sink.add(entry);
    scan.added += 1;
  }

  /**
   * The highest byte of the size is junk on some old discs (mount(8): cruft). It is taken for that where the image is
   * whole, the file would end outside of it, and without that byte inside.
   */
  #repairSize(entry: DirectoryEntry): void {
    const size = entry.size & LOW_SIZE_MASK;
    const isWhole = this.#options.volumeSize <= this.#reader.size;
    const isOneSection = entry.extents === undefined && entry.size <= MAX_SECTION_BYTES;
    const fits = isOneSection && entry.locator + size <= this.#reader.size;
    if (!isWhole || !fits || size === entry.size || size === 0) this.#findings.fileBeyondEnd(entry);
    else {
      this.#findings.junkInSize(entry, size);
      entry.size = size;
    }
  }

  /** Sectors of form 2 and of audio have more bytes than an image with 2048 of each can hold. */
  #checkForm(entry: DirectoryEntry): void {
    const attributes = readXaAttributes(this.#record);
    if (attributes === undefined || (attributes & XA_LARGE_SECTORS) === 0) return;
    const xa = { attributes, bytes: xaBytes(this.#record) };
    if (shapeXaFile(entry, xa, this.#options.sectors)) return;
    this.#findings.largeSectors(entry, this.#record.offsetInSource(0));
  }

  /**
   * Hands on an associated file beside the one it belongs to, whose sections may just be collected; false when an area
   * has to be fetched first. One of several sections does not exist: nothing could tell them from their file's.
   */
  #decodeAssociated(decoder: RecordDecoder, scan: DirectoryScan): boolean {
    const entry = this.#associated;
    const result = decoder.decode(this.#record, entry);
    if (result === 'incomplete') return false;
    const isFile = result === 'entry' && (entry.mode & MODE_TYPE.mask) === MODE_TYPE.regular;
    if (!isFile || entry.nameLength + ASSOCIATED_PREFIX.length > entry.name.length) return true;
    entry.name.copyWithin(ASSOCIATED_PREFIX.length, 0, entry.nameLength);
    entry.name.set(ASSOCIATED_PREFIX);
    entry.nameLength += ASSOCIATED_PREFIX.length;
    entry.inode = this.#record.offsetInSource(0);
    entry.linkSerial = -1;
    this.#add(scan, entry);
    return true;
  }

  #addSection(): void {
    if (!this.#sections.add(this.#record)) this.#findings.tooManyRuns(this.#record.offsetInSource(0));
  }

  #flushSections(scan: DirectoryScan): void {
    if (!this.#sections.isAwaiting) return;
    this.#sections.stop();
    if (!this.#sectionsShown) return;
    this.#sections.applyTo(this.#entry);
    this.#add(scan);
  }

  #beyondEnd(locator: number): IsodriveError {
    const source = this.#reader.name;
    return new IsodriveError(
      'damaged',
      `Cannot list the directory at byte ${locator} of "${source}": image ends at byte ${this.#reader.size}, expected it to hold that`,
      { at: { source, offset: locator } },
    );
  }

  #damaged(locator: number): IsodriveError {
    const source = this.#reader.name;
    return new IsodriveError(
      'damaged',
      `Cannot list the directory at byte ${locator} of "${source}": it has no valid record, expected "." at least`,
      { at: { source, offset: locator, clause: 'ECMA-119 9.1' } },
    );
  }
}

/** Byte offset behind the last byte of a file. */
function endOf({ extents, locator, size }: DirectoryEntry): number {
  if (extents === undefined) return locator + size;
  let end = 0;
  for (const { offset, length } of extents) end = Math.max(end, (offset ?? 0) + length);
  return end;
}
