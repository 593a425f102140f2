// An HFS+ or HFSX volume (Apple TN1150), as Linux shows it: names composed, hard links resolved, owners and modes as
// recorded.
import { decodePath } from '../../base/path-text.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readExactly } from '../../source/read-fully.js';
import { FINDER_INFO_BYTES } from '../content/apple-double.js';
import { MODE_TYPE } from '../contract/file-tree.js';
import type { DirectoryEntry } from '../contract/file-tree.js';
import { BTree } from '../hfs/b-tree.js';
import type { BTreeNode } from '../hfs/b-tree.js';
import { ROOT_ID, ROOT_PARENT_ID } from '../hfs/catalog-tree.js';
import type { CatalogVolume, ListingJob } from '../hfs/catalog-tree.js';
import { giveData, giveTarget } from '../hfs/file-data.js';
import { FORK_TYPE, ForkMap } from '../hfs/fork-map.js';
import type { Fork } from '../hfs/fork.js';
import { writeMacTime } from '../hfs/mac-time.js';
import { AttributeTree } from './attribute-tree.js';
import type { FileAttribute } from './attribute-tree.js';
import {
  BSD_INFO,
  COMMON_RECORD,
  COMPRESSED_FLAG,
  FILE_RECORD,
  FOLDER_RECORD,
  KEY,
  RECORD_TYPE,
} from './catalog-record.js';
import { COMPRESSION_ATTRIBUTE, giveCompressed, readCompression } from './compressed-file.js';
import { ExtraAttributes } from './extra-attributes.js';
import { EXTENTS, requestFork } from './fork-data.js';
import { HardLinks, isHardLink, isPrivateFolder } from './hard-links.js';
import { writeHfsPlusName } from './name.js';
import { HEADER_BYTES, HEADER_FORK, HEADER_OFFSET, parseVolumeHeader } from './volume-header.js';
import type { VolumeHeader } from './volume-header.js';

/** Files with fixed ids (TN1150, "Catalog Node IDs"). */
const FILE_ID = { overflow: 3, catalog: 4, attributes: 8 } as const;
const PERMISSION_BITS = 0o7777;
/** What Linux gives entries without a mode, with the usual umask. */
const DEFAULT_DIRECTORY_MODE = 0o755;
const DEFAULT_FILE_MODE = MODE_TYPE.regular | 0o644;
/** MINORMASK of Linux. */
export const MAX_DEVICE_MINOR = 0xf_ffff;

export class HfsPlusVolume implements CatalogVolume {
  readonly kind = 'hfsplus';
  readonly reader: DataStream;
  readonly catalog: BTree;
  readonly size: number;
  readonly blockSize: number;
  readonly header: VolumeHeader;
  /** Name of the root folder, empty until the catalog has been looked at. */
  label = '';
  readonly #forks: ForkMap;
  readonly #links: HardLinks;
  readonly #extras: ExtraAttributes;

  private constructor(
    reader: DataStream,
    header: VolumeHeader,
    forks: ForkMap,
    catalog: BTree,
    attributes: AttributeTree | undefined,
  ) {
    this.reader = reader;
    this.header = header;
    this.catalog = catalog;
    this.#forks = forks;
    this.#links = new HardLinks(catalog);
    this.#extras = new ExtraAttributes(attributes);
    this.blockSize = header.blockSize;
    this.size = header.blockCount * header.blockSize;
  }

  /**
   * `offset`: byte in the image where the volume starts. An attributes file that cannot be used is a finding. Rejects
   * with `damaged`, and as ByteSource.read does.
   */
  static async open(
    reader: DataStream,
    offset: number,
    report: (finding: Finding) => void,
    signal?: AbortSignal,
  ): Promise<HfsPlusVolume> {
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
    const hasAttributes = cursor.u64be(HEADER_FORK.attributes) > 0;
    const tree = hasAttributes
      ? await openOptional(
          openTree(FILE_ID.attributes, HEADER_FORK.attributes, 'the attributes file'),
          report,
        )
      : undefined;
    const attributes =
      tree === undefined ? undefined : new AttributeTree(reader, tree, header.blockSize, offset);
    const volume = new HfsPlusVolume(reader, header, forks, catalog, attributes);
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
    const isLink = type === RECORD_TYPE.file && isHardLink(data);
    const target = isLink ? await this.#links.find(data, job.signal) : undefined;
    if (isLink && target === undefined) this.#reportBrokenLink(node.offset, job);
    const shown = target ?? node;
    if (shown.data.u16be(0) === RECORD_TYPE.folder) await this.#giveFolder(shown, entry, job);
    else await this.#giveFile(shown, entry, job);
    return true;
  }

