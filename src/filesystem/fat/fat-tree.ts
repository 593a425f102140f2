// The tree of a FAT12, FAT16 or FAT32 volume, long names included: boot floppies and EFI system partitions.
import { countBytes } from '../../base/byte-count.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readExactly } from '../../source/read-fully.js';
import { listsNothing } from '../contract/lists-nothing.js';
import type { ProbeContext } from '../contract/file-system.js';
import { NameCharset } from '../../base/name-charset.js';
import { DirectoryEntry, MODE_TYPE } from '../contract/file-tree.js';
import type { EntrySink, Extent, FileTree } from '../contract/file-tree.js';
import { BOOT_SECTOR_BYTES, parseBootSector, settleLabel } from './boot-sector.js';
import type { FatLayout } from './boot-sector.js';
import { ClusterTable } from './cluster-table.js';
import type { Chain } from './cluster-table.js';
import { decodeCodePage437 } from './code-page-437.js';
import {
  ATTRIBUTE,
  ENTRY_BYTES,
  LongName,
  MARK,
  readDosTime,
  readShortName,
  readVolumeName,
} from './directory-entry.js';
import type { ShortNameDecoder } from './directory-entry.js';

/** Section 6.1: a directory has at most 65,536 entries. */
export const MAX_DIRECTORY_BYTES = 65_536 * ENTRY_BYTES;
const WINDOW_BYTES = 65_536;
/** Locator of the fixed root directory, which lies in no cluster. */
const FIXED_ROOT = 0;
const DIRECTORY_MODE = MODE_TYPE.directory | 0o555;
const FILE_MODE = MODE_TYPE.regular | 0o444;

/** What a FAT volume is opened with. */
export type FatContext = Pick<ProbeContext, 'work' | 'charset' | 'signal'>;

interface DirectoryScan {
  readonly sink: EntrySink;
  readonly report: (finding: Finding) => void;
  readonly signal: AbortSignal | undefined;
  readonly entry: DirectoryEntry;
  readonly longName: LongName;
}

export class FatTree implements FileTree {
  readonly kind = 'fat';
  /** Of the entry in the root directory that Windows changes, or else of the boot sector. */
  label: string;
  readonly volumeSize: number;
  readonly blockSize: number;
  /** Byte in the image. */
  readonly start: number;
  readonly #reader: DataStream;
  readonly #layout: FatLayout;
  readonly #table: ClusterTable;
  readonly #decode: ShortNameDecoder;
  readonly #encoder = new TextEncoder();

