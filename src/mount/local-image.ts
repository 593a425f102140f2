// An image that is read in the thread that mounts it.
import { fstat } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { loadAddon } from '../../native/index.js';
import { KINDS_WITH_ACCESS_LISTS } from '../filesystem/file-tree.js';
import { ContentOpener } from '../index/content-opener.js';
import type { DiscIndex } from '../index/disc-index.js';
import type { IndexTable } from '../index/index-table.js';
import type { ByteSource } from '../source/byte-source.js';
import { writeMetadata } from './erofs/write-metadata.js';
import { serveSession } from './fuse/serve-session.js';
import type { SessionService } from './fuse/serve-session.js';
import type { CheckedContents, ImagePlace, MetadataOrder, ServedImage } from './served-image.js';

export interface LocalImageParts {
  readonly index: DiscIndex;
  readonly source: ByteSource;
  /** What files read as; the index says it where absent. */
  readonly checked?: CheckedContents | undefined;
}

export class LocalImage implements ServedImage {
  readonly index: DiscIndex;
  readonly contents: Pick<ContentOpener, 'open'>;
  readonly #checked: CheckedContents | undefined;
  readonly #source: ByteSource;
  #service: SessionService | undefined;

  /** Owns nothing. `source` holds the image's bytes, and must stay open as long as the mount. */
  constructor({ index, source, checked }: LocalImageParts) {
    this.index = index;
    this.contents = checked ?? new ContentOpener(index, source);
    this.#checked = checked;
    this.#source = source;
  }

  get name(): string {
    return this.#source.name;
  }

  get size(): number {
    return this.#source.size;
  }

  get fileDescriptor(): number | undefined {
    return this.isChecked ? undefined : this.#source.fileDescriptor;
  }

  get volumeSize(): number {
    return this.index.tree.volumeSize;
  }

  get hasAttributes(): boolean {
    return this.isChecked || (this.index.tree.hasAttributes ?? false);
  }

  get hasAccessLists(): boolean {
    const { hasAttributes = false, kind } = this.index.tree;
    return hasAttributes && KINDS_WITH_ACCESS_LISTS.has(kind);
  }

  get isChecked(): boolean {
    return this.#checked !== undefined;
  }

  get table(): IndexTable {
    return this.index.table;
  }

  /** What it serves; undefined before `serve`. */
  get service(): SessionService | undefined {
    return this.#service;
  }

  load(row: number): Promise<void> {
    return this.index.load(row);
  }

  read(row: number, target: Uint8Array, position: number): Promise<number> {
    return this.contents.open(row).read(target, position);
  }

  async check(row: number): Promise<void> {
    await this.#checked?.check(row);
  }

  serve(session: number): Promise<void> {
    this.#service?.leave();
    this.#service = serveSession(loadAddon(), session, this.index, this.contents, this.#checked);
    return Promise.resolve();
  }

  async writeMetadata({ file, label, signal }: MetadataOrder): Promise<void> {
    const { index } = this;
    await writeMetadata(
      { index, source: this.#source, label, ...(signal === undefined ? {} : { signal }) },
      file,
    );
  }

  async locate(): Promise<ImagePlace> {
    const { fileDescriptor } = this;
    if (fileDescriptor === undefined) return { isRegularFile: false, fileSystemType: 0 };
    const isRegularFile = (await promisify(fstat)(fileDescriptor)).isFile();
    const { type } = await statfs(`/proc/self/fd/${fileDescriptor}`);
    return { isRegularFile, fileSystemType: type >>> 0 };
  }
}
