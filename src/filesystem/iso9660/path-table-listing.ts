// Lists from the path table what a damaged directory does not: its directories, without its files.
import { ByteCursor } from '../../base/byte-cursor.js';
import type { Finding } from '../../base/finding.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readAtMost } from '../../source/read-fully.js';
import { DirectoryEntry, MODE_TYPE } from '../contract/file-tree.js';
import type { EntrySink } from '../contract/file-tree.js';
import type { ContinuationAreas } from './continuation-areas.js';
import { MIN_RECORD_BYTES, RECORD, isDotRecord } from './directory-record.js';
import { PathTable, readPathTable } from './path-table.js';
import type { PathTableRecord } from './path-table.js';
import type { CopyName, RecordDecoder } from './record-decoder.js';
import type { VolumeDescriptor } from './volume-descriptor.js';

/** Bytes of the longest record. */
const MAX_RECORD_BYTES = 255;

export class PathTableListing {
  readonly #reader: DataStream;
  readonly #descriptor: VolumeDescriptor;
  readonly #copyName: CopyName;
  #table: PathTable | undefined;

  /** `copyName` writes the names of the tree that this is for. */
  constructor(reader: DataStream, descriptor: VolumeDescriptor, copyName: CopyName) {
    this.#reader = reader;
    this.#descriptor = descriptor;
    this.#copyName = copyName;
  }

  /**
   * Adds those directories of the one at byte `locator` that are not in `known` (byte offsets); gives their number.
   * Only those count that have a "." record of their own. Rejects with `image-unreadable` or `cancelled`.
   */
  async addMissing(
    locator: number,
    known: ReadonlySet<number>,
    tools: { readonly decoder: RecordDecoder; readonly areas: ContinuationAreas },
    sink: EntrySink,
    report: (finding: Finding) => void,
    signal?: AbortSignal,
  ): Promise<number> {
    this.#table ??= new PathTable(await readPathTable(this.#reader, this.#descriptor, signal));
    let added = 0;
    for (const record of this.#table.childrenOf(locator)) {
      if (known.has(record.offset)) continue;
      const entry = await this.#readEntry(record, tools, signal);
      if (entry === undefined) continue;
      sink.add(entry);
      added += 1;
    }
    if (added > 0) this.#reportUse(locator, added, report);
    return added;
  }

  async #readEntry(
    { offset, name }: PathTableRecord,
    { decoder, areas }: { readonly decoder: RecordDecoder; readonly areas: ContinuationAreas },
    signal: AbortSignal | undefined,
  ): Promise<DirectoryEntry | undefined> {
    const bytes = await readAtMost(this.#reader, offset, MAX_RECORD_BYTES, signal);
    const cursor = new ByteCursor(bytes, this.#reader.name, offset);
    const length = bytes[0] ?? 0;
    if (length < MIN_RECORD_BYTES || length > bytes.length) return undefined;
    cursor.moveTo(0, length);
    if (!isDotRecord(cursor)) return undefined;
    const entry = new DirectoryEntry();
    while (decoder.decode(cursor, entry) === 'incomplete') await areas.fetch(signal);
    entry.mode = MODE_TYPE.directory | (entry.mode & ~MODE_TYPE.mask);
    entry.locator = entry.inode = offset;
    entry.target = undefined;
    this.#nameEntry(entry, name);
    return entry;
  }

  /** Names are copied out of records, so the identifier is put into one. */
  #nameEntry(entry: DirectoryEntry, name: Uint8Array): void {
    const record = new Uint8Array(RECORD.name + name.length);
    record[RECORD.nameLength] = name.length;
    record.set(name, RECORD.name);
    this.#copyName(new ByteCursor(record, this.#reader.name, 0), entry);
  }

  #reportUse(locator: number, added: number, report: (finding: Finding) => void): void {
    report({
      code: 'path-table-used',
      severity: 'warning',
      message: `Directory is damaged, ${added} of its directories are taken from the path table`,
      at: { source: this.#reader.name, offset: locator, clause: 'ECMA-119 6.9' },
    });
  }
}