  private constructor(reader: DataStream, layout: FatLayout, start: number, context: FatContext) {
    const charset = context.charset === undefined ? undefined : new NameCharset(context.charset);
    this.#decode = charset === undefined ? decodeCodePage437 : (bytes) => charset.text(bytes);
    this.label = settleLabel(this.#decode(layout.label));
    this.volumeSize = layout.size;
    this.blockSize = layout.clusterSize;
    this.#reader = reader;
    this.#layout = layout;
    this.start = start;
    this.#table = new ClusterTable(reader, layout, start, context.work);
  }

  /**
   * `start`: byte in the image where the volume starts. Rejects with `damaged`, with `usage` for a charset that is not
   * known, and as ByteSource.read does.
   */
  static async open(reader: DataStream, start: number, context: FatContext): Promise<FatTree> {
    const { signal } = context;
    const bytes = await readExactly(reader, start, BOOT_SECTOR_BYTES, 'the boot sector', signal);
    const layout = parseBootSector(new ByteCursor(bytes, reader.name, start));
    const tree = new FatTree(reader, layout, start, context);
    tree.label = (await tree.#findLabel(signal)) ?? tree.label;
    return tree;
  }

  readRoot(): Promise<DirectoryEntry> {
    const root = new DirectoryEntry();
    root.mode = DIRECTORY_MODE;
    root.inode = this.start;
    root.locator = this.#layout.rootCluster;
    root.size = this.#layout.rootLength;
    return Promise.resolve(root);
  }

  async isRootEmpty(signal?: AbortSignal): Promise<boolean> {
    const { locator, size } = await this.readRoot();
    return listsNothing(this, locator, size, signal);
  }

  async readDirectory(
    locator: number,
    _size: number,
    sink: EntrySink,
    report: (finding: Finding) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const scan: DirectoryScan = {
      sink,
      report,
      signal,
      entry: new DirectoryEntry(),
      longName: new LongName(),
    };
    for await (const window of this.#readWindows(await this.#directoryExtents(locator, scan), signal)) {
      if (!(await this.#listWindow(window, window.length, scan))) return;
    }
  }

  async *#readWindows(
    extents: readonly Extent[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ByteCursor, void, undefined> {
    for (const { offset, length } of extents) {
      for (let done = 0; done < length; done += WINDOW_BYTES) {
        const size = Math.min(WINDOW_BYTES, length - done);
        const at = offset! + done;
        const bytes = await readExactly(this.#reader, at, size, 'a FAT directory', signal);
        yield new ByteCursor(bytes, this.#reader.name, at);
      }
    }
  }

  /** Undefined where the root has no entry for it, or cannot be read: whoever lists it meets the same fault. */
  async #findLabel(signal: AbortSignal | undefined): Promise<string | undefined> {
    try {
      const { rootLength, rootCluster } = this.#layout;
      const extents =
        rootLength > 0
          ? [this.#fixedRoot]
          : (await this.#table.follow(rootCluster, MAX_DIRECTORY_BYTES, signal)).extents;
      for await (const window of this.#readWindows(extents, signal)) {
        const { length } = window;
        for (let at = 0; at + ENTRY_BYTES <= length; at += ENTRY_BYTES) {
          window.moveTo(at, ENTRY_BYTES);
          if (window.u8(0) === MARK.end) return undefined;
          const name = readVolumeName(window, this.#decode);
          if (name !== undefined) return settleLabel(name);
        }
      }
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || thrown.code === 'cancelled') throw thrown;
    }
    return undefined;
  }

  /** Where the root of FAT12 and FAT16 is. */
  get #fixedRoot(): Extent {
    return { offset: this.start + this.#layout.rootOffset, length: this.#layout.rootLength };
  }

  async #directoryExtents(locator: number, scan: DirectoryScan): Promise<readonly Extent[]> {
    if (locator === FIXED_ROOT && this.#layout.rootLength > 0) {
      return [this.#fixedRoot];
    }
    const chain = await this.#table.follow(locator, MAX_DIRECTORY_BYTES, scan.signal);
    if (chain.extents.length === 0) throw this.#damagedDirectory(locator, chain);
    if (chain.fault !== undefined) this.#reportChain('Directory', chain, this.#table.offsetOf(locator), scan);
    return chain.extents;
  }

  /** Hands on the entries in the window; false when the directory ends there. */
  async #listWindow(cursor: ByteCursor, length: number, scan: DirectoryScan): Promise<boolean> {
    for (let at = 0; at + ENTRY_BYTES <= length; at += ENTRY_BYTES) {
      cursor.moveTo(at, ENTRY_BYTES);
      const mark = cursor.u8(0); // DIR_Name, offset 0
      if (mark === MARK.end) return false;
      const attributes = cursor.u8(11) & ATTRIBUTE.mask; // DIR_Attr, offset 11
      if (mark === MARK.deleted) scan.longName.clear();
      else if (attributes === ATTRIBUTE.longName) scan.longName.add(cursor);
      else await this.#addEntry(cursor, attributes, scan);
    }
    return true;
  }

  async #addEntry(cursor: ByteCursor, attributes: number, scan: DirectoryScan): Promise<void> {
    const name = scan.longName.take(cursor) ?? readShortName(cursor, this.#decode);
    if ((attributes & ATTRIBUTE.volumeId) !== 0 || name === '.' || name === '..') return;
    const { entry } = scan;
    entry.reset();
    entry.nameLength = this.#encoder.encodeInto(name, entry.name).written;
    entry.inode = cursor.offsetInSource(0);
    readDosTime(cursor.u16le(24), cursor.u16le(22), entry.modified); // DIR_WrtDate, offset 24; DIR_WrtTime, offset 22
    readDosTime(cursor.u16le(18), 0, entry.accessed); // DIR_LstAccDate, offset 18
    if (entry.accessed.seconds === 0) entry.accessed.seconds = entry.modified.seconds;
    entry.changed.seconds = entry.modified.seconds;
    // DIR_FstClusHI, offset 20, is not used by FAT12 and FAT16; DIR_FstClusLO, offset 26
    const high = this.#layout.width === 32 ? cursor.u16le(20) : 0;
    const cluster = high * 0x1_0000 + cursor.u16le(26);
    if ((attributes & ATTRIBUTE.directory) !== 0) {
      entry.mode = DIRECTORY_MODE;
      entry.locator = cluster;
      entry.size = this.#layout.clusterSize;
    } else {
      entry.mode = FILE_MODE;
      await this.#giveData(cursor, cluster, scan);
    }
    scan.sink.add(entry);
  }

  async #giveData(cursor: ByteCursor, cluster: number, scan: DirectoryScan): Promise<void> {
    const { entry } = scan;
    entry.size = cursor.u32le(28); // DIR_FileSize, offset 28
    if (entry.size === 0) return;
    const chain = await this.#table.follow(cluster, entry.size, scan.signal);
    if (chain.length < entry.size || chain.fault !== undefined) {
      this.#reportChain('File', chain, cursor.offsetInSource(0), scan);
    }
    const extents = cutTo(chain.extents, entry.size);
    entry.locator = extents[0]?.offset ?? 0;
    if (extents.length !== 1 || extents[0]!.length !== entry.size) entry.extents = extents;
  }

  #reportChain(what: string, { length, fault }: Chain, offset: number, { report }: DirectoryScan): void {
    report({
      code: 'broken-cluster-chain',
      severity: 'damage',
      message: `${what} has clusters of ${countBytes(length)}: ${fault ?? 'its chain ends there'}`,
      at: { source: this.#reader.name, offset, clause: 'FAT Specification 4' },
    });
  }

  #damagedDirectory(locator: number, { fault }: Chain): IsodriveError {
    const source = this.#reader.name;
    const found = fault ?? `cluster ${locator} is not one of the volume`;
    return new IsodriveError('damaged', `Cannot list a FAT directory of "${source}": ${found}`, {
      at: { source, offset: this.start, clause: 'FAT Specification 4' },
    });
  }
}

function cutTo(extents: readonly Extent[], size: number): Extent[] {
  const result: Extent[] = [];
  let left = size;
  for (const { offset, length } of extents) {
    if (left <= 0) break;
    result.push({ offset, length: Math.min(length, left) });
    left -= length;
  }
  return result;
}
