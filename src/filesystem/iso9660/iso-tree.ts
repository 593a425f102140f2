// One tree of an ISO 9660 disc: Rock Ridge, Joliet and plain names differ only in their descriptor and record decoder.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import type { SectorReader } from '../../disc/sector-reader.js';
import { readExactly } from '../../source/read-fully.js';
import { DirectoryEntry, MODE_TYPE } from '../file-tree.js';
import type { EntrySink, FileTree, TreeKind } from '../file-tree.js';
import { MIN_RECORD_BYTES, RECORD, isDotRecord } from './directory-record.js';
import { DirectoryWalker } from './directory-walker.js';
import { PlainRecordDecoder, copyIsoName, copyJolietName } from './record-decoder.js';
import type { RecordDecoder } from './record-decoder.js';
import { RockRidgeDecoder } from './rock-ridge/rock-ridge-decoder.js';
import type { VolumeDescriptor } from './volume-descriptor.js';

/** What one directory is read with; kept for the next directory. */
interface Workshop {
  readonly walker: DirectoryWalker;
  readonly decoder: RecordDecoder;
}

export interface IsoTreeOptions {
  readonly kind: TreeKind;
  /** Rock Ridge: bytes before the fields of every System Use area. */
  readonly skip?: number;
}

export class IsoTree implements FileTree {
  readonly kind: TreeKind;
  readonly label: string;
  readonly volumeSize: number;
  readonly blockSize: number;
  readonly #reader: SectorReader;
  readonly #descriptor: VolumeDescriptor;
  readonly #skip: number;
  #spare: Workshop | undefined;

  /** Does not own the reader. */
  constructor(reader: SectorReader, descriptor: VolumeDescriptor, options: IsoTreeOptions) {
    this.kind = options.kind;
    this.label = descriptor.volumeId;
    this.blockSize = descriptor.blockSize;
    this.volumeSize = descriptor.volumeBlocks * descriptor.blockSize;
    this.#reader = reader;
    this.#descriptor = descriptor;
    this.#skip = options.skip ?? 0;
  }

  async readRoot(signal?: AbortSignal): Promise<DirectoryEntry> {
    const { rootOffset, rootSize } = this.#descriptor;
    const bytes = await readExactly(this.#reader, rootOffset, 256, 'the root directory', signal);
    const cursor = new ByteCursor(bytes, this.#reader.name, rootOffset);
    const length = cursor.u8(RECORD.length);
    if (length < MIN_RECORD_BYTES || length > bytes.length) throw this.#badRoot(rootOffset, length);
    cursor.moveTo(0, length);
    if (!isDotRecord(cursor)) throw this.#badRoot(rootOffset, length);
    const { walker, decoder } = this.#takeWorkshop();
    const entry = new DirectoryEntry();
    while (decoder.decode(cursor, entry) === 'incomplete') await walker.areas.fetch(signal);
    entry.mode = MODE_TYPE.directory | (entry.mode & ~MODE_TYPE.mask);
    entry.nameLength = 0;
    entry.target = undefined;
    entry.locator = entry.inode = rootOffset;
    if (rootSize > 0) entry.size = rootSize;
    return entry;
  }

  /** True when the first sector of the root lists nothing but "." and "..". Rejects as readRoot does. */
  async isRootEmpty(signal?: AbortSignal): Promise<boolean> {
    const { locator, size } = await this.readRoot(signal);
    const first = Math.min(size, 2048);
    let count = 0;
    const sink: EntrySink = { add: () => void (count += 1) };
    await this.readDirectory(locator, first, sink, () => undefined, signal);
    return count === 0;
  }

  async readDirectory(
    locator: number,
    size: number,
    sink: EntrySink,
    report: (finding: Finding) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const workshop = this.#takeWorkshop();
    if (workshop.decoder instanceof RockRidgeDecoder) workshop.decoder.report = report;
    await workshop.walker.list(workshop.decoder, locator, size, sink, report, signal);
    this.#spare = workshop;
  }

  #takeWorkshop(): Workshop {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) return spare;
    const walker = new DirectoryWalker(this.#reader, this.blockSize);
    return { walker, decoder: this.#createDecoder(walker) };
  }

  #createDecoder(walker: DirectoryWalker): RecordDecoder {
    switch (this.kind) {
      case 'rock-ridge':
        return new RockRidgeDecoder(walker.areas, this.#reader.name, this.blockSize, this.#skip);
      case 'joliet':
        return new PlainRecordDecoder(this.blockSize, copyJolietName);
      case 'iso9660':
        return new PlainRecordDecoder(this.blockSize, copyIsoName);
    }
  }

  #badRoot(offset: number, length: number): IsodriveError {
    const source = this.#reader.name;
    return new IsodriveError(
      'damaged',
      `Cannot read the root directory of "${source}": its first record has ${length} bytes or another name, ` +
        `expected "." with at least ${MIN_RECORD_BYTES} bytes`,
      { at: { source, offset, clause: 'ECMA-119 9.1' } },
    );
  }
}
