// Builds small HFS+ volumes record by record, for what no tool at hand writes: hard links, fragmented files, resource
// forks, several levels of nodes, and whatever is wrong. Layout after Apple TN1150.

const BLOCK = 512;
const NODE = 512;
const HEADER_OFFSET = 1024;
const ROOT_PARENT = 1;
export const ROOT = 2;
/** Blocks before the trees: boot blocks and volume header. */
const FIRST_FREE = 4;
const HAS_ATTRIBUTES = 4;
/** Bytes of an attribute's value that fit into a node with the longest name used here. */
const MAX_INLINE = 300;

export interface CatalogEntry {
  readonly parent: number;
  readonly id: number;
  readonly name: string;
  readonly isFolder?: boolean;
  readonly mode?: number;
  readonly owner?: number;
  readonly group?: number;
  readonly ownerFlags?: number;
  /** Link number or link count, or device number. */
  readonly special?: number;
  /** Seconds since 1904. */
  readonly modified?: number;
  /** 32 bytes. */
  readonly finderInfo?: Uint8Array;
  /** Of the record; whether there are attributes is added. */
  readonly flags?: number;
  /** By name; those of more bytes than fit in a node are forks. */
  readonly attributes?: Readonly<Record<string, Uint8Array>>;
  readonly data?: Uint8Array;
  readonly resources?: Uint8Array;
  /** Where the data are said to lie, instead of placing any: `size` bytes in these runs of blocks. */
  readonly runs?: readonly Run[];
  readonly size?: number;
  /** Spread the data over so many extents, a block of rubbish between them. */
  readonly fragments?: number;
}

export interface Run {
  readonly start: number;
  readonly count: number;
}

interface TreeRecord {
  readonly key: Buffer;
  readonly data: Buffer;
}

/** A volume with a root folder of this name and the entries. */
export function buildHfsPlus(label: string, entries: readonly CatalogEntry[]): Buffer {
  const blocks: Buffer[] = [];
  const overflow: TreeRecord[] = [];
  const place = (data: Uint8Array, fragments = 1): Run[] => {
    const count = Math.ceil(data.length / BLOCK);
    const runs: Run[] = [];
    for (let done = 0, left = fragments; done < count; left -= 1) {
      const part = left <= 1 ? count - done : Math.max(1, Math.floor(count / fragments));
      runs.push({ start: FIRST_FREE + blocks.length, count: part });
      for (let i = 0; i < part; i += 1, done += 1) blocks.push(block(data.subarray(done * BLOCK)));
      if (left > 1) blocks.push(Buffer.alloc(BLOCK, 0xee));
    }
    return runs;
  };
  const fork = (id: number, type: number, size: number, runs: readonly Run[]): Buffer => {
    for (let at = 8, start = sum(runs.slice(0, 8)); at < runs.length; at += 8) {
      const more = runs.slice(at, at + 8);
      const key = Buffer.concat([u8(type), u8(0), u32(id), u32(start)]);
      overflow.push({ key, data: extents(more) });
      start += sum(more);
    }
    return forkData(size, runs);
  };
  const dataFork = (entry: CatalogEntry): Buffer => {
    const { id, data = new Uint8Array(), runs, size = data.length } = entry;
    return fork(id, 0, size, runs ?? place(data, entry.fragments));
  };
  const resourceFork = ({ id, resources = new Uint8Array() }: CatalogEntry): Buffer =>
    fork(id, 0xff, resources.length, place(resources));
  const records: TreeRecord[] = [
    { parent: ROOT_PARENT, id: ROOT, name: label, isFolder: true },
    ...entries,
  ].flatMap((entry: CatalogEntry) => [
    { key: catalogKey(entry.parent, entry.name), data: catalogRecord(entry, dataFork, resourceFork) },
    { key: catalogKey(entry.id, ''), data: thread(entry) },
  ]);
  const catalog = buildTree(
    records.sort((a, b) => compareKeys(a.key, b.key, 4)),
    516,
  );
  const extentsTree = buildTree(
    overflow.sort((a, b) => Buffer.compare(a.key.subarray(2), b.key.subarray(2))),
    10,
  );
  const attributes = entries.flatMap((entry) =>
    Object.entries(entry.attributes ?? {}).map(([name, value]) => ({
      key: Buffer.concat([u16(0), u32(entry.id), u32(0), catalogKey(0, name).subarray(4)]),
      data: attributeRecord(value, () => forkData(value.length, place(value))),
    })),
  );
  const attributesTree = buildTree(
    attributes.sort((a, b) => Buffer.compare(a.key, b.key)),
    266,
  );
  const header = Buffer.alloc(BLOCK);
  header.write('H+', 0, 'latin1');
  header.writeUInt16BE(4, 2);
  header.writeUInt32BE(3_700_000_000, 16);
  header.writeUInt32BE(3_700_000_000, 20);
  header.writeUInt32BE(entries.filter(({ isFolder }) => isFolder !== true).length, 32);
  header.writeUInt32BE(entries.filter(({ isFolder }) => isFolder === true).length, 36);
  header.writeUInt32BE(BLOCK, 40);
  forkData(extentsTree.length, place(extentsTree)).copy(header, 192);
  forkData(catalog.length, place(catalog)).copy(header, 272);
  if (attributes.length > 0) forkData(attributesTree.length, place(attributesTree)).copy(header, 352);
  header.writeUInt32BE(FIRST_FREE + blocks.length, 44);
  return Buffer.concat([Buffer.alloc(HEADER_OFFSET), header, Buffer.alloc(BLOCK), ...blocks]);
}

