// One tree of an ISO 9660 disc: Rock Ridge, Joliet and plain names differ only in their descriptor and record decoder.
import { countBytes } from '../../base/byte-count.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { LargeSectors } from '../contract/file-system.js';
import type { Finding } from '../../base/finding.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readAtMost } from '../../source/read-fully.js';
import { listsNothing } from '../contract/lists-nothing.js';
import { DirectoryEntry, MODE_TYPE } from '../contract/file-tree.js';
import type { EntrySink, FileTree, RecordedSums } from '../contract/file-tree.js';
import { MIN_RECORD_BYTES, isDotRecord } from './directory-record.js';
import { DirectoryWalker } from './directory-walker.js';
import type { NameCharset } from '../../base/name-charset.js';
import { PathTableListing } from './path-table-listing.js';
import { PlainRecordDecoder, copyEnhancedName, copyIsoName, copyJolietName } from './record-decoder.js';
import type { CopyName, RecordDecoder } from './record-decoder.js';
import { MAX_TREE_ATTRIBUTE_BYTES } from './rock-ridge/attribute-list.js';
import type { AttributeBudget } from './rock-ridge/attribute-list.js';
import { RelocationFilter } from './rock-ridge/relocation-directory.js';
import { RockRidgeDecoder } from './rock-ridge/rock-ridge-decoder.js';
import type { VolumeDescriptor } from './volume-descriptor.js';
import type { WorkBudget } from '../contract/work-budget.js';

/** Bytes of the longest record. */
const MAX_RECORD_BYTES = 255;
/** Bytes of a root that are looked at to see whether it is empty. */
const FIRST_LOOK = 2048;

/** What one directory is read with; kept for the next directory. */
interface ParserSet {
  readonly walker: DirectoryWalker;
  readonly decoder: RecordDecoder;
}

export type IsoTreeKind = 'rock-ridge' | 'joliet' | 'iso9660-1999' | 'iso9660';

export interface IsoTreeOptions {
  readonly kind: IsoTreeKind;
  readonly label: string;
  /** Rock Ridge: bytes before the fields of every System Use area. */
  readonly skip?: number;
  /** Of names that are not UTF-8; they are shown as they are where absent. */
  readonly charset?: NameCharset | undefined;
  /** Associated files are shown as ._NAME. */
  readonly showAssociated?: boolean;
  readonly work: WorkBudget;
  /** What of large sectors the image holds. */
  readonly sectors?: LargeSectors | undefined;
  /** Rock Ridge: whether entries can have extended attributes. */
  readonly hasAttributes?: boolean;
}

export class IsoTree implements FileTree {
  readonly kind: IsoTreeKind;
  readonly label: string;
  readonly volumeSize: number;
  readonly blockSize: number;
  readonly hasAttributes: boolean;
  readonly #reader: DataStream;
  readonly #descriptor: VolumeDescriptor;
  readonly #options: IsoTreeOptions;
  readonly #pathTable: PathTableListing;
  readonly #attributeBudget: AttributeBudget = { bytes: MAX_TREE_ATTRIBUTE_BYTES };
  #spare: ParserSet | undefined;
  #recordedSums: RecordedSums | undefined;

  /** Does not own the reader. */
  constructor(reader: DataStream, descriptor: VolumeDescriptor, options: IsoTreeOptions) {
    this.kind = options.kind;
    this.label = options.label;
    this.blockSize = descriptor.blockSize;
    this.hasAttributes = options.hasAttributes ?? false;
    this.volumeSize = descriptor.volumeBlocks * descriptor.blockSize;
    this.#reader = reader;
    this.#descriptor = descriptor;
    this.#options = options;
    this.#pathTable = new PathTableListing(reader, descriptor, this.#copyName());
  }

  get recordedSums(): RecordedSums | undefined {
    return this.#recordedSums;
  }

