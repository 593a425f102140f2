// Small files of an image, written many at a time by threads of the addon: a call for each of a file's system calls would
// cost more than they do. What a batch cannot write, for whatever reason, is left to the entry writer, which says why.
import type { Addon, LaneHandle } from '../../../native/index.js';
import { isOnDisc } from '../../filesystem/file-tree.js';
import type { NodeRecord, NodeTime } from '../../index/node-record.js';
import { isCoded, readExtents } from '../../index/node-record.js';
import type { OpenedImage } from '../../index/open-image.js';
import { tryToLoadAddon } from '../../source/load-addon.js';
import { WindowSource } from '../window-source.js';
import { isRoot, permissionBits } from './apply-attributes.js';
import { draftName } from './draft.js';
import type { ExtractLog } from './extract-log.js';
import type { TargetDirectory } from './target-directory.js';

/** Bytes of a file that is worth gathering, and of a batch. */
const MAX_FILE_BYTES = 65_536;
const BATCH_BYTES = 262_144;
/** Threads that write, and batches that wait for them or are being written. */
const THREADS = 2;
const MAX_UNDER_WAY = 4;

/** Header of a record; native/file-batch.cc reads the same. Lengths of the directory's path, the name and the content. */
const RECORD = {
  directoryBytes: 0,
  nameBytes: 4,
  contentBytes: 8,
  owner: 12,
  group: 16,
  mode: 20,
  accessedMicroseconds: 24,
  modifiedMicroseconds: 28,
  accessed: 32,
  modified: 40,
  bytes: 48,
} as const;
/** Owner and group of a file that stays this process's. */
const NO_OWNER = 0xffff_ffff;

/** A row and the directory that its name is written into, or that it became. */
export interface PlacedRow {
  readonly row: number;
  readonly directory: TargetDirectory;
}

type BatchedFile = PlacedRow & { readonly size: number };

export class FileBatches {
  readonly #addon: Addon;
  readonly #lane: LaneHandle;
  readonly #image: OpenedImage;
  readonly #window: WindowSource;
  readonly #log: ExtractLog;
  readonly #signal: AbortSignal | undefined;
  readonly #root = isRoot();
  readonly #underWay = new Set<Promise<void>>();
  #left: PlacedRow[] = [];
  /** The batch that is gathered; its bytes are copied when it is submitted. */
  readonly #bytes = new Uint8Array(BATCH_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #content = new Uint8Array(MAX_FILE_BYTES);
  #files: BatchedFile[] = [];
  #length = 0;
  #count = 0;

  private constructor(addon: Addon, image: OpenedImage, log: ExtractLog, signal: AbortSignal | undefined) {
    this.#addon = addon;
    this.#lane = addon.openLane(THREADS);
    this.#image = image;
    this.#window = new WindowSource(image.data);
    this.#log = log;
    this.#signal = signal;
  }

  /** Undefined where the addon cannot: all files are written one by one then. */
  static open(image: OpenedImage, log: ExtractLog, signal: AbortSignal | undefined): FileBatches | undefined {
    const addon = process.platform === 'linux' ? tryToLoadAddon() : undefined;
    return addon === undefined ? undefined : new FileBatches(addon, image, log, signal);
  }

  /** Whether the file may go into a batch. */
  takes(node: NodeRecord): boolean {
    const isSmall = node.type === 'file' && node.size <= MAX_FILE_BYTES;
    return isSmall && !isCoded(this.#image.index.table, node.row);
  }

  /**
   * Puts a file into a batch, which is written while others are gathered. False where it does not go: it has several
   * extents, or cannot be read.
   */
  async add(node: NodeRecord, directory: TargetDirectory): Promise<boolean> {
    const [extent] = readExtents(this.#image.index.table, node.row);
    const isOneRun = extent !== undefined && isOnDisc(extent) && extent.length === node.size;
    if (node.size > 0 && !isOneRun) return false;
    const content = await this.#read(extent?.offset ?? 0, node.size);
    if (content === undefined) return false;
    const room = RECORD.bytes + directory.path.length + node.name.length + node.size;
    if (this.#length + room > BATCH_BYTES) await this.#submit();
    this.#append(node, directory, content);
    return true;
  }

  /** Resolves when every file is written, or among those that were left. */
  async flush(): Promise<void> {
    await this.#submit();
    await Promise.all(this.#underWay);
  }

  /** Files that could not be written since the last call. */
  takeLeft(): readonly PlacedRow[] {
    return this.#left.splice(0);
  }

  /** Waits for what is under way, so that no draft stays. What was only gathered is dropped. */
  async close(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#addon.closeLane(this.#lane);
  }

  /** A view that is valid until the next read; undefined where the image cannot be read. */
  async #read(position: number, length: number): Promise<Uint8Array | undefined> {
    if (length === 0) return new Uint8Array();
    const seen = this.#window.peek(position, length);
    if (seen !== undefined) return seen;
    const bytes = this.#content.subarray(0, length);
    try {
      return (await this.#window.read(bytes, position, this.#signal)) === length ? bytes : undefined;
    } catch {
      // Read once more by the entry writer, which tells what is wrong.
      return undefined;
    }
  }

  #append(node: NodeRecord, directory: TargetDirectory, content: Uint8Array): void {
    const [view, bytes, at] = [this.#view, this.#bytes, this.#length];
    // The directory is named where it is another than the last file's.
    const path = this.#files.at(-1)?.directory === directory ? undefined : directory.path;
    const word = (field: number, value: number): void => view.setUint32(at + field, value, true);
    word(RECORD.directoryBytes, path?.length ?? 0);
    word(RECORD.nameBytes, node.name.length);
    word(RECORD.contentBytes, content.length);
    word(RECORD.owner, this.#root ? node.userId : NO_OWNER);
    word(RECORD.group, this.#root ? node.groupId : NO_OWNER);
    word(RECORD.mode, permissionBits(node, this.#root));
    const time = (seconds: number, micro: number, { seconds: whole, microseconds }: NodeTime): void => {
      view.setBigInt64(at + seconds, BigInt(whole), true);
      word(micro, microseconds);
    };
    time(RECORD.accessed, RECORD.accessedMicroseconds, node.accessed);
    time(RECORD.modified, RECORD.modifiedMicroseconds, node.modified);
    let end = at + RECORD.bytes;
    for (const part of [path, node.name, content]) {
      if (part === undefined) continue;
      bytes.set(part, end);
      end += part.length;
    }
    this.#length = end;
    this.#files.push({ row: node.row, directory, size: node.size });
  }

  async #submit(): Promise<void> {
    while (this.#underWay.size >= MAX_UNDER_WAY) await Promise.race(this.#underWay);
    const files = this.#files;
    if (files.length === 0) return;
    const draft = Buffer.from(draftName(this.#count++));
    const work = this.#addon
      .laneWriteFiles(this.#lane, draft, this.#bytes.subarray(0, this.#length))
      .then((written) => this.#note(files, new Uint8Array(written)))
      .catch(() => this.#note(files, new Uint8Array(files.length)))
      .finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
    [this.#files, this.#length] = [[], 0];
  }

  #note(files: readonly BatchedFile[], written: Uint8Array): void {
    for (const [i, file] of files.entries()) {
      if (written[i] !== 1) {
        this.#left.push(file);
        continue;
      }
      this.#log.addBytes(file.size);
      this.#log.count('files');
    }
  }
}
