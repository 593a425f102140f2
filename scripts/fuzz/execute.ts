// One execution of the fuzzer: opens an image in memory, lists every view, reads a little of every file, and checks
// what must hold whatever the bytes are. Knows nothing of formats, so each new file system is fuzzed as it lands.
import { IsodriveError } from '../../src/base/error.js';
import type { FileTree, TreeKind } from '../../src/filesystem/contract/file-tree.js';
import { ContentOpener } from '../../src/image/content-opener.js';
import { DiscIndex } from '../../src/index/disc-index.js';
import { PlainIndexMemory } from '../../src/index/index-memory.js';
import { ROOT_ROW } from '../../src/index/index-table.js';
import { readAttributes, readNode } from '../../src/index/node-record.js';
import { RowExtents } from '../../src/index/row-extents.js';
import { openFiles } from '../../src/image/open-image.js';
import type { OpenedImage } from '../../src/image/open-image.js';
import { openMemoryFiles } from './memory-source.js';
import type { MemorySource } from './memory-source.js';
import type { StoredFile } from './paged-image.js';

/** Entries of a view that are looked at; the work of one execution stays small. */
const MAX_ENTRIES = 4096;
/** Directories of a view that are opened. */
const MAX_DIRECTORIES = 512;
/** Files of a view whose content is read. */
const MAX_FILES = 32;
/** Bytes read at the start and at the end of a file. */
const SAMPLE = 512;
/** Bytes that one execution may read beside four times the image: more is work without bound. */
const MIN_BUDGET = 64 * 1024 * 1024;
const MAX_PASSES = 4;

/** A fault of ours that an input shows. */
export class Defect extends Error {
  override readonly name = 'Defect';
}

export interface Execution {
  /** How it ended: the code of the error that refused the image, or how many views were seen. */
  readonly outcome: string;
  /** Views that listed something. */
  readonly kinds: readonly TreeKind[];
}

export interface ExecuteOptions {
  /** Of an image that has several. */
  readonly files?: readonly StoredFile[] | undefined;
  /** Looks at what stands beside the views too: boot images, partitions and other sessions. */
  readonly all?: boolean;
  /** Told before a view is listed. */
  readonly onTree?: (kind: TreeKind) => void;
}

/** Rejects with whatever the code under test should never throw, and with Defect. */
export async function execute(source: MemorySource, options: ExecuteOptions = {}): Promise<Execution> {
  let image: OpenedImage;
  try {
    image = await openFiles(openMemoryFiles(source, options.files), undefined, {
      tree: options.all === true ? 'all' : 'auto',
    });
  } catch (thrown) {
    return { outcome: refusal(thrown), kinds: [] };
  }
  try {
    const kinds = new Set<TreeKind>();
    const trees = options.all === true ? [...image.trees, image.tree] : image.trees;
    for (const tree of trees) {
      options.onTree?.(tree.kind);
      if ((await listTree(image, tree)) > 0) kinds.add(tree.kind);
    }
    checkWork(source);
    return {
      outcome: `${image.trees.length} views, ${kinds.size > 0 ? 'entries' : 'nothing'}`,
      kinds: [...kinds],
    };
  } finally {
    await image[Symbol.asyncDispose]();
  }
}

/** Entries that were seen. */
async function listTree(image: OpenedImage, tree: FileTree): Promise<number> {
  try {
    const { findings, source, data } = image;
    const streams = image.streams.byNumber;
    const index = await DiscIndex.open(tree, new PlainIndexMemory(), findings, source.name, { streams });
    return await walk(index, new ContentOpener(index, data));
  } catch (thrown) {
    refusal(thrown);
    return 0;
  }
}

/** The code of an error that says what is wrong with the image; any other is thrown on. */
function refusal(thrown: unknown): string {
  if (!(thrown instanceof IsodriveError) || thrown.code === 'internal') throw thrown;
  if (/undefined|NaN|\[object/.test(thrown.message)) throw new Defect(`Message says "${thrown.message}"`);
  return thrown.code;
}

async function walk(index: DiscIndex, opener: ContentOpener): Promise<number> {
  const { table } = index;
  const directories: number[] = [ROOT_ROW];
  let files = 0;
  let entries = 0;
  for (let next = 0; next < directories.length && next < MAX_DIRECTORIES; next += 1) {
    let children;
    try {
      children = await index.children(directories[next]!);
    } catch (thrown) {
      refusal(thrown);
      continue;
    }
    let previous: Uint8Array | undefined;
    for (let row = children.first; row < children.first + children.count; row += 1) {
      if ((entries += 1) > MAX_ENTRIES) return entries;
      const node = readNode(table, row);
      checkName(node.name, previous);
      previous = node.name;
      readAttributes(table, row);
      if (node.type === 'directory') directories.push(row);
      else if (node.type === 'file' && (files += 1) <= MAX_FILES) await sample(index, opener, row);
    }
  }
  return entries;
}

function checkName(name: Uint8Array, previous: Uint8Array | undefined): void {
  const bytes = Buffer.from(name);
  const text = bytes.toString('latin1');
  if (text === '' || text === '.' || text === '..' || /[/\0]/.test(text) || bytes.length > 255) {
    throw new Defect(`Entry is named ${JSON.stringify(text)}`);
  }
  if (previous !== undefined && Buffer.compare(previous, bytes) >= 0) {
    throw new Defect(`Entry ${JSON.stringify(text)} is out of order or there twice`);
  }
}

async function sample(index: DiscIndex, opener: ContentOpener, row: number): Promise<void> {
  const { size } = readNode(index.table, row);
  let total = 0;
  for (const { length } of new RowExtents(index.table, row)) total += length;
  if (!Number.isSafeInteger(size) || size < 0 || total > Number.MAX_SAFE_INTEGER) {
    throw new Defect(`File has ${size} bytes in runs of ${total}`);
  }
  const content = opener.open(row);
  for (const position of new Set([0, Math.max(0, size - SAMPLE)])) {
    try {
      await content.read(new Uint8Array(SAMPLE), position);
    } catch (thrown) {
      refusal(thrown);
    }
  }
}

function checkWork(source: MemorySource): void {
  const budget = MIN_BUDGET + source.size * MAX_PASSES;
  if (source.bytesRead > budget) {
    throw new Defect(`Image of ${source.size} bytes made ${source.bytesRead} bytes of reads`);
  }
}
