// An HFS+ or HFSX volume (Apple TN1150), as Linux shows it: names composed, hard links resolved, owners and modes as
// recorded.
import { ByteCursor } from '../../base/byte-cursor.js';
import type { SectorReader } from '../../disc/sector-reader.js';
import { readExactly } from '../../source/read-fully.js';
import { MODE_TYPE } from '../file-tree.js';
import type { DirectoryEntry } from '../file-tree.js';
import { BTree } from '../hfs/b-tree.js';
import type { BTreeNode } from '../hfs/b-tree.js';
import { ROOT_ID, ROOT_PARENT_ID } from '../hfs/catalog-tree.js';
import type { CatalogVolume, ListingJob } from '../hfs/catalog-tree.js';
import { giveData, giveTarget } from '../hfs/file-data.js';
import { FORK_TYPE, ForkMap } from '../hfs/fork-map.js';
import { writeMacTime } from '../hfs/mac-time.js';
import {
  BSD_INFO,
  COMMON_RECORD,
  COMPRESSED_FLAG,
  FILE_RECORD,
  FOLDER_RECORD,
  KEY,
  RECORD_TYPE,
} from './catalog-record.js';
import { EXTENTS, requestFork } from './fork-data.js';
import { HardLinks, isHardLink, isPrivateFolder } from './hard-links.js';
import { writeHfsPlusName } from './name.js';
import { HEADER_BYTES, HEADER_FORK, HEADER_OFFSET, parseVolumeHeader } from './volume-header.js';
import type { VolumeHeader } from './volume-header.js';

/** Files with fixed ids (TN1150, "Catalog Node IDs"). */
const FILE_ID = { overflow: 3, catalog: 4 } as const;
const PERMISSION_BITS = 0o7777;
/** What Linux gives entries without a mode, with the usual umask. */
const DEFAULT_DIRECTORY_MODE = 0o755;
const DEFAULT_FILE_MODE = MODE_TYPE.regular | 0o644;
const FINDER_INFO_BYTES = 32;

export class HfsPlusVolume implements CatalogVolume {
  readonly kind = 'hfsplus';
  readonly reader: SectorReader;
  readonly catalog: BTree;
  readonly size: number;
  readonly blockSize: number;
  readonly header: VolumeHeader;
  /** Name of the root folder, empty until the catalog has been looked at. */
  label = '';
  readonly #forks: ForkMap;
  readonly #links: HardLinks;

  private constructor(reader: SectorReader, header: VolumeHeader, forks: ForkMap, catalog: BTree) {
    this.reader = reader;
    this.header = header;
    this.catalog = catalog;
    this.#forks = forks;
    this.#links = new HardLinks(catalog);
    this.blockSize = header.blockSize;
    this.size = header.blockCount * header.blockSize;
  }

  /** `offset`: byte in the image where the volume starts. Rejects with `damaged`, and as ByteSource.read does. */
  static async open(reader: SectorReader, offset: number, signal?: AbortSignal): Promise<HfsPlusVolume> {
    const at = offset + HEADER_OFFSET;
    const bytes = await readExactly(reader, at, HEADER_BYTES, 'the volume header', signal);
    const cursor = new ByteCursor(bytes, reader.name, at);
    const header = parseVolumeHeader(cursor);
    const forks = new ForkMap(header.blockSize, offset, EXTENTS);
    const openTree = async (fileId: number, forkAt: number, title: string): Promise<BTree> => {
      const fork = await forks.locate(requestFork(cursor, forkAt, fileId, FORK_TYPE.data), signal);
      return BTree.open(reader, fork, { keyLengthBytes: 2, title }, signal);
    };
    if (cursor.u64be(HEADER_FORK.overflow) > 0) {
      forks.overflow = await openTree(FILE_ID.overflow, HEADER_FORK.overflow, 'the extents overflow tree');
    }
    const catalog = await openTree(FILE_ID.catalog, HEADER_FORK.catalog, 'the catalog');
    const volume = new HfsPlusVolume(reader, header, forks, catalog);
    await volume.#readLabel(signal);
    return volume;
  }

  parentOf(key: ByteCursor): number {
    return key.u32be(KEY.parent);
  }