  async #giveFolder(node: BTreeNode, entry: DirectoryEntry, job: ListingJob): Promise<void> {
    const { data } = node;
    this.#giveCommon(data, entry);
    const permissions = entry.mode & PERMISSION_BITS;
    entry.mode = MODE_TYPE.directory | (entry.mode === 0 ? DEFAULT_DIRECTORY_MODE : permissions);
    entry.size = data.u32be(FOLDER_RECORD.valence);
    entry.inode = entry.locator = data.u32be(FOLDER_RECORD.id);
    const found = await this.#extras.list(node, entry.inode, job);
    entry.attributes = await this.#extras.read(found, job);
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
      // A device number of Mac OS: 8 bits major, 24 bits minor, of which Linux has 20.
      entry.deviceMajor = special >>> 24;
      entry.deviceMinor = special & MAX_DEVICE_MINOR;
      if ((special & 0xff_ffff) > MAX_DEVICE_MINOR) this.#reportDevice(special, offset, job);
    }
    let found = await this.#extras.list(node, fileId, job);
    const request = requestFork(data, FILE_RECORD.dataFork, fileId, FORK_TYPE.data);
    const resources = requestFork(data, FILE_RECORD.resourceFork, fileId, FORK_TYPE.resource);
    const locate = (): ReturnType<ForkMap['locate']> => this.#forks.locate(resources, signal);
    let resourceSize = resources.size;
    if (type === MODE_TYPE.symlink) {
      await giveTarget(this.reader, await this.#forks.locate(request, signal), entry, signal);
    } else if ((entry.mode & MODE_TYPE.mask) === MODE_TYPE.regular) {
      if (special > 0 && !isHardLink(data)) entry.links = special;
      if (isCompressed(data) && (await this.#giveCompressed(found, entry, offset, locate, job))) {
        // Mac OS shows neither the attribute nor the fork that such a file is stored in.
        found = found.filter(({ name }) => name !== COMPRESSION_ATTRIBUTE);
        resourceSize = 0;
      } else giveData(this.reader, await this.#forks.locate(request, signal), entry, offset, report);
    }
    const finderInfo = data.slice(COMMON_RECORD.finderInfo, FINDER_INFO_BYTES).slice();
    const finderInfoExtents = this.catalog.locateData(
      node,
      data,
      COMMON_RECORD.finderInfo,
      FINDER_INFO_BYTES,
    );
    const facts = { finderInfo, finderInfoExtents, resourceSize, locate, offset };
    const own = (await attributes.read(facts, signal)) ?? [];
    const extras = (await this.#extras.read(found, job)) ?? [];
    if (own.length + extras.length > 0) entry.attributes = [...own, ...extras];
  }

  /** False where nothing says how the file is compressed: it is shown as its data fork is stored, which is told. */
  async #giveCompressed(
    found: readonly FileAttribute[],
    entry: DirectoryEntry,
    offset: number,
    locateResources: () => Promise<Fork>,
    { report, signal }: ListingJob,
  ): Promise<boolean> {
    const attribute = found.find(({ name }) => name === COMPRESSION_ATTRIBUTE);
    const file =
      attribute === undefined ? undefined : await readCompression(attribute, this.reader.name, signal);
    const fault = file && (await giveCompressed(file, entry, locateResources));
    const message =
      file === undefined
        ? `is shown as its data fork is stored: it has no attribute ${COMPRESSION_ATTRIBUTE} that says how`
        : `cannot be read: ${fault}`;
    if (file === undefined || fault !== undefined) {
      report({
        code: 'compressed-file',
        severity: 'warning',
        message: `File is compressed by Mac OS and ${message}`,
        at: { source: this.reader.name, offset },
      });
    }
    return file !== undefined;
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
        this.label = decodePath(name.subarray(0, length));
        return;
      }
    }
  }

  #reportDevice(number: number, offset: number, { report }: ListingJob): void {
    report({
      code: 'device-number-cut',
      severity: 'warning',
      message: `Device ${number >>> 24}:${number & 0xff_ffff} is shown with 20 bits of its minor number, all that Linux has`,
      at: { source: this.reader.name, offset },
    });
  }

  #reportBrokenLink(offset: number, { report }: ListingJob): void {
    report({
      code: 'broken-hard-link',
      severity: 'warning',
      message: 'Hard link leads to no file, the link itself is shown',
      at: { source: this.reader.name, offset, clause: 'TN1150 Hard Links' },
    });
  }
}

function isCompressed(data: ByteCursor): boolean {
  return (data.u8(COMMON_RECORD.permissions + BSD_INFO.ownerFlags) & COMPRESSED_FLAG) !== 0;
}

/** A tree that a volume can do without. */
async function openOptional(
  tree: Promise<BTree>,
  report: (finding: Finding) => void,
): Promise<BTree | undefined> {
  try {
    return await tree;
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError) || thrown.code !== 'damaged' || thrown.at === undefined)
      throw thrown;
    report({
      code: 'damaged-attributes',
      severity: 'damage',
      message: `${thrown.message}; files are shown without what it holds`,
      at: thrown.at,
    });
    return undefined;
  }
}