/** The volume inside an HFS wrapper, its third allocation block being the first of the volume. */
export function wrapInHfs(volume: Uint8Array): Buffer {
  const firstBlock = 8;
  const allocation = 1024;
  const master = Buffer.alloc(BLOCK);
  master.write('BD', 0, 'latin1');
  master.writeUInt16BE(2 + Math.ceil(volume.length / allocation), 18);
  master.writeUInt32BE(allocation, 20);
  master.writeUInt16BE(firstBlock, 28);
  master.write('H+', 124, 'latin1');
  master.writeUInt16BE(2, 126);
  master.writeUInt16BE(Math.ceil(volume.length / allocation), 128);
  const lead = Buffer.alloc(firstBlock * 512 + 2 * allocation);
  master.copy(lead, HEADER_OFFSET);
  return Buffer.concat([lead, volume]);
}

/** HFSPlusAttrData or HFSPlusAttrForkData, at an even length. */
function attributeRecord(value: Uint8Array, placeFork: () => Buffer): Buffer {
  if (value.length > MAX_INLINE) return Buffer.concat([u32(0x20), u32(0), placeFork()]);
  const parts = [u32(0x10), u32(0), u32(0), u32(value.length), value, Buffer.alloc(value.length & 1)];
  return Buffer.concat(parts);
}

function catalogRecord(
  entry: CatalogEntry,
  dataFork: (entry: CatalogEntry) => Buffer,
  resourceFork: (entry: CatalogEntry) => Buffer,
): Buffer {
  const { id, isFolder = false } = entry;
  const record = Buffer.alloc(isFolder ? 88 : 248);
  record.writeUInt16BE(isFolder ? 1 : 2, 0);
  const hasAttributes = entry.attributes === undefined ? 0 : HAS_ATTRIBUTES;
  record.writeUInt16BE((entry.flags ?? 0) | hasAttributes, 2);
  record.writeUInt32BE(id, 8);
  record.writeUInt32BE(entry.modified ?? 3_700_000_000, 16);
  record.writeUInt32BE(entry.owner ?? 0, 32);
  record.writeUInt32BE(entry.group ?? 0, 36);
  record.writeUInt8(entry.ownerFlags ?? 0, 41);
  record.writeUInt16BE(entry.mode ?? 0, 42);
  record.writeUInt32BE(entry.special ?? 0, 44);
  if (entry.finderInfo !== undefined) record.set(entry.finderInfo, 48);
  if (isFolder) return record;
  dataFork(entry).copy(record, 88);
  resourceFork(entry).copy(record, 168);
  return record;
}

function thread({ parent, name, isFolder = false }: CatalogEntry): Buffer {
  return Buffer.concat([u16(isFolder ? 3 : 4), u16(0), catalogKey(parent, name)]);
}