  async decode(node: BTreeNode, entry: DirectoryEntry, job: ListingJob): Promise<boolean> {
    const { key, data } = node;
    const type = data.u16be(0); // recordType, offset 0
    if (type !== RECORD_TYPE.folder && type !== RECORD_TYPE.file) return false;
    if (type === RECORD_TYPE.folder && isPrivateFolder(key)) return false;
    entry.reset();
    entry.nameLength = writeHfsPlusName(key, KEY.name, key.u16be(KEY.nameLength), entry.name);
    if (type === RECORD_TYPE.folder) {
      this.#giveCommon(data, entry);
      const permissions = entry.mode & PERMISSION_BITS;
      entry.mode = MODE_TYPE.directory | (entry.mode === 0 ? DEFAULT_DIRECTORY_MODE : permissions);
      entry.size = data.u32be(FOLDER_RECORD.valence);
      entry.inode = entry.locator = data.u32be(FOLDER_RECORD.id);
      return true;
    }
    const isLink = isHardLink(data);
    const target = isLink
      ? await this.#links.find(data.u32be(COMMON_RECORD.permissions + BSD_INFO.special), job.signal)
      : undefined;
    if (isLink && target === undefined) this.#reportBrokenLink(node.offset, job);
    await this.#giveFile(target ?? node, entry, job);
    return true;
  }

  async #giveFile(node: BTreeNode, entry: DirectoryEntry, job: ListingJob): Promise<void> {
    const { data, offset } = node;
    const { attributes, report, signal } = job;
    this.#giveCommon(data, entry);
    const fileId = (entry.inode = data.u32be(FILE_RECORD.id));
    const special = data.u32be(COMMON_RECORD.permissions + BSD_INFO.special);
    const type = entry.mode & MODE_TYPE.mask;
    if (type === 0 || type === MODE_TYPE.directory) entry.mode = DEFAULT_FILE_MODE;
    if (type === MODE_TYPE.block || type === MODE_TYPE.character) {
      // A device number of Mac OS: 8 bits major, 24 bits minor.
      entry.deviceMajor = special >>> 24;
      entry.deviceMinor = special & 0xff_ffff;
    }
    const request = requestFork(data, FILE_RECORD.dataFork, fileId, FORK_TYPE.data);
    if (type === MODE_TYPE.symlink) {
      await giveTarget(this.reader, await this.#forks.locate(request, signal), entry, signal);
    } else if ((entry.mode & MODE_TYPE.mask) === MODE_TYPE.regular) {
      if (special > 0 && !isHardLink(data)) entry.links = special;
      giveData(this.reader, await this.#forks.locate(request, signal), entry, offset, report);
      this.#reportCompressed(data, offset, job);
    }
    const resources = requestFork(data, FILE_RECORD.resourceFork, fileId, FORK_TYPE.resource);
    const finderInfo = data.slice(COMMON_RECORD.finderInfo, FINDER_INFO_BYTES).slice();
    const locate = (): ReturnType<ForkMap['locate']> => this.#forks.locate(resources, signal);
    entry.attributes = await attributes.read(finderInfo, resources.size, offset, locate, signal);
  }

  /** Owner, mode as recorded, and times. */
  #giveCommon(data: ByteCursor, entry: DirectoryEntry): void {
    const { permissions } = COMMON_RECORD;
    entry.userId = data.u32be(permissions + BSD_INFO.owner);
    entry.groupId = data.u32be(permissions + BSD_INFO.group);
    entry.mode = data.u16be(permissions + BSD_INFO.mode);
    const modified = data.u32be(COMMON_RECORD.contentModified);
    writeMacTime(modified, entry.modified);
    writeMacTime(data.u32be(COMMON_RECORD.attributeModified) || modified, entry.changed);
    writeMacTime(data.u32be(COMMON_RECORD.accessed) || modified, entry.accessed);
  }

  async #readLabel(signal: AbortSignal | undefined): Promise<void> {
    for await (const node of this.catalog.leavesFrom((key) => this.parentOf(key) - ROOT_PARENT_ID, signal)) {
      for (let i = 0; i < node.count && node.seek(i); i += 1) {
        if (this.parentOf(node.key) > ROOT_PARENT_ID) return;
        const isRoot =
          node.data.u16be(0) === RECORD_TYPE.folder && node.data.u32be(FOLDER_RECORD.id) === ROOT_ID;
        if (!isRoot || this.parentOf(node.key) !== ROOT_PARENT_ID) continue;
        const name = new Uint8Array(1024);
        const length = writeHfsPlusName(node.key, KEY.name, node.key.u16be(KEY.nameLength), name);
        this.label = new TextDecoder().decode(name.subarray(0, length));
        return;
      }
    }
  }

  #reportBrokenLink(offset: number, { report }: ListingJob): void {
    report({
      code: 'broken-hard-link',
      severity: 'warning',
      message: 'Hard link leads to no file, the link itself is shown',
      at: { source: this.reader.name, offset, clause: 'TN1150 Hard Links' },
    });
  }

  #reportCompressed(data: ByteCursor, offset: number, { report }: ListingJob): void {
    if ((data.u8(COMMON_RECORD.permissions + BSD_INFO.ownerFlags) & COMPRESSED_FLAG) === 0) return;
    report({
      code: 'compressed-file',
      severity: 'warning',
      message: 'File is compressed by Mac OS (decmpfs) and shown as its data fork is stored',
      at: { source: this.reader.name, offset },
    });
  }
}
