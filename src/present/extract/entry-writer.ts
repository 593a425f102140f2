// Writes single entries of an image into a target directory: files by their extents, so that holes stay holes;
// further names of a file as hard links; symlinks as they are; devices and fifos where the user may make them.
import { countBytes } from '../../base/byte-count.js';
import { closeSync, ftruncateSync, linkSync, symlinkSync, writeSync } from 'node:fs';
import { IsodriveError, isSystemError } from '../../base/error.js';
import { decodePath } from '../../base/path-text.js';
import { explainSystemError, isFull } from '../../base/system-error.js';
import type { OpenedImage } from '../../image/open-image.js';
import { ContentOpener } from '../../image/content-opener.js';
import type { NodeRecord } from '../../index/node-record.js';
import { isCoded } from '../../index/node-record.js';
import { RowExtents } from '../../index/row-extents.js';
import type { FileContent } from '../../filesystem/contract/file-content.js';
import { isOnDisc } from '../../filesystem/contract/file-tree.js';
import type { Extent } from '../../filesystem/contract/file-tree.js';
import { throwIfAborted } from '../../base/abort.js';
import { CHUNK_BYTES } from '../../image/file-content.js';
import { WindowSource } from '../../image/window-source.js';
import { applyToDescriptor, applyToName, isRoot } from './apply-attributes.js';
import type { AttributeSetter } from './attribute-setter.js';
import type { ContentBudget } from './content-budget.js';
import { draftName, publish, removeDrafts } from './draft.js';
import type { Decision, ExistingEntries } from './existing-entries.js';
import type { ExtractLog } from './extract-log.js';
import type { FileBatches } from './file-batches.js';
import { LargeCopy } from './large-copy.js';
import { makeSpecialNode } from './special-node.js';
import { TargetDirectory, removeOld, withDirectory } from './target-directory.js';

/** Bits that a directory gets besides the disc's, so that its owner can write into it and remove it. */
const OWNER_BITS = 0o700;

export interface EntryWriterOptions {
  readonly existing: ExistingEntries;
  /** Sets extended attributes; absent: they are left out. */
  readonly attributes: AttributeSetter | undefined;
  /** Gives directories the disc's modes, also where their owner may not write then. */
  readonly preserve: boolean;
  /** Writes plain small files, many at a time; absent: each is written here. */
  readonly batches: FileBatches | undefined;
  /** Bounds what is written of the image. */
  readonly budget: ContentBudget;
  readonly signal: AbortSignal | undefined;
}

export class EntryWriter {
  readonly #image: OpenedImage;
  readonly #log: ExtractLog;
  readonly #options: EntryWriterOptions;
  readonly #contents: ContentOpener;
  /** A decoder reads several blocks at a time, which a window cannot. */
  readonly #codedContents: ContentOpener;
  readonly #buffers = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)] as const;
  /** First path of every file that has more than one name. */
  readonly #linked = new Map<string, Buffer>();
  readonly #largeCopy: LargeCopy | undefined;
  readonly #root = isRoot();

  constructor(image: OpenedImage, log: ExtractLog, options: EntryWriterOptions) {
    this.#image = image;
    this.#log = log;
    this.#options = options;
    this.#contents = new ContentOpener(image.index, new WindowSource(image.data));
    this.#codedContents = new ContentOpener(image.index, image.data);
    this.#largeCopy = LargeCopy.open(image.data);
  }

  /** Writes the entry; gives the directory when it is one, to be filled and then given to finishDirectory. */
  async write(row: number, parent: TargetDirectory): Promise<TargetDirectory | undefined> {
    const node = this.#image.index.node(row);
    if (node.type === 'directory') return this.#enter(node, parent);
    if (node.type === 'socket') {
      // It is of the program that made it: nobody misses it, and nothing can make it again.
      this.#log.count('sockets');
      return undefined;
    }
    const path = parent.child(node.name);
    try {
      await this.#writeEntry(node, path, parent);
    } catch (thrown) {
      throw explainWriteError(path, node, thrown);
    }
    return undefined;
  }

