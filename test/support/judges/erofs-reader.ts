// An EROFS reader of the tests' own: it shares nothing with the writer but the format's description in the kernel's
// documentation, trusts no number, and throws at whatever a kernel might stumble over.

export interface ErofsEntry {
  readonly path: string;
  readonly node: number;
  readonly mode: number;
  readonly links: number;
  readonly userId: number;
  readonly groupId: number;
  readonly size: number;
  readonly seconds: bigint;
  readonly nanoseconds: number;
  readonly device: number;
  /** Full names and values. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Content of files, targets of symlinks. */
  readonly content: Buffer | undefined;
}

interface Inode {
  readonly node: number;
  readonly layout: number;
  readonly at: number;
  readonly mode: number;
  readonly size: number;
  readonly data: number;
  readonly attributesBytes: number;
}

const TYPES = [0, 0o100000, 0o040000, 0o020000, 0o060000, 0o010000, 0o140000, 0o120000];
const PREFIXES = [
  '',
  'user.',
  'system.posix_acl_access',
  'system.posix_acl_default',
  'trusted.',
  '',
  'security.',
];

/** A file of the image, and where its blocks are in the space of all. */
interface Device {
  readonly bytes: Buffer;
  readonly start: number;
  readonly blocks: number;
}

/** The whole tree, parents before children. The files of the image are the extra devices. */
export function readErofs(metadata: Buffer, ...image: readonly Buffer[]): ErofsEntry[] {
  return new Reader(metadata, image).readTree();
}

class Reader {
  readonly #bytes: Buffer;
  readonly #devices: readonly Device[];
  readonly #blockSize: number;
  readonly #blocks: number;
  readonly #attributesAt: number;
  readonly #root: number;
  readonly #inodes: number;