  /**
   * The root as its own "." record describes it. Rejects with `damaged` when that is none and nothing else can be
   * listed either.
   */
  async readRoot(signal?: AbortSignal): Promise<DirectoryEntry> {
    const { rootOffset, rootSize } = this.#descriptor;
    const bytes = await readAtMost(this.#reader, rootOffset, MAX_RECORD_BYTES, signal);
    const cursor = new ByteCursor(bytes, this.#reader.name, rootOffset);
    const length = bytes[0] ?? 0;
    if (length < MIN_RECORD_BYTES || length > bytes.length) return this.#guessRoot(length, signal);
    cursor.moveTo(0, length);
    if (!isDotRecord(cursor)) return this.#guessRoot(length, signal);
    const { walker, decoder } = this.#takeParsers();
    const entry = new DirectoryEntry();
    while (decoder.decode(cursor, entry) === 'incomplete') await walker.areas.fetch(signal);
    entry.mode = MODE_TYPE.directory | (entry.mode & ~MODE_TYPE.mask);
    entry.nameLength = 0;
    entry.target = undefined;
    this.#recordedSums = entry.recordedSums;
    entry.locator = entry.inode = rootOffset;
    if (rootSize > 0) entry.size = rootSize;
    return entry;
  }

  /** The root as the volume descriptor has it, if something can be listed there. */
  async #guessRoot(length: number, signal: AbortSignal | undefined): Promise<DirectoryEntry> {
    const { rootOffset, rootSize, modified, created } = this.#descriptor;
    const entry = new DirectoryEntry();
    entry.mode = MODE_TYPE.directory | 0o555;
    entry.locator = entry.inode = rootOffset;
    entry.size = rootSize > 0 ? rootSize : FIRST_LOOK;
    const time = modified ?? created ?? entry.modified;
    for (const field of [entry.modified, entry.accessed, entry.changed]) Object.assign(field, time);
    let count = 0;
    const sink: EntrySink = { add: () => void (count += 1) };
    await this.readDirectory(rootOffset, Math.min(entry.size, FIRST_LOOK), sink, () => undefined, signal);
    if (count === 0) throw this.#badRoot(rootOffset, length);
    return entry;
  }

  /** True when the first sector of the root lists nothing but "." and "..". Rejects as readRoot does. */
  async isRootEmpty(signal?: AbortSignal): Promise<boolean> {
    const { locator, size } = await this.readRoot(signal);
    const first = Math.min(size, FIRST_LOOK);
    return listsNothing(this, locator, first, signal);
  }

  async readDirectory(
    locator: number,
    size: number,
    sink: EntrySink,
    report: (finding: Finding) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const parsers = this.#takeParsers();
    const isRoot = this.kind === 'rock-ridge' && locator === this.#descriptor.rootOffset;
    const filter = isRoot ? new RelocationFilter(sink) : undefined;
    await this.#list(parsers, locator, size, filter ?? sink, report, signal);
    const held = filter?.held;
    if (held !== undefined && !(await holdsOnlyRelocated(parsers, held, signal))) sink.add(held);
    this.#spare = parsers;
  }

  /** Lists a directory by its records, and where they are damaged by the path table too. */
  async #list(
    parsers: ParserSet,
    locator: number,
    size: number,
    sink: EntrySink,
    report: (finding: Finding) => void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { walker, decoder } = parsers;
    if (decoder instanceof RockRidgeDecoder) decoder.report = report;
    let broken: number;
    try {
      broken = await walker.list(decoder, locator, size, sink, report, signal);
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || thrown.code !== 'damaged') throw thrown;
      if ((await this.#addFromPathTable(parsers, locator, new Set(), sink, report, signal)) === 0)
        throw thrown;
      broken = 0;
    }
    if (broken > 0) {
      const known = await this.#listDirectories(parsers, locator, size, signal);
      await this.#addFromPathTable(parsers, locator, known, sink, report, signal);
    }
  }

  /** Byte offsets of the directories that a directory lists. */
  async #listDirectories(
    { walker, decoder }: ParserSet,
    locator: number,
    size: number,
    signal: AbortSignal | undefined,
  ): Promise<Set<number>> {
    const known = new Set<number>();
    const collect: EntrySink = {
      add: (entry) => {
        if ((entry.mode & MODE_TYPE.mask) === MODE_TYPE.directory) known.add(entry.locator);
      },
    };
    const silent = (): void => undefined;
    if (decoder instanceof RockRidgeDecoder) decoder.report = silent;
    await walker.list(decoder, locator, size, collect, silent, signal);
    return known;
  }

  #addFromPathTable(
    { walker, decoder }: ParserSet,
    locator: number,
    known: ReadonlySet<number>,
    sink: EntrySink,
    report: (finding: Finding) => void,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const tools = { decoder, areas: walker.areas };
    return this.#pathTable.addMissing(locator, known, tools, sink, report, signal);
  }

  #takeParsers(): ParserSet {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) return spare;
    const { records, isXa } = this.#descriptor;
    const showAssociated = this.#options.showAssociated ?? false;
    const walker = new DirectoryWalker(this.#reader, {
      records,
      isXa,
      showAssociated,
      volumeSize: this.volumeSize,
      work: this.#options.work,
      sectors: this.#options.sectors,
    });
    return { walker, decoder: this.#createDecoder(walker) };
  }

  #createDecoder(walker: DirectoryWalker): RecordDecoder {
    if (this.kind !== 'rock-ridge') return new PlainRecordDecoder(this.#descriptor.records, this.#copyName());
    const skip = this.#options.skip ?? 0;
    const decoder = new RockRidgeDecoder(walker.areas, this.#reader.name, this.blockSize, skip);
    decoder.charset = this.#options.charset;
    decoder.attributeBudget = this.#attributeBudget;
    return decoder;
  }

  #copyName(): CopyName {
    const { charset } = this.#options;
    switch (this.kind) {
      case 'joliet':
        return copyJolietName;
      case 'iso9660-1999':
        return (cursor, entry) => copyEnhancedName(cursor, entry, charset);
      case 'rock-ridge':
      case 'iso9660':
        return (cursor, entry) => copyIsoName(cursor, entry, charset);
    }
  }

  #badRoot(offset: number, length: number): IsodriveError {
    const source = this.#reader.name;
    return new IsodriveError(
      'damaged',
      `Cannot read the root directory of "${source}": its first record has ${countBytes(length)} or another name, ` +
        `expected "." with at least ${countBytes(MIN_RECORD_BYTES)}`,
      { at: { source, offset, clause: 'ECMA-119 9.1' } },
    );
  }
}

/** Whether a directory lists nothing but directories that are shown elsewhere, and at least one of them. */
async function holdsOnlyRelocated(
  { walker, decoder }: ParserSet,
  { locator, size }: DirectoryEntry,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (!(decoder instanceof RockRidgeDecoder)) return false;
  const silent = (): void => undefined;
  const before = decoder.relocatedCount;
  let shown = 0;
  const sink: EntrySink = { add: () => void (shown += 1) };
  decoder.report = silent;
  try {
    await walker.list(decoder, locator, size, sink, silent, signal);
  } catch (thrown) {
    if (thrown instanceof IsodriveError && thrown.code === 'damaged') return false;
    throw thrown;
  }
  return shown === 0 && decoder.relocatedCount > before;
}