function catalogKey(parent: number, name: string): Buffer {
  const units = Buffer.from(name, 'utf16le').swap16();
  return Buffer.concat([u32(parent), u16(name.length), units]);
}

/** Order by the number in front, then by the rest behind `skip` bytes of it and the length. */
function compareKeys(a: Buffer, b: Buffer, skip: number): number {
  return a.readUInt32BE(0) - b.readUInt32BE(0) || Buffer.compare(a.subarray(skip + 2), b.subarray(skip + 2));
}

/** Leaves, the levels above them, and the header node; numbers count from the header. */
function buildTree(records: readonly TreeRecord[], maxKeyLength: number): Buffer {
  const nodes: Buffer[] = [];
  let level: { first: TreeRecord; number: number }[] = [];
  let height = 1;
  const addLevel = (items: readonly TreeRecord[], kind: number): typeof level => {
    const groups = splitIntoNodes(items);
    return groups.map((group, i) => {
      const number = nodes.length + 1;
      nodes.push(buildNode(group, kind, height, i + 1 < groups.length ? number + 1 : 0));
      return { first: group[0]!, number };
    });
  };
  if (records.length > 0) level = addLevel(records, 0xff);
  const leaves = nodes.length;
  while (level.length > 1) {
    height += 1;
    level = addLevel(
      level.map(({ first, number }) => ({ key: first.key, data: u32(number) })),
      0,
    );
  }
  const header = Buffer.alloc(NODE);
  header.writeUInt8(1, 8);
  header.writeUInt16BE(3, 10);
  header.writeUInt16BE(records.length > 0 ? height : 0, 14);
  header.writeUInt32BE(level[0]?.number ?? 0, 16);
  header.writeUInt32BE(records.length, 20);
  header.writeUInt32BE(records.length > 0 ? 1 : 0, 24);
  header.writeUInt32BE(leaves, 28);
  header.writeUInt16BE(NODE, 32);
  header.writeUInt16BE(maxKeyLength, 34);
  header.writeUInt32BE(nodes.length + 1, 36);
  header.writeUInt32BE(6, 52);
  return Buffer.concat([header, ...nodes]);
}

function splitIntoNodes(items: readonly TreeRecord[]): TreeRecord[][] {
  const groups: TreeRecord[][] = [];
  let left = 0;
  for (const item of items) {
    const size = 2 + item.key.length + item.data.length + 2;
    if (size > left) {
      groups.push([]);
      left = NODE - 14 - 2;
    }
    groups.at(-1)!.push(item);
    left -= size;
  }
  return groups;
}

function buildNode(items: readonly TreeRecord[], kind: number, height: number, next: number): Buffer {
  const node = Buffer.alloc(NODE);
  node.writeUInt32BE(next, 0);
  node.writeUInt8(kind, 8);
  node.writeUInt8(height, 9);
  node.writeUInt16BE(items.length, 10);
  let at = 14;
  items.forEach(({ key, data }, i) => {
    node.writeUInt16BE(at, NODE - 2 * (i + 1));
    at += node.writeUInt16BE(key.length, at) - at;
    at += key.copy(node, at);
    at += data.copy(node, at);
  });
  node.writeUInt16BE(at, NODE - 2 * (items.length + 1));
  return node;
}

function forkData(size: number, runs: readonly Run[]): Buffer {
  const head = Buffer.alloc(16);
  head.writeBigUInt64BE(BigInt(size), 0);
  head.writeUInt32BE(sum(runs), 12);
  return Buffer.concat([head, extents(runs.slice(0, 8))]);
}

function extents(runs: readonly Run[]): Buffer {
  const bytes = Buffer.alloc(64);
  runs.forEach(({ start, count }, i) => {
    bytes.writeUInt32BE(start, i * 8);
    bytes.writeUInt32BE(count, i * 8 + 4);
  });
  return bytes;
}

function sum(runs: readonly Run[]): number {
  return runs.reduce((total, { count }) => total + count, 0);
}

function block(data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(BLOCK);
  bytes.set(data.subarray(0, BLOCK));
  return bytes;
}

function u8(value: number): Buffer {
  return Buffer.of(value);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