  constructor(bytes: Buffer, image: readonly Buffer[]) {
    this.#bytes = bytes;
    demand(bytes.readUInt32LE(1024) === 0xe0f5e1e2, 'magic');
    const bits = bytes[1036]!;
    demand(bits >= 9 && bits <= 12, `block bits ${bits}`);
    this.#blockSize = 1 << bits;
    this.#root = bytes.readUInt16LE(1038);
    this.#inodes = Number(bytes.readBigUInt64LE(1040));
    this.#blocks = bytes.readUInt32LE(1060);
    demand(this.#blocks * this.#blockSize === bytes.length, 'blocks of the file');
    demand(bytes.readUInt32LE(1064) === 0, 'metadata block');
    this.#attributesAt = bytes.readUInt32LE(1068) * this.#blockSize;
    demand(bytes.readUInt32LE(1104) === (0x4 | 0x8), 'features');
    demand(bytes.readUInt16LE(1110) === image.length, 'extra devices');
    const slots = bytes.readUInt16LE(1112) * 128;
    demand(slots >= 1152, 'device slots behind the superblock');
    let next = this.#blocks;
    this.#devices = image.map((file, i) => {
      const [blocks, start] = [64, 68].map((at) => bytes.readUInt32LE(slots + 128 * i + at)) as [
        number,
        number,
      ];
      demand(blocks === Math.ceil(file.length / this.#blockSize), `blocks of file ${i}`);
      demand(start === next, `file ${i} follows what is before it`);
      next += blocks;
      return { bytes: file, start, blocks };
    });
  }

  readTree(): ErofsEntry[] {
    const entries: ErofsEntry[] = [];
    const nodes = new Set<number>();
    const open: { node: number; parent: number; path: string; type: number }[] = [
      { node: this.#root, parent: this.#root, path: '/', type: 2 },
    ];
    const directories = new Set<number>();
    for (let next = open.shift(); next !== undefined; next = open.shift()) {
      const inode = this.#inode(next.node);
      nodes.add(next.node);
      demand((inode.mode & 0o170000) === TYPES[next.type], `type of ${next.path}`);
      entries.push(this.#describe(inode, next.path));
      if (next.type !== 2) continue;
      demand(!directories.has(next.node), `directory ${next.path} met twice`);
      directories.add(next.node);
      for (const child of this.#list(inode, next.parent)) {
        const path = `${next.path === '/' ? '' : next.path}/${child.name}`;
        open.push({ node: child.node, parent: next.node, path, type: child.type });
      }
    }
    demand(nodes.size === this.#inodes, `${nodes.size} nodes, expected ${this.#inodes}`);
    return entries;
  }

  #inode(node: number): Inode {
    const at = node * 32;
    demand(at >= 1280 && at + 64 <= this.#bytes.length, `place of node ${node}`);
    demand((at % this.#blockSize) + 64 <= this.#blockSize, `node ${node} within a block`);
    const format = this.#bytes.readUInt16LE(at);
    demand((format & 1) === 1 && format >> 4 === 0, `format of node ${node}`);
    const count = this.#bytes.readUInt16LE(at + 2);
    return {
      node,
      layout: (format >> 1) & 7,
      at,
      mode: this.#bytes.readUInt16LE(at + 4),
      size: Number(this.#bytes.readBigUInt64LE(at + 8)),
      data: this.#bytes.readUInt32LE(at + 16),
      attributesBytes: count === 0 ? 0 : 12 + (count - 1) * 4,
    };
  }

  #describe(inode: Inode, path: string): ErofsEntry {
    const { at, mode, node, size } = inode;
    const type = mode & 0o170000;
    const hasContent = type === 0o100000 || type === 0o120000;
    demand(type !== 0o120000 || (size > 0 && size < 4096), `target of ${path}`);
    const nanoseconds = this.#bytes.readUInt32LE(at + 40);
    demand(nanoseconds < 1_000_000_000, `nanoseconds of ${path}`);
    return {
      path,
      node,
      mode,
      size,
      links: this.#bytes.readUInt32LE(at + 44),
      userId: this.#bytes.readUInt32LE(at + 24),
      groupId: this.#bytes.readUInt32LE(at + 28),
      seconds: this.#bytes.readBigInt64LE(at + 32),
      nanoseconds,
      device: type === 0o020000 || type === 0o060000 ? inode.data : 0,
      attributes: this.#attributes(inode),
      content: hasContent ? this.#content(inode) : undefined,
    };
  }

  /** Data of any layout. */
  #content(inode: Inode): Buffer {
    const { layout, at, size, data, attributesBytes } = inode;
    const after = at + 64 + attributesBytes;
    if (size === 0) return Buffer.alloc(0);
    if (layout === 4) return this.#chunks(inode, Math.ceil(after / 8) * 8);
    if (layout === 2) {
      demand(size <= this.#blockSize, 'inline data of more than a block');
      demand((after % this.#blockSize) + size <= this.#blockSize, 'inline data within a block');
      return this.#slice(this.#bytes, after, size);
    }
    demand(layout === 0, `layout ${layout}`);
    if (data < this.#blocks) return this.#slice(this.#bytes, data * this.#blockSize, size);
    const device = this.#devices.find(({ start, blocks }) => data < start + blocks);
    demand(device !== undefined, `block ${data}`);
    return this.#sliceDevice(device, data - device.start, size);
  }

  #chunks({ size, data }: Inode, indexes: number): Buffer {
    demand((data & ~0x3f) === 0 && (data & 0x20) !== 0, `chunk format ${data}`);
    const chunk = this.#blockSize * 2 ** (data & 0x1f);
    const parts: Buffer[] = [];
    for (let done = 0, at = indexes; done < size; done += chunk, at += 8) {
      const length = Math.min(chunk, size - done);
      const device = this.#bytes.readUInt16LE(at + 2);
      const block = this.#bytes.readUInt32LE(at + 4);
      if (block === 0xffff_ffff) {
        parts.push(Buffer.alloc(length));
        continue;
      }
      const file = this.#devices[device - 1];
      demand(file !== undefined, `chunk on device ${device}`);
      parts.push(this.#sliceDevice(file, block, length));
    }
    return Buffer.concat(parts);
  }

  /** The kernel reads whole blocks. */
  #sliceDevice({ bytes }: Device, block: number, length: number): Buffer {
    const blocks = Math.ceil(length / this.#blockSize);
    return this.#slice(bytes, block * this.#blockSize, blocks * this.#blockSize).subarray(0, length);
  }

  #slice(bytes: Buffer, start: number, length: number): Buffer {
    demand(start >= 0 && start + length <= bytes.length, `bytes ${start} to ${start + length}`);
    return bytes.subarray(start, start + length);
  }

  #list(inode: Inode, parent: number): { name: string; node: number; type: number }[] {
    demand(inode.size > 0 && inode.size < 2 ** 31, 'size of a directory');
    const content = this.#content(inode);
    const found: { name: Buffer; node: number; type: number }[] = [];
    for (let start = 0; start < content.length; start += this.#blockSize) {
      found.push(...parseBlock(content.subarray(start, start + this.#blockSize)));
    }
    for (let i = 1; i < found.length; i += 1)
      demand(Buffer.compare(found[i - 1]!.name, found[i]!.name) < 0, 'order of names');
    const names = found.map(({ name, ...rest }) => ({ name: name.toString('latin1'), ...rest }));
    const dots = new Map(
      names.filter(({ name }) => name === '.' || name === '..').map((one) => [one.name, one]),
    );
    demand(dots.get('.')?.node === inode.node && dots.get('.')?.type === 2, 'entry "."');
    demand(dots.get('..')?.node === parent && dots.get('..')?.type === 2, 'entry ".."');
    return names.filter(({ name }) => !dots.has(name));
  }

  #attributes({ at, attributesBytes }: Inode): Map<string, string> {
    const result = new Map<string, string>();
    if (attributesBytes === 0) return result;
    const start = at + 64;
    const end = start + attributesBytes;
    demand(end <= this.#bytes.length, 'end of attributes');
    const shared = this.#bytes[start + 4]!;
    let position = start + 12;
    for (let i = 0; i < shared; i += 1, position += 4) {
      this.#attribute(this.#attributesAt + this.#bytes.readUInt32LE(position) * 4, result);
    }
    while (position < end) position = this.#attribute(position, result);
    demand(position === end, 'size of attributes');
    return result;
  }

  #attribute(at: number, result: Map<string, string>): number {
    const nameLength = this.#bytes[at]!;
    const prefix = PREFIXES[this.#bytes[at + 1]!] ?? '';
    demand(prefix !== '', 'prefix of an attribute');
    const valueLength = this.#bytes.readUInt16LE(at + 2);
    const name = this.#slice(this.#bytes, at + 4, nameLength).toString('latin1');
    const value = this.#slice(this.#bytes, at + 4 + nameLength, valueLength).toString('latin1');
    demand(!result.has(prefix + name), 'one attribute of a name');
    result.set(prefix + name, value);
    return Math.ceil((at + 4 + nameLength + valueLength) / 4) * 4;
  }
}

function parseBlock(block: Buffer): { name: Buffer; node: number; type: number }[] {
  const first = block.readUInt16LE(8);
  demand(first > 0 && first % 12 === 0 && first < block.length, 'first name of a block');
  const count = first / 12;
  const entries: { name: Buffer; node: number; type: number }[] = [];
  for (let i = 0; i < count; i += 1) {
    const start = block.readUInt16LE(i * 12 + 8);
    const next = i + 1 < count ? block.readUInt16LE((i + 1) * 12 + 8) : block.length;
    demand(start < next && next <= block.length, 'place of a name');
    let name = block.subarray(start, next);
    // Only the last name of a block ends with the zeros that fill it.
    if (i + 1 === count && name.includes(0)) name = name.subarray(0, name.indexOf(0));
    demand(name.length > 0 && name.length <= 255, 'length of a name');
    demand(!name.includes(0) && !name.includes(0x2f), 'bytes of a name');
    const type = block[i * 12 + 10]!;
    demand(type >= 1 && type <= 7, 'type of an entry');
    entries.push({ name, node: Number(block.readBigUInt64LE(i * 12)), type });
  }
  return entries;
}

function demand(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`Metadata is wrong: ${what}`);
}
