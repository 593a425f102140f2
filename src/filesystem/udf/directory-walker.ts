// Lists one directory: its file identifiers in order, and for each the file entry that it names. Entries are taken in
// the order of their place on the disc, many with one read, and nothing is awaited for one that is in memory.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import { throwIfAborted } from '../../base/abortable.js';
import { DirectoryEntry, MAX_TARGET_BYTES, MODE_TYPE } from '../contract/file-tree.js';
import type { EntrySink } from '../contract/file-tree.js';
import { writeCs0Name } from './cs0.js';
import { EntryFiller, addressOf, locatorOf, nameOf } from './entry-filler.js';
import { EntryWindow } from './entry-window.js';
import type { BlockAddress } from './fields.js';
import { CHARACTERISTIC, IDENTIFIER, MIN_IDENTIFIER_BYTES } from './file-identifier.js';

import { Icb, IcbReader } from './icb-reader.js';
import { IdentifierScanner } from './identifier-scanner.js';
import { NamedStreams } from './named-streams.js';
import { readRuns } from './read-runs.js';
import { readSymbolicLink } from './symbolic-link.js';
import { UdfFindings } from './udf-findings.js';
import type { UdfVolume } from './udf-volume.js';

/** Bytes of a directory that are looked at in one go. An identifier always fits. */
const WINDOW_BYTES = 65_536;
/** Identifiers that have room in a window: each starts at a multiple of 4 bytes. */
const MAX_IDENTIFIERS = Math.ceil(WINDOW_BYTES / MIN_IDENTIFIER_BYTES);
/** Broken places, after which the rest of a directory is given up. */
export const MAX_BROKEN_PLACES = 64;
/** A link's data: path components, which take at most five bytes more than a character each. */
const MAX_LINK_BYTES = 6 * MAX_TARGET_BYTES;

/** What one call works on; the walker itself is reused from directory to directory. */
interface DirectoryScan {
  readonly sink: EntrySink;
  readonly signal: AbortSignal | undefined;
  added: number;
  brokenPlaces: number;
}

export class DirectoryWalker {
  readonly findings: UdfFindings;
  readonly #volume: UdfVolume;
  readonly #icbs: IcbReader;
  readonly #directory: Icb;
  readonly #icb: Icb;
  readonly #filler: EntryFiller;
  readonly #streams: NamedStreams;
  readonly #entries: EntryWindow;
  readonly #entry = new DirectoryEntry();
  readonly #scratch = new Uint8Array(WINDOW_BYTES);
  readonly #window: ByteCursor;
  readonly #record: ByteCursor;
  readonly #scanner: IdentifierScanner;
  /** Window offsets and lengths of the identifiers in the window that name something. */
  readonly #offsets = new Uint32Array(MAX_IDENTIFIERS);
  readonly #lengths = new Uint32Array(MAX_IDENTIFIERS);
  /** Byte positions of what they name; -1 where the image has no such block. */
  readonly #positions = new Float64Array(MAX_IDENTIFIERS);
  #count = 0;
  /** Their indices in the order of the disc; undefined when they are in that order already. */
  #order: Uint32Array | undefined;
  /** The compression id of the name that was read last is unknown. */
  #isOddName = false;

  constructor(volume: UdfVolume) {
    const { reader } = volume;
    this.#volume = volume;
    this.findings = new UdfFindings(reader);
    this.#icbs = new IcbReader(volume, this.findings);
    this.#directory = new Icb(reader.name);
    this.#icb = new Icb(reader.name);
    this.#filler = new EntryFiller(this.findings, reader.size);
    this.#streams = new NamedStreams(this.#icbs, this.#filler, this.findings);
    this.#entries = new EntryWindow(reader, volume.blockSize);
    this.#window = new ByteCursor(this.#scratch, reader.name, 0);
    this.#record = new ByteCursor(this.#scratch, reader.name, 0);
    this.#scanner = new IdentifierScanner(this.#window, this.#record);
  }