  /** Gives a directory its owner, mode and times, which writing into it would have changed. */
  finishDirectory(row: number, directory: TargetDirectory): void {
    const node = this.#image.index.node(row);
    try {
      withDirectory(directory.path, (descriptor) => this.#applyAll(descriptor, node));
    } catch (thrown) {
      // A directory that was there before may be somebody else's, who lets us write into it.
      const isOthers = !directory.isNew && isSystemError(thrown) && thrown.code === 'EPERM';
      if (!isOthers) throw explainWriteError(directory.path, node, thrown);
    }
    this.#log.count('directories');
  }

  /** Makes a directory, or takes the real one that is there; undefined where something else is to stay. */
  async #enter(node: NodeRecord, parent: TargetDirectory): Promise<TargetDirectory | undefined> {
    const path = parent.child(node.name);
    try {
      if (TargetDirectory.make(path)) return new TargetDirectory(path, true);
      if (TargetDirectory.open(path)) {
        const directory = new TargetDirectory(path, false);
        removeDrafts(directory);
        return directory;
      }
      if (this.#isKept(await this.#options.existing.decide(node, path), node)) return undefined;
      removeOld(path);
      TargetDirectory.make(path);
      return new TargetDirectory(path, true);
    } catch (thrown) {
      throw explainWriteError(path, node, thrown);
    }
  }

  async #writeEntry(node: NodeRecord, path: Buffer, parent: TargetDirectory): Promise<void> {
    const { existing, batches } = this.#options;
    const key = node.type === 'file' && node.links > 1 && node.size > 0 ? linkKey(node) : undefined;
    const original = key === undefined ? undefined : this.#linked.get(key);
    const isSmall = batches?.takes(node.row) === true;
    const decision = await existing.decide(node, path, original);
    const isThere = decision === 'write' || decision === 'replace' || decision === 'unchanged';
    if (isThere && key !== undefined && original === undefined) this.#linked.set(key, path);
    if (this.#isKept(decision, node)) return;
    if (isSmall && decision === 'write' && (await batches.add(node.row, parent))) return;
    await this.#place(node, path, parent, decision === 'replace', original);
  }

  /** Writes what a batch could not. */
  async writeAlone(row: number, parent: TargetDirectory): Promise<void> {
    const node = this.#image.index.node(row);
    const path = parent.child(node.name);
    try {
      const decision = await this.#options.existing.decide(node, path);
      if (this.#isKept(decision, node)) return;
      await this.#place(node, path, parent, decision === 'replace', undefined);
    } catch (thrown) {
      throw explainWriteError(path, node, thrown);
    }
  }

  /** Counts what stays as it is. */
  #isKept(decision: Decision, node: NodeRecord): boolean {
    if (decision !== 'unchanged' && decision !== 'skipped') return false;
    if (node.type === 'file') this.#log.addBytes(0, node.size);
    this.#log.count(decision);
    return true;
  }

  async #place(
    node: NodeRecord,
    path: Buffer,
    parent: TargetDirectory,
    replaces: boolean,
    original: Buffer | undefined,
  ): Promise<void> {
    if (original !== undefined) {
      await publish(parent, path, replaces, (draft) => linkSync(original, draft));
      this.#log.addBytes(0, node.size);
      this.#log.count('hardLinks');
    } else if (node.type === 'file') {
      await this.#placeFile(node, path, parent, replaces);
    } else if (node.type === 'symlink') {
      await publish(parent, path, replaces, (draft) => {
        symlinkSync(Buffer.from(node.target ?? new Uint8Array()), draft);
        applyToName(draft, node, this.#root);
      });
      this.#log.count('symlinks');
    } else {
      await publish(parent, path, replaces, async (draft) => {
        await makeSpecialNode(parent, draftName(), node);
        applyToName(draft, node, this.#root);
      });
      this.#log.count('specials');
    }
  }

  /** What could be read of a damaged file gets its name as well, and then the fault is told. */
  async #placeFile(
    node: NodeRecord,
    path: Buffer,
    parent: TargetDirectory,
    replaces: boolean,
  ): Promise<void> {
    const coded = isCoded(this.#image.index.table, node.row);
    this.#options.budget.take(coded ? node.size : storedBytes(this.#image, node), coded);
    let damage: Error | undefined;
    await publish(parent, path, replaces, async (draft) => {
      const descriptor = TargetDirectory.createFile(draft);
      try {
        try {
          await this.#copyContent(descriptor, node);
        } catch (thrown) {
          if (!isDamage(thrown)) throw thrown;
          damage = thrown;
        }
        try {
          this.#applyAll(descriptor, node);
        } catch (thrown) {
          // An attribute that the target refuses costs the file nothing else.
          if (!isDamage(thrown)) throw thrown;
          damage ??= thrown;
        }
      } finally {
        closeSync(descriptor);
      }
    });
    if (damage !== undefined) throw damage;
    this.#log.count('files');
  }

  /** Extended attributes first, while a mode without write permission is not there yet; they change no time. */
  #applyAll(descriptor: number, node: NodeRecord): void {
    const { attributes, preserve } = this.#options;
    try {
      attributes?.apply(descriptor, node.row);
    } finally {
      const extra = node.type === 'directory' && !preserve ? OWNER_BITS : 0;
      applyToDescriptor(descriptor, node, this.#root, extra);
    }
  }

  async #copyContent(descriptor: number, node: NodeRecord): Promise<void> {
    const { table } = this.#image.index;
    const coded = isCoded(table, node.row);
    const extents: Iterable<Extent> = coded
      ? [{ offset: 0, length: node.size }]
      : new RowExtents(table, node.row);
    const reader = (coded ? this.#codedContents : this.#contents).open(node.row);
    let position = 0;
    let holeAtEnd = false;
    // Small extents are copied together: a file may have a hundred thousand.
    let gathered = 0;
    for (const extent of extents) {
      holeAtEnd = extent.offset === undefined;
      const end = position + extent.length;
      if (holeAtEnd || extent.length >= CHUNK_BYTES) {
        await this.#copyPieces(descriptor, reader, gathered, position);
        if (holeAtEnd) this.#log.addBytes(0, extent.length);
        else await this.#copyRun(descriptor, reader, position, extent, coded);
        gathered = end;
      }
      position = end;
    }
    await this.#copyPieces(descriptor, reader, gathered, Math.min(position, reader.size));
    if (holeAtEnd) ftruncateSync(descriptor, node.size);
    // A reader over extents that do not reach the file's end says so itself.
    if (position < node.size)
      await reader.read(this.#buffers[0].subarray(0, 1), position, this.#options.signal);
  }

  /** Copies one run of bytes. */
  async #copyRun(
    descriptor: number,
    reader: FileContent,
    start: number,
    extent: Extent,
    coded: boolean,
  ): Promise<void> {
    const end = Math.min(start + extent.length, reader.size);
    let done = start;
    if (!coded && this.#largeCopy !== undefined && isOnDisc(extent)) {
      const run = { position: extent.offset, length: end - start, target: descriptor, targetPosition: start };
      const onBytes = (bytes: number): void => this.#log.addBytes(bytes);
      done += await this.#largeCopy.copy(run, onBytes, this.#options.signal);
    }
    await this.#copyPieces(descriptor, reader, done, end);
  }

  /** The next read runs while the last one is being written. */
  async #copyPieces(descriptor: number, reader: FileContent, start: number, end: number): Promise<void> {
    let turn = 0;
    const readAt = (position: number): Promise<number> => {
      turn ^= 1;
      const buffer = this.#buffers[turn === 0 ? 0 : 1];
      return reader.read(
        buffer.subarray(0, Math.min(CHUNK_BYTES, end - position)),
        position,
        this.#options.signal,
      );
    };
    let pending = end > start ? readAt(start) : undefined;
    try {
      for (let position = start; pending !== undefined;) {
        throwIfAborted(this.#options.signal);
        const got = await pending;
        const bytes = this.#buffers[turn === 0 ? 0 : 1].subarray(0, got);
        const next: number = position + got;
        pending = got > 0 && next < end ? readAt(next) : undefined;
        writeAll(descriptor, bytes, position);
        this.#log.addBytes(got);
        position = next;
        // What is in memory is read without a turn of the event loop, which ^C needs.
        await this.#log.pause();
      }
    } finally {
      // After a fault the buffers go to the next file: no read may still be filling them.
      await pending?.catch(() => undefined);
    }
  }
}

/** Holes take nothing. */
function storedBytes({ index: { table } }: OpenedImage, { row }: NodeRecord): number {
  let bytes = 0;
  for (const { offset, length } of new RowExtents(table, row)) if (offset !== undefined) bytes += length;
  return bytes;
}

/** Whether reading the image failed, after which what was read is still worth keeping. */
function isDamage(thrown: unknown): thrown is IsodriveError {
  return thrown instanceof IsodriveError && thrown.code !== 'cancelled' && thrown.code !== 'image-changed';
}

function explainWriteError(path: Buffer, node: NodeRecord, thrown: unknown): unknown {
  const what = `Cannot write "${decodePath(path)}"`;
  if (!isFull(thrown)) return explainSystemError(what, thrown);
  return explainSystemError(what, thrown, {
    detail: `, expected room for ${countBytes(node.size)}`,
    action: 'Make room and run the same command again: what is complete stays',
  });
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
