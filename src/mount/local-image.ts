// An image that is read in the thread that mounts it.
import { fstat } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { loadAddon } from '../../native/index.js';
import { KINDS_WITH_ACCESS_LISTS } from '../filesystem/contract/file-tree.js';
import { ContentOpener } from '../image/content-opener.js';
import type { DiscIndex } from '../index/disc-index.js';
import type { IndexTable } from '../index/index-table.js';
import { kernelFiles } from '../disc/native-plan.js';
import type { KernelFile } from '../disc/native-plan.js';
import { DiscStreams } from '../disc/disc-streams.js';
import type { PlanStream } from '../disc/plan-stream.js';
import { writeMetadata } from './erofs/write-metadata.js';
import { serveSession } from './fuse/serve-session.js';
import type { SessionService } from './fuse/serve-session.js';
import type { CheckedContents, ImagePlace, MetadataRequest, ServedImage } from './served-image.js';

export interface LocalImageParts {
  readonly index: DiscIndex;
  /** The disc's data, which must stay open as long as the mount. */
  readonly data: PlanStream;
  /** All that its files are made of; the data alone where absent. */
  readonly streams?: DiscStreams;
  /** What files read as; the index says it where absent. */
  readonly checked?: CheckedContents | undefined;
}

export class LocalImage implements ServedImage {
  readonly index: DiscIndex;
  readonly contents: Pick<ContentOpener, 'open'>;
  readonly #checked: CheckedContents | undefined;
  readonly #data: PlanStream;
  readonly #streams: DiscStreams;
  #service: SessionService | undefined;

  /** Owns nothing. */
  constructor({ index, data, streams = new DiscStreams({ data }), checked }: LocalImageParts) {
    this.index = index;
    this.contents = checked ?? new ContentOpener(index, data);
    this.#checked = checked;
    this.#data = data;
    this.#streams = streams;
  }

  get name(): string {
    return this.#data.name;
  }

  get files(): readonly number[] {
    return this.isChecked ? [] : (this.#streams.native?.descriptors ?? []);
  }

  get kernelFiles(): readonly KernelFile[] {
    return this.isChecked ? [] : kernelFiles(this.#data);
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
    this.#service = serveSession(loadAddon(), session, {
      index: this.index,
      contents: this.contents,
      units: this.#streams.native?.units ?? [],
      checked: this.#checked,
    });
    return Promise.resolve();
  }

  async writeMetadata({ file, label, signal }: MetadataRequest): Promise<void> {
    const { index } = this;
    await writeMetadata(
      { index, data: this.#data, label, ...(signal === undefined ? {} : { signal }) },
      file,
    );
  }

  locate(): Promise<readonly ImagePlace[]> {
    const places = this.kernelFiles.map(async ({ descriptor }) => {
      const isRegularFile = (await promisify(fstat)(descriptor)).isFile();
      const { type } = await statfs(`/proc/self/fd/${descriptor}`);
      return { isRegularFile, fileSystemType: type >>> 0 };
    });
    return Promise.all(places);
  }
}