  /** Gives the entry the attributes of the directory there. Rejects as FileTree.readRoot does. */
  async readDirectoryEntry(locator: number, entry: DirectoryEntry, signal?: AbortSignal): Promise<void> {
    const icb = this.#directory;
    await this.#loadDirectory(locator, signal);
    entry.reset();
    this.#filler.reset();
    this.#filler.visitOwn(icb);
    const { attributes, streams } = icb.entry;
    await this.#streams.visit('/', icb.position, attributes, streams, signal);
    this.#filler.fill(icb, entry);
    entry.locator = locator;
  }

  /** Rejects as FileTree.readDirectory does. */
  async list(locator: number, sink: EntrySink, signal?: AbortSignal): Promise<void> {
    const icb = this.#directory;
    await this.#loadDirectory(locator, signal);
    if (icb.fault !== undefined) this.findings.brokenChain('directory', icb.position, icb.fault);
    const scan: DirectoryScan = { sink, signal, added: 0, brokenPlaces: 0 };
    const end = Math.min(icb.entry.size, icb.extents.size);
    let position = 0;
    while (position < end && scan.brokenPlaces <= MAX_BROKEN_PLACES) {
      throwIfAborted(signal);
      const consumed = await this.#listWindow(scan, position, end);
      if (consumed === 0) break;
      position += consumed;
    }
    if (scan.brokenPlaces > MAX_BROKEN_PLACES)
      this.findings.directoryGivenUp(icb.position, MAX_BROKEN_PLACES);
    if (scan.added === 0 && scan.brokenPlaces > 0) throw this.#refuse(icb.position, 'it has no valid record');
  }

  async #loadDirectory(locator: number, signal: AbortSignal | undefined): Promise<void> {
    const icb = this.#directory;
    const address = addressOf(locator);
    if (!(await this.#takeDirectory(address, signal))) await this.#icbs.load(icb, address, signal);
    if ((icb.entry.mode & MODE_TYPE.mask) !== MODE_TYPE.directory) {
      throw this.#refuse(icb.position, `its file type is ${icb.entry.fileType}`);
    }
  }

  /** Takes the directory's entry where it is a plain one; it may be among those that were loaded with others. */
  async #takeDirectory(address: BlockAddress, signal: AbortSignal | undefined): Promise<boolean> {
    const position = this.#icbs.offsetOf(address);
    if (position < 0) return false;
    const waits = this.#entries.has(position) ? undefined : this.#entries.loadDirectory(position, signal);
    if (waits !== undefined) await spareNeighbours(waits);
    return this.#take(this.#directory, position, address.block, address.partition);
  }

  /** Takes a plain file entry from memory; false when more has to be read, or there is something wrong. */
  #take(icb: Icb, position: number, block: number, partition: number): boolean {
    if (!this.#entries.has(position)) return false;
    this.#entries.place(icb.cursor, position);
    try {
      return this.#icbs.take(icb, block, partition);
    } catch {
      return false;
    }
  }

