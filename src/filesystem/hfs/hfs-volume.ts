// An HFS volume (Inside Macintosh: Files, chapter 2): names are in the charset of the Mac that wrote it, Mac Roman
// unless the user says another; there are neither owners nor links.
import { countBytes } from '../../base/byte-count.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readExactly } from '../../source/read-fully.js';
import { MODE_TYPE } from '../contract/file-tree.js';
import { NameCharset } from '../../base/name-charset.js';
import type { DirectoryEntry } from '../contract/file-tree.js';
import { BTree } from './b-tree.js';
import type { BTreeNode } from './b-tree.js';
import type { CatalogVolume, ListingJob } from './catalog-tree.js';
import { giveData } from './file-data.js';
import { FORK_TYPE, ForkMap } from './fork-map.js';
import type { ExtentFormat } from './fork-map.js';
import { writeMacTime } from './mac-time.js';
import { MDB_BYTES, MDB_EXTENTS, MDB_OFFSET, parseMasterDirectoryBlock } from './master-directory-block.js';
import type { MasterDirectoryBlock } from './master-directory-block.js';

/** Keys of the overflow tree: fork type, file id, first block (2-75). */
const EXTENTS: ExtentFormat = { runs: 3, width: 2, fileIdAt: 1, startAt: 5 };
/** Files with fixed ids (2-71). */
const FILE_ID = { overflow: 3, catalog: 4 } as const;
/** Catalog keys behind their length (2-71): reserved byte, parent id, Pascal string. */
const KEY = { parent: 1, nameLength: 5, name: 6 } as const;
const RECORD = { directory: 1, file: 2 } as const;
/** cdrFlags or filFlags, bit 0: locked. */
const LOCKED = 1;
const DEFAULT_CHARSET = 'macintosh';
const DIRECTORY_MODE = MODE_TYPE.directory | 0o755;
const FILE_MODE = MODE_TYPE.regular | 0o644;
const WRITE_BITS = 0o222;

export class HfsVolume implements CatalogVolume {
  readonly kind = 'hfs';
  readonly reader: DataStream;
  readonly catalog: BTree;
  readonly label: string;
  readonly size: number;
  readonly blockSize: number;
  readonly header: MasterDirectoryBlock;
  readonly #forks: ForkMap;
  readonly #charset: NameCharset;
  readonly #encoder = new TextEncoder();

  private constructor(
    reader: DataStream,
    header: MasterDirectoryBlock,
    forks: ForkMap,
    catalog: BTree,
    charset: NameCharset,
  ) {
    this.reader = reader;
    this.header = header;
    this.catalog = catalog;
    this.#forks = forks;
    this.#charset = charset;
    this.label = charset.text(header.name);
    this.blockSize = header.blockSize;
    this.size = header.firstBlock + header.blockCount * header.blockSize;
  }

  /**
   * `offset`: byte in the image where the volume starts. Rejects with `damaged`, with `usage` for a charset that is not
   * known, and as ByteSource.read does.
   */
  static async open(
    reader: DataStream,
    offset: number,
    charset = DEFAULT_CHARSET,
    signal?: AbortSignal,
  ): Promise<HfsVolume> {
    const at = offset + MDB_OFFSET;
    const bytes = await readExactly(reader, at, MDB_BYTES, 'the master directory block', signal);
    const cursor = new ByteCursor(bytes, reader.name, at);
    const header = parseMasterDirectoryBlock(cursor);
    const { blockSize } = header;
    if (blockSize === 0 || blockSize % 512 !== 0) throw damagedBlockSize(reader, at, blockSize);
    const forks = new ForkMap(blockSize, offset + header.firstBlock, EXTENTS);
    const openTree = async (
      fileId: number,
      size: number,
      extentsAt: number,
      title: string,
    ): Promise<BTree> => {
      const request = { fileId, type: FORK_TYPE.data, size, record: cursor, extentsAt };
      return BTree.open(reader, await forks.locate(request, signal), { keyLengthBytes: 1, title }, signal);
    };
    const { overflowSize, catalogSize } = header;
    if (overflowSize > 0) {
      forks.overflow = await openTree(
        FILE_ID.overflow,
        overflowSize,
        MDB_EXTENTS.overflow,
        'the extents overflow tree',
      );
    }
    const catalog = await openTree(FILE_ID.catalog, catalogSize, MDB_EXTENTS.catalog, 'the catalog');
    return new HfsVolume(reader, header, forks, catalog, new NameCharset(charset));
  }

  parentOf(key: ByteCursor): number {
    return key.u32be(KEY.parent);
  }

  async decode(node: BTreeNode, entry: DirectoryEntry, job: ListingJob): Promise<boolean> {
    const { key, data, offset } = node;
    const type = data.u8(0); // cdrType, offset 0
    if (type !== RECORD.directory && type !== RECORD.file) return false;
    entry.reset();
    this.#giveName(key, entry);
    if (type === RECORD.directory) {
      entry.mode = DIRECTORY_MODE;
      entry.size = data.u16be(4); // dirVal, offset 4: entries
      entry.inode = entry.locator = data.u32be(6); // dirDirID, offset 6
      giveTimes(entry, data.u32be(14)); // dirMdDat, offset 14
      return true;
    }
    entry.mode = (data.u8(2) & LOCKED) === 0 ? FILE_MODE : FILE_MODE & ~WRITE_BITS; // filFlags, offset 2
    const fileId = (entry.inode = data.u32be(20)); // filFlNum, offset 20
    giveTimes(entry, data.u32be(48)); // filMdDat, offset 48
    const { attributes, report, signal } = job;
    // filLgLen, offset 26; filExtRec, offset 74
    const request = { fileId, type: FORK_TYPE.data, size: data.u32be(26), record: data, extentsAt: 74 };
    giveData(this.reader, await this.#forks.locate(request, signal), entry, offset, report);
    const halves = [4, 56]; // filUsrWds, offset 4; filFndrInfo, offset 56
    const finderInfo = Buffer.concat(halves.map((at) => data.slice(at, 16)));
    const finderInfoExtents = halves.flatMap((at) => this.catalog.locateData(node, data, at, 16));
    const resourceSize = data.u32be(36); // filRLgLen, offset 36; filRExtRec, offset 86
    const resources = { fileId, type: FORK_TYPE.resource, size: resourceSize, record: data, extentsAt: 86 };
    const locate = (): ReturnType<ForkMap['locate']> => this.#forks.locate(resources, signal);
    const facts = { finderInfo, finderInfoExtents, resourceSize, locate, offset };
    entry.attributes = await attributes.read(facts, signal);
    return true;
  }

  #giveName(key: ByteCursor, entry: DirectoryEntry): void {
    const raw = key.slice(KEY.name, key.u8(KEY.nameLength));
    // A name may hold "/", which Unix shows as ":", since a Mac's separator is ":".
    const name = this.#charset.text(raw).replaceAll('/', ':');
    entry.nameLength = this.#encoder.encodeInto(name, entry.name).written;
  }
}

function giveTimes({ modified, accessed, changed }: DirectoryEntry, value: number): void {
  for (const time of [modified, accessed, changed]) writeMacTime(value, time);
}

function damagedBlockSize(reader: DataStream, offset: number, found: number): IsodriveError {
  const source = reader.name;
  return new IsodriveError(
    'damaged',
    `Cannot read the HFS volume of "${source}": its blocks have ${countBytes(found)}, expected a multiple of 512`,
    { at: { source, offset, clause: 'Inside Macintosh: Files 2-60' } },
  );
}
