// Writes single entries of an image into a target directory: files by their extents, so that holes stay holes;
// further names of a file as hard links; symlinks as they are; devices and fifos where the user may make them.
import { closeSync, ftruncateSync, writeSync } from 'node:fs';
import type { OpenedImage } from '../../index/open-image.js';
import { ContentOpener } from '../../index/content-opener.js';
import type { NodeRecord } from '../../index/node-record.js';
import { isCoded, readExtents } from '../../index/node-record.js';
import type { FileContent } from '../../filesystem/file-content.js';
import type { Extent } from '../../filesystem/file-tree.js';
import { throwIfAborted } from '../abort.js';
import { CHUNK_BYTES } from '../file-content.js';
import { WindowSource } from '../window-source.js';
import { applyToDescriptor, applyToName, isRoot } from './apply-attributes.js';
import type { AttributeSetter } from './attribute-setter.js';
import type { ExtractLog } from './extract-log.js';
import { makeSpecialNode } from './special-node.js';
import { withDirectory } from './target-directory.js';
import type { TargetDirectory } from './target-directory.js';

export class EntryWriter {
  readonly #image: OpenedImage;
  readonly #log: ExtractLog;
  readonly #signal: AbortSignal | undefined;
  readonly #contents: ContentOpener;
  /** A decoder reads several blocks at a time, which a window cannot. */
  readonly #codedContents: ContentOpener;
  readonly #buffers = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)] as const;
  /** First path of every file that has more than one name. */
  readonly #linked = new Map<string, Buffer>();
  readonly #root = isRoot();
  readonly #attributes: AttributeSetter | undefined;

  /** `attributes`: sets extended attributes; absent: they are left out. */
  constructor(
    image: OpenedImage,
    log: ExtractLog,
    attributes: AttributeSetter | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#attributes = attributes;
    this.#image = image;
    this.#log = log;
    this.#signal = signal;
    this.#contents = new ContentOpener(image.index, new WindowSource(image.source));
    this.#codedContents = new ContentOpener(image.index, image.source);
  }

  /** Writes the entry; gives the directory when it is one, to be filled and then given to finishDirectory. */
  async write(row: number, parent: TargetDirectory): Promise<TargetDirectory | undefined> {
    const node = this.#image.index.node(row);
    if (node.type === 'directory') return parent.enter(node.name).directory;
    const path = parent.child(node.name);
    if (node.type === 'file') await this.#writeFile(node, path, parent);
    else if (node.type === 'symlink') {
      parent.createSymlink(path, node.target ?? new Uint8Array());
      applyToName(path, node, this.#root);
      this.#log.count('symlinks');
    } else {
      parent.makeRoom(path);
      await makeSpecialNode(path, node);
      applyToName(path, node, this.#root);
      this.#log.count('specials');
    }
    return undefined;
  }

  /** Gives a directory its owner, mode and times, which writing into it would have changed. */
  finishDirectory(row: number, directory: TargetDirectory): void {
    const node = this.#image.index.node(row);
    withDirectory(directory.path, (descriptor) => this.#applyAll(descriptor, node));
    this.#log.count('directories');
  }

  async #writeFile(node: NodeRecord, path: Buffer, parent: TargetDirectory): Promise<void> {
    const key = node.links > 1 && node.size > 0 ? linkKey(node) : undefined;
    const existing = key === undefined ? undefined : this.#linked.get(key);
    if (existing !== undefined) {
      parent.createLink(path, existing);
      this.#log.addBytes(0, node.size);
      this.#log.count('hardLinks');
      return;
    }
    const descriptor = parent.createFile(path);
    try {
      // Attributes are given also to what could be read of a damaged file.
      try {
        await this.#copyContent(descriptor, node);
      } finally {
        this.#applyAll(descriptor, node);
      }
    } finally {
      closeSync(descriptor);
    }
    if (key !== undefined) this.#linked.set(key, path);
    this.#log.count('files');
  }

  /** Extended attributes first, while a mode without write permission is not there yet; they change no time. */
  #applyAll(descriptor: number, node: NodeRecord): void {
    try {
      this.#attributes?.apply(descriptor, node.row);
    } finally {
      applyToDescriptor(descriptor, node, this.#root);
    }
  }

  async #copyContent(descriptor: number, node: NodeRecord): Promise<void> {
    const { table } = this.#image.index;
    const coded = isCoded(table, node.row);
    const extents: readonly Extent[] = coded
      ? [{ offset: 0, length: node.size }]
      : readExtents(table, node.row);
    const reader = (coded ? this.#codedContents : this.#contents).open(node.row);
    let position = 0;
    let holeAtEnd = false;
    for (const extent of extents) {
      holeAtEnd = extent.offset === undefined;
      if (holeAtEnd) this.#log.addBytes(0, extent.length);
      else await this.#copyRun(descriptor, reader, position, extent);
      position += extent.length;
    }
    if (holeAtEnd) ftruncateSync(descriptor, node.size);
    // A reader over extents that do not reach the file's end says so itself.
    if (position < node.size) await reader.read(this.#buffers[0].subarray(0, 1), position, this.#signal);
  }

  /** Copies one run of bytes; the next read runs while the last one is being written. */
  async #copyRun(descriptor: number, reader: FileContent, start: number, extent: Extent): Promise<void> {
    const end = Math.min(start + extent.length, reader.size);
    let turn = 0;
    const readAt = (position: number): Promise<number> => {
      turn ^= 1;
      const buffer = this.#buffers[turn === 0 ? 0 : 1];
      return reader.read(buffer.subarray(0, Math.min(CHUNK_BYTES, end - position)), position, this.#signal);
    };
    let pending = end > start ? readAt(start) : undefined;
    try {
      for (let position = start; pending !== undefined;) {
        throwIfAborted(this.#signal);
        const got = await pending;
        const bytes = this.#buffers[turn === 0 ? 0 : 1].subarray(0, got);
        const next: number = position + got;
        pending = got > 0 && next < end ? readAt(next) : undefined;
        writeAll(descriptor, bytes, position);
        this.#log.addBytes(got);
        position = next;
      }
    } finally {
      // After a fault the buffers go to the next file: no read may still be filling them.
      await pending?.catch(() => undefined);
    }
  }
}

/** Two records are names of one file when they share their data, which the inode stands for, and say the same of it. */
function linkKey(node: NodeRecord): string {
  const { seconds, microseconds } = node.modified;
  return [node.inode, node.size, node.mode, node.userId, node.groupId, seconds, microseconds].join(':');
}

function writeAll(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;)
    done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
}