  /** Lists what one window of the directory's bytes holds; gives the bytes that are done with. */
  async #listWindow(scan: DirectoryScan, position: number, end: number): Promise<number> {
    const { work, reader } = this.#volume;
    const wanted = this.#scratch.subarray(0, Math.min(WINDOW_BYTES, end - position));
    if (!work.takeBytes(wanted.length)) throw work.refuse(reader.name);
    const { extents } = this.#directory;
    const first = extents.length === 1 ? extents.offset(0) : undefined;
    const isLoaded = first !== undefined && this.#entries.copy(first + position, wanted);
    const got = isLoaded ? wanted.length : await readRuns(reader, extents, position, wanted, scan.signal);
    const bytes = wanted.subarray(0, got);
    const origin = this.#directory.position;
    this.#window.setBytes(bytes, origin);
    this.#record.setBytes(bytes, origin);
    this.#scan(scan);
    await this.#deliverAll(scan);
    const consumed = this.#scanner.offset;
    const isLast = position + got >= end || got < wanted.length;
    const rest = bytes.subarray(consumed);
    if (isLast && rest.some((byte) => byte !== 0)) this.#reportBroken(scan);
    return isLast ? end - position : consumed;
  }

  /** Collects the identifiers in the window that name something. */
  #scan(scan: DirectoryScan): void {
    this.#count = 0;
    const scanner = this.#scanner;
    const record = this.#record;
    const { partitions, blockSize, reader } = this.#volume;
    scanner.restart();
    for (;;) {
      const result = scanner.next();
      if (result === 'broken') this.#reportBroken(scan);
      if (scanner.length === 0) break;
      const characteristics = record.u8(IDENTIFIER.characteristics);
      if ((characteristics & CHARACTERISTIC.parent) !== 0) scan.added += 1;
      if ((characteristics & (CHARACTERISTIC.deleted | CHARACTERISTIC.parent)) !== 0) continue;
      const partition = partitions[record.u16le(IDENTIFIER.icbPartition)];
      const position = partition?.offsetOf(record.u32le(IDENTIFIER.icbBlock)) ?? -1;
      const index = this.#count;
      this.#offsets[index] = scanner.offset;
      this.#lengths[index] = scanner.length;
      this.#positions[index] = position + blockSize > reader.size ? -1 : position;
      this.#count = index + 1;
    }
    this.#order = findOrder(this.#positions, this.#count);
  }

  #reportBroken(scan: DirectoryScan): void {
    scan.brokenPlaces += 1;
    this.findings.brokenIdentifier(this.#directory.position);
  }

  async #deliverAll(scan: DirectoryScan): Promise<void> {
    let index = this.#deliverReady(scan, 0);
    while (index < this.#count) {
      const at = this.#order?.[index] ?? index;
      const position = this.#positions[at]!;
      const isMissing = position >= 0 && !this.#entries.has(position);
      const waits = isMissing ? this.#loadFrom(index, scan.signal) : undefined;
      if (waits !== undefined) await spareNeighbours(waits);
      if (!isMissing || !this.#entries.has(position)) {
        this.#readName(at);
        if (await this.#describeSlowly(position, scan.signal)) this.#add(scan);
        index += 1;
      }
      index = this.#deliverReady(scan, index);
    }
  }

  /**
   * Adds the entries from `index` on that are plain and in memory: the loop that everything waits for, apart from the
   * asynchronous code around it because it is compiled better so. Gives the index of the first that is not.
   */
  #deliverReady(scan: DirectoryScan, start: number): number {
    const count = this.#count;
    for (let index = start; index < count; index += 1) {
      const at = this.#order?.[index] ?? index;
      const position = this.#positions[at]!;
      if (!this.#entries.has(position)) return index;
      this.#readName(at);
      if (!this.#describe(position)) return index;
      this.#add(scan);
    }
    return count;
  }

  #loadFrom(index: number, signal: AbortSignal | undefined): Promise<void> | undefined {
    return this.#entries.load(this.#positions, this.#order, index, this.#count, signal);
  }

  #readName(at: number): void {
    const record = this.#record;
    record.moveTo(this.#offsets[at]!, this.#lengths[at]!);
    const entry = this.#entry;
    entry.reset();
    const offset = IDENTIFIER.use + record.u16le(IDENTIFIER.useLength);
    const length = record.u8(IDENTIFIER.nameLength);
    entry.nameLength = writeCs0Name(record, offset, length, entry.name);
    const compressionId = length === 0 ? 8 : record.u8(offset);
    this.#isOddName = compressionId !== 8 && compressionId !== 16;
  }

  /** Fills the entry from a plain file entry in memory; false when more has to be read, or there is something wrong. */
  #describe(position: number): boolean {
    const record = this.#record;
    const icb = this.#icb;
    const block = record.u32le(IDENTIFIER.icbBlock);
    if (!this.#take(icb, position, block, record.u16le(IDENTIFIER.icbPartition))) return false;
    const { mode, attributes, streams } = icb.entry;
    const type = mode & MODE_TYPE.mask;
    if (type === 0 || type === MODE_TYPE.symlink || attributes.length > 0 || streams.length > 0) return false;
    this.#fill(icb);
    return true;
  }

  /** Does what `describe` cannot: reads on. False when the entry has to be left out. */
  async #describeSlowly(position: number, signal: AbortSignal | undefined): Promise<boolean> {
    const record = this.#record;
    const icb = this.#icb;
    const entry = this.#entry;
    const address = {
      block: record.u32le(IDENTIFIER.icbBlock),
      partition: record.u16le(IDENTIFIER.icbPartition),
    };
    try {
      await this.#icbs.load(icb, address, signal);
      const type = icb.entry.mode & MODE_TYPE.mask;
      if (type === 0) throw this.#refuse(position, `its file type is ${icb.entry.fileType}`);
      this.#fill(icb);
      if (type === MODE_TYPE.symlink) await this.#readTarget(icb, signal);
      const { attributes, streams } = icb.entry;
      if (attributes.length + streams.length > 0) {
        await this.#streams.visit(nameOf(entry), position, attributes, streams, signal);
        this.#filler.takeAttributes(entry);
      }
      return true;
    } catch (thrown) {
      const isFault =
        thrown instanceof IsodriveError && ['damaged', 'image-unreadable'].includes(thrown.code);
      if (!isFault) throw thrown;
      this.findings.entryLeftOut(nameOf(entry), Math.max(0, position), thrown.message);
      return false;
    }
  }

  #fill(icb: Icb): void {
    const record = this.#record;
    const entry = this.#entry;
    this.#filler.reset();
    this.#filler.visitOwn(icb);
    this.#filler.fill(icb, entry);
    if ((entry.mode & MODE_TYPE.mask) === MODE_TYPE.directory) {
      entry.locator = locatorOf(record.u32le(IDENTIFIER.icbBlock), record.u16le(IDENTIFIER.icbPartition));
    }
  }

  async #readTarget(icb: Icb, signal: AbortSignal | undefined): Promise<void> {
    const { entry, extents } = icb;
    const bytes = new Uint8Array(Math.min(entry.size, extents.size, MAX_LINK_BYTES));
    this.#icbs.takeBytes(bytes.length);
    const got = await readRuns(this.#volume.reader, extents, 0, bytes, signal);
    const cursor = new ByteCursor(bytes.subarray(0, got), this.#volume.reader.name, icb.position);
    this.#entry.target = readSymbolicLink(cursor);
    this.#entry.size = this.#entry.target.length;
  }

  #add(scan: DirectoryScan): void {
    if (this.#isOddName) this.findings.compressionId(nameOf(this.#entry), this.#directory.position);
    scan.sink.add(this.#entry);
    scan.added += 1;
  }

  #refuse(offset: number, found: string): IsodriveError {
    const source = this.#volume.reader.name;
    return new IsodriveError(
      'damaged',
      `Cannot list the directory at byte ${offset} of "${source}": ${found}, expected a directory`,
      { at: { source, offset, clause: 'ECMA-167 4/8.6' } },
    );
  }
}

/** A bad sector spoils the entry in it, not its neighbours: each is read alone where they cannot be read together. */
async function spareNeighbours(loaded: Promise<void>): Promise<void> {
  try {
    await loaded;
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError) || thrown.code !== 'image-unreadable') throw thrown;
  }
}

/** Indices of the positions in ascending order; undefined when they are in order already, as they mostly are. */
function findOrder(positions: Float64Array, count: number): Uint32Array | undefined {
  let last = -1;
  for (let index = 0; index < count; index += 1) {
    const position = positions[index]!;
    if (position < last)
      return Uint32Array.from({ length: count }, (_, at) => at).sort((a, b) => positions[a]! - positions[b]!);
    last = position;
  }
  return undefined;
}
