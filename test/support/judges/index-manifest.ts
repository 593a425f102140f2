// Shows an opened image as the entries of a manifest, read through the index and the file reader, so that it can be
// compared with what an independent reader saw.
import { createHash } from 'node:crypto';
import { toIsodriveError } from '../../../src/base/error.js';
import { MODE_TYPE } from '../../../src/filesystem/contract/file-tree.js';
import { ContentOpener } from '../../../src/image/content-opener.js';
import { ROOT_ROW } from '../../../src/index/index-table.js';
import type { NodeRecord, NodeType } from '../../../src/index/node-record.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { escapeBytes } from './manifest.js';
import type { ManifestEntry, ManifestType } from './manifest.js';

const LETTERS: Readonly<Record<NodeType, ManifestType>> = {
  file: 'f',
  directory: 'd',
  symlink: 'l',
  block: 'b',
  char: 'c',
  fifo: 'p',
  socket: 's',
};
const CHUNK = 1_048_576;

export interface ListOptions {
  /** Read and hash the content of files of at most so many bytes. */
  readonly hashLimit: number;
}

/** Every entry, parents before children; directories that cannot be listed have no children. */
export async function listImage(image: OpenedImage, options: ListOptions): Promise<ManifestEntry[]> {
  const entries: ManifestEntry[] = [];
  const open: { row: number; path: string }[] = [{ row: ROOT_ROW, path: '' }];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const { row, path } = next;
    const node = image.index.node(row);
    entries.push(await describeNode(image, node, path === '' ? '/' : path, options));
    if (node.type !== 'directory') continue;
    const children = await image.index.children(row).catch(() => ({ first: 0, count: 0 }));
    for (let child = children.first; child < children.first + children.count; child += 1) {
      open.push({ row: child, path: `${path}/${escapeBytes(image.index.table.name(child))}` });
    }
  }
  return entries;
}

async function describeNode(
  image: OpenedImage,
  node: NodeRecord,
  path: string,
  options: ListOptions,
): Promise<ManifestEntry> {
  const entry: ManifestEntry = {
    type: LETTERS[node.type],
    mode: node.mode & ~MODE_TYPE.mask,
    userId: node.userId,
    groupId: node.groupId,
    size: node.size,
    modified: node.modified.seconds,
    links: node.links,
    path,
  };
  if (node.target !== undefined) return { ...entry, target: escapeBytes(node.target) };
  if (node.device !== undefined) return { ...entry, device: `${node.device.major},${node.device.minor}` };
  if (node.type !== 'file' || node.size > options.hashLimit) return entry;
  try {
    return { ...entry, sha256: await hashFile(image, node) };
  } catch (thrown) {
    return { ...entry, fault: `read-error:${toIsodriveError(thrown).code}` };
  }
}

async function hashFile(image: OpenedImage, node: NodeRecord): Promise<string> {
  const reader = new ContentOpener(image.index, image.data).open(node.row);
  const hash = createHash('sha256');
  const chunk = new Uint8Array(Math.min(CHUNK, Math.max(1, node.size)));
  for (let position = 0; position < node.size;) {
    const got = await reader.read(chunk, position);
    hash.update(chunk.subarray(0, got));
    position += got;
  }
  return hash.digest('hex');
}
