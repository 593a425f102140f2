// A file tree written down in a test, behind the real index, source and presenters: for entries that no mastering
// tool will write, such as files that reach beyond the image, directories that cannot be listed, and odd times.
import { throwIfAborted } from '../../../src/base/abortable.js';
import { FindingLog } from '../../../src/base/finding.js';
import { IsodriveError } from '../../../src/base/error.js';
import { DiscStreams } from '../../../src/disc/disc-streams.js';
import { PlanStream } from '../../../src/disc/plan-stream.js';
import { DirectoryEntry, MODE_TYPE } from '../../../src/filesystem/contract/file-tree.js';
import type { EntrySink, Extent, FileTree } from '../../../src/filesystem/contract/file-tree.js';
import { DiscIndex } from '../../../src/index/disc-index.js';
import { PlainIndexMemory } from '../../../src/index/index-memory.js';
import type { IndexMemory } from '../../../src/index/index-memory.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import type { ByteSource } from '../../../src/source/byte-source.js';

export interface TestNode {
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'char' | 'block';
  readonly name?: string | Uint8Array;
  readonly mode?: number;
  readonly links?: number;
  readonly inode?: number;
  readonly userId?: number;
  readonly groupId?: number;
  /** Seconds and microseconds. */
  readonly modified?: readonly [number, number];
  readonly device?: readonly [number, number];
  /** Files: content, stored in the image. */
  readonly content?: Uint8Array | string;
  /** Files: extents, instead of content; offsets in the image. */
  readonly extents?: readonly Extent[];
  readonly target?: string | Uint8Array;
  /** Extended attributes: full names and values. */
  readonly attributes?: readonly (readonly [string, Uint8Array])[];
  readonly children?: readonly TestNode[];
  /** Directories: listing them fails with this. */
  readonly fault?: IsodriveError;
}

/** Only what OpenedImage's users in src/present and src/mount look at. */
export type MemoryImage = OpenedImage & { readonly bytes: Uint8Array };

/** Reads of `badSector` fail as a scratched medium's do. */
export class MemorySource implements ByteSource {
  readonly name = 'memory.iso';
  readonly #bytes: Uint8Array;
  readonly #badByte: number;
  reads = 0;

  constructor(bytes: Uint8Array, badByte = -1) {
    this.#bytes = bytes;
    this.#badByte = badByte;
  }

  get size(): number {
    return this.#bytes.length;
  }

  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    await Promise.resolve();
    throwIfAborted(signal);
    this.reads += 1;
    if (this.#badByte >= position && this.#badByte < position + target.length) {
      const at = { source: this.name, offset: this.#badByte };
      throw new IsodriveError('image-unreadable', 'Cannot read: found EIO, expected bytes', { at });
    }
    const got = this.#bytes.subarray(position, position + target.length);
    target.set(got);
    return got.length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

const TYPE_BITS = {
  file: MODE_TYPE.regular,
  directory: MODE_TYPE.directory,
  symlink: MODE_TYPE.symlink,
  fifo: MODE_TYPE.fifo,
  socket: MODE_TYPE.socket,
  char: MODE_TYPE.character,
  block: MODE_TYPE.block,
} as const;

class MemoryTree implements FileTree {
  readonly kind = 'rock-ridge';
  readonly label = 'MEMORY';
  readonly volumeSize: number;
  readonly blockSize = 2048;
  readonly #nodes: readonly TestNode[];
  readonly #offsets: ReadonlyMap<TestNode, number>;

  constructor(nodes: readonly TestNode[], offsets: ReadonlyMap<TestNode, number>, volumeSize: number) {
    this.#nodes = nodes;
    this.#offsets = offsets;
    this.volumeSize = volumeSize;
  }

  readRoot(): Promise<DirectoryEntry> {
    const entry = new DirectoryEntry();
    this.#fill(entry, this.#nodes[0]!);
    return Promise.resolve(entry);
  }

  isRootEmpty(): Promise<boolean> {
    return Promise.resolve((this.#nodes[0]?.children ?? []).length === 0);
  }

  readDirectory(locator: number, _size: number, sink: EntrySink): Promise<void> {
    const { children = [], fault } = this.#nodes[locator]!;
    if (fault !== undefined) return Promise.reject(fault);
    const entry = new DirectoryEntry();
    for (const child of children) {
      entry.reset();
      this.#fill(entry, child);
      sink.add(entry);
    }
    return Promise.resolve();
  }

  #fill(entry: DirectoryEntry, node: TestNode): void {
    const name = bytesOf(node.name ?? '');
    entry.name.set(name);
    entry.nameLength = name.length;
    entry.mode = TYPE_BITS[node.type] | (node.mode ?? (node.type === 'directory' ? 0o755 : 0o644));
    entry.links = node.links ?? 1;
    entry.inode = node.inode ?? 1000 + this.#nodes.indexOf(node);
    entry.userId = node.userId ?? 0;
    entry.groupId = node.groupId ?? 0;
    [entry.modified.seconds, entry.modified.microseconds] = node.modified ?? [1_700_000_000, 0];
    [entry.deviceMajor, entry.deviceMinor] = node.device ?? [0, 0];
    if (node.target !== undefined) entry.target = bytesOf(node.target);
    entry.attributes = node.attributes;
    if (node.type === 'directory') entry.locator = this.#nodes.indexOf(node);
    else if (node.extents !== undefined) {
      entry.extents = node.extents;
      entry.size = node.extents.reduce((sum, extent) => sum + extent.length, 0);
    } else if (node.content !== undefined) {
      entry.size = bytesOf(node.content).length;
      entry.locator = this.#offsets.get(node) ?? 0;
    }
  }
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? new TextEncoder().encode(text) : text;
}

export interface MemoryImageOptions {
  /** Byte of the image that cannot be read. */
  readonly badByte?: number;
  /** Bytes that are missing at the image's end. */
  readonly cut?: number;
  readonly root?: Partial<TestNode>;
  /** Where the index lives, for drivers that want memory of their own. */
  readonly memory?: IndexMemory;
}

/** A tree whose root holds files with extents of their own. */
export function memoryTree(children: readonly TestNode[], volumeSize: number): FileTree {
  const root: TestNode = { type: 'directory', children };
  return new MemoryTree([root, ...children], new Map(), volumeSize);
}

/** An image whose root holds `children`. */
export async function memoryImage(
  children: readonly TestNode[],
  { badByte, cut = 0, root = {}, memory = new PlainIndexMemory() }: MemoryImageOptions = {},
): Promise<MemoryImage> {
  const nodes: TestNode[] = [];
  const offsets = new Map<TestNode, number>();
  const chunks: Uint8Array[] = [new Uint8Array(2048)];
  let length = 2048;
  const collect = (node: TestNode): void => {
    nodes.push(node);
    if (node.content !== undefined) {
      const content = bytesOf(node.content);
      offsets.set(node, length);
      chunks.push(content);
      length += content.length;
    }
    node.children?.forEach(collect);
  };
  collect({ type: 'directory', children, ...root });
  const bytes = Buffer.concat(chunks).subarray(0, length - cut);
  const source = new MemorySource(bytes, badByte);
  const tree = new MemoryTree(nodes, offsets, length);
  const findings = new FindingLog();
  const index = await DiscIndex.open(tree, memory, findings, source.name);
  const close = (): Promise<void> => Promise.resolve();
  // The rest of an OpenedImage describes volumes, which neither presenters of trees nor drivers look at.
  const data = PlanStream.plain(source);
  const streams = new DiscStreams({ data });
  const image = {
    source,
    data,
    streams,
    tree,
    trees: [tree],
    index,
    findings,
    bytes,
    [Symbol.asyncDispose]: close,
  };
  return image as unknown as MemoryImage;
}
