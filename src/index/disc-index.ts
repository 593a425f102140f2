// The lazy index of one tree: a directory is parsed on first use, all waiters share the answer, and prefetch loads
// the rest (load-order.ts). What cannot be parsed is marked failed and becomes a finding.
import { decodePath, encodePath } from '../base/path-text.js';
import { IsodriveError, toIsodriveError } from '../base/error.js';
import type { ErrorCode } from '../base/error.js';
import type { FindingLog } from '../base/finding.js';
import type { DataStream } from '../disc/data-stream.js';
import { MODE_TYPE } from '../filesystem/contract/file-tree.js';
import type { FileTree } from '../filesystem/contract/file-tree.js';
import { WorkBudget } from '../filesystem/contract/work-budget.js';
import { throwIfAborted } from '../base/abortable.js';
import { DirectoryStage } from './directory-stage.js';
import type { IndexMemory } from './index-memory.js';
import { IndexTable, ROOT_ROW } from './index-table.js';
import { ROW, STATE } from './layout.js';
import { LoadOrder } from './load-order.js';
import { checkPlaces } from './place-check.js';
import { readNode } from './node-record.js';
import type { NodeRecord } from './node-record.js';

/** Directories below one another; deeper ones cannot be opened. */
export const MAX_DEPTH = 1024;
/**
 * Times that directories may be reached again through a second name (hard links, relocated ones): bounds trees that
 * multiply themselves.
 */
export const MAX_SHARED_DIRECTORIES = 1024;
/** Stages kept for the next directories. */
const MAX_SPARE_STAGES = 4;
/** Milliseconds of parsing after which prefetch lets waiting requests through. */
const PREFETCH_SLICE = 4;
/** Why a directory cannot be listed now, and perhaps can later. */
const TRANSIENT: ReadonlySet<ErrorCode> = new Set(['image-unreadable', 'cancelled', 'quota']);
/**
 * Milliseconds for which prefetch lets them through after each directory, once somebody had to wait, where nobody
 * says who waits now: a walk that goes another way than prefetch would otherwise wait a slice for each directory.
 */
const WANTED_SPAN = 5;

export interface IndexOptions {
  /** Bounds what is listed; absent: nothing does. */
  readonly work?: WorkBudget;
  /** Byte of the disc where the image begins; 0 where absent. */
  readonly imageStart?: number;
  /** What extents are in, by number of the stream; absent: data alone. */
  readonly streams?: ReadonlyMap<number, DataStream>;
}

export class DiscIndex {
  readonly tree: FileTree;
  readonly table: IndexTable;
  readonly findings: FindingLog;
  readonly sourceName: string;
  /** What extents are in that are not the disc's data, by number of the stream. */
  readonly streams: ReadonlyMap<number, DataStream>;
  /** Told when a directory begins to be parsed, and when that is done; must not throw. */
  onStep: ((isBegun: boolean) => void) | undefined;
  readonly #loading = new Map<number, Promise<void>>();
  readonly #stages: DirectoryStage[] = [];
  /** Directories by their place: the first of each. */
  readonly #locators = new Map<number, number>();
  readonly #work: WorkBudget;
  /** Byte of the disc where the image begins. */
  readonly #imageStart: number;
  readonly #order: LoadOrder;
  #sharedDirectories = 0;
  /** When somebody last waited for a directory that was not loaded (performance.now()). */
  #wantedAt = -Infinity;

  private constructor(
    tree: FileTree,
    memory: IndexMemory,
    findings: FindingLog,
    sourceName: string,
    { work = new WorkBudget(Infinity), imageStart = 0, streams = new Map() }: IndexOptions,
  ) {
    this.tree = tree;
    this.streams = streams;
    this.#work = work;
    this.#imageStart = imageStart;
    this.table = new IndexTable(memory);
    this.#order = new LoadOrder(this.table);
    this.findings = findings;
    this.sourceName = sourceName;
  }

  /** Reads the root's own record; lists nothing yet. Rejects as FileTree.readRoot does. */
  static async open(
    tree: FileTree,
    memory: IndexMemory,
    findings: FindingLog,
    sourceName: string,
    options: IndexOptions & { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<DiscIndex> {
    const index = new DiscIndex(tree, memory, findings, sourceName, options);
    const root = await tree.readRoot(options.signal);
    index.table.setRoot(root);
    index.#locators.set(root.locator, ROOT_ROW);
    return index;
  }

  /** Goes on with an index that a process which died has filled: what it published stays as it is. */
  static adopt(
    tree: FileTree,
    memory: IndexMemory,
    findings: FindingLog,
    sourceName: string,
    options: IndexOptions = {},
  ): DiscIndex {
    const index = new DiscIndex(tree, memory, findings, sourceName, options);
    const { table } = index;
    table.cutUnpublished();
    // Death may have come between the last run and the look at its directories.
    const lastParent = table.word(table.rowCount - 1, ROW.parent);
    const lastRun = table.rowCount > 1 ? table.word(lastParent, ROW.first) : 1;
    for (let row = 0; row < lastRun; row += 1) {
      if (table.type(row) !== MODE_TYPE.directory) continue;
      if (row !== ROOT_ROW) index.#order.add(row);
      const locator = table.wide(row, ROW.dataLow);
      if (index.#locators.has(locator)) index.#sharedDirectories += 1;
      else index.#locators.set(locator, row);
    }
    if (table.rowCount > 1) index.#checkDirectories(lastParent);
    return index;
  }

  isLoaded(row: number): boolean {
    return this.table.word(row, ROW.state) !== STATE.unloaded;
  }

  /**
   * Loads a directory if need be. Resolves also when it cannot be listed: `children` then throws. Rejects only with
   * `image-unreadable`, after which the next call tries again.
   */
  load(row: number): Promise<void> {
    if (this.isLoaded(row)) return Promise.resolve();
    this.#wantedAt = performance.now();
    this.#order.follow(row);
    return this.#loadOnce(row);
  }

  /** As load; who waits for the same directory shares the answer. */
  #loadOnce(row: number): Promise<void> {
    let pending = this.#loading.get(row);
    if (pending === undefined) {
      this.onStep?.(true);
      pending = this.#parse(row).finally(() => {
        this.#loading.delete(row);
        this.onStep?.(false);
      });
      this.#loading.set(row, pending);
    }
    return pending;
  }

  async #parse(row: number): Promise<void> {
    const stage = this.#stages.pop() ?? new DirectoryStage();
    const report = this.findings.add.bind(this.findings);
    stage.begin(this.sourceName, report, this.#work);
    const locator = this.table.wide(row, ROW.dataLow);
    try {
      if (this.#work.isFull) throw this.#work.refuse(this.sourceName);
      const start = this.#imageStart;
      const sink = start === 0 ? stage : checkPlaces(stage, start, this.sourceName, report);
      await this.tree.readDirectory(locator, this.table.wide(row, ROW.sizeLow), sink, report);
      this.table.appendChildren(row, stage);
      if (stage.directoryCount > 0) this.#checkDirectories(row);
    } catch (thrown) {
      const error = toIsodriveError(thrown);
      if (TRANSIENT.has(error.code)) throw error;
      this.#fail(row, error);
    } finally {
      if (this.#stages.length < MAX_SPARE_STAGES && stage.isSmall) this.#stages.push(stage);
    }
  }

  #fail(row: number, error: IsodriveError): void {
    this.table.fail(row, error.errnoNumber);
    this.findings.add({
      code: 'unreadable-directory',
      severity: 'damage',
      message: `Directory "${this.path(row)}" cannot be listed: ${error.message}`,
      at: error.at ?? { source: this.sourceName },
    });
  }

  /** Cuts off children that lead back up or too deep, before anybody can follow them. */
  #checkDirectories(parent: number): void {
    const first = this.table.word(parent, ROW.first);
    const end = first + this.table.word(parent, ROW.count);
    let ancestors: Set<number> | undefined;
    for (let row = first; row < end; row += 1) {
      if (this.table.type(row) !== MODE_TYPE.directory) continue;
      this.#order.add(row);
      ancestors ??= this.#ancestorLocators(parent);
      const locator = this.table.wide(row, ROW.dataLow);
      const fault = this.#directoryFault(row, locator, ancestors);
      if (fault !== undefined) this.#fail(row, fault);
    }
  }

  #directoryFault(row: number, locator: number, ancestors: Set<number>): IsodriveError | undefined {
    const at = { source: this.sourceName, offset: locator };
    if (ancestors.has(locator)) {
      return new IsodriveError('loop', 'It is one of its own ancestors, expected a tree', { at });
    }
    if (ancestors.size >= MAX_DEPTH) {
      return new IsodriveError('loop', `It is deeper than ${MAX_DEPTH} directories`, { at });
    }
    const first = this.#locators.get(locator);
    if (first === undefined) {
      this.#locators.set(locator, row);
      return undefined;
    }
    this.#sharedDirectories += 1;
    if (this.#sharedDirectories > MAX_SHARED_DIRECTORIES) {
      const found = `It lies where "${this.path(first)}" lies, and more than ${MAX_SHARED_DIRECTORIES} have a second name`;
      return new IsodriveError('loop', found, { at });
    }
    return undefined;
  }

  #ancestorLocators(row: number): Set<number> {
    const result = new Set<number>();
    for (let at = row; ; at = this.table.word(at, ROW.parent)) {
      result.add(this.table.wide(at, ROW.dataLow));
      if (at === ROOT_ROW) return result;
    }
  }

  /**
   * Rows of a directory's children, in byte order of their names, loading it first. Throws `damaged` when it cannot
   * be listed, and RangeError when it is no directory.
   */
  async children(row: number): Promise<{ readonly first: number; readonly count: number }> {
    if (this.table.type(row) !== MODE_TYPE.directory) throw new RangeError(`Row ${row} is no directory`);
    await this.load(row);
    if (this.table.word(row, ROW.state) === STATE.failed) {
      throw new IsodriveError(
        'damaged',
        `Cannot list "${this.path(row)}" of "${this.sourceName}": its records are damaged`,
        {
          at: { source: this.sourceName, offset: this.table.wide(row, ROW.dataLow) },
          action: 'See isodrive info IMAGE for what is wrong',
        },
      );
    }
    return { first: this.table.word(row, ROW.first), count: this.table.word(row, ROW.count) };
  }

  node(row: number): NodeRecord {
    return readNode(this.table, row);
  }

  /** Path from "/", which path-text.ts turns back into the very bytes. */
  path(row: number): string {
    const parts: string[] = [];
    for (let at = row; at !== ROOT_ROW; at = this.table.word(at, ROW.parent)) {
      parts.unshift(decodePath(this.table.name(at)));
    }
    return `/${parts.join('/')}`;
  }

  /** Row of a path inside the image, as `path` gives it; symlinks are not followed. Rejects with `not-in-image`. */
  async resolve(path: string): Promise<number> {
    let row: number = ROOT_ROW;
    for (const part of path.split('/')) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        row = this.table.word(row, ROW.parent);
        continue;
      }
      const isDirectory = this.table.type(row) === MODE_TYPE.directory;
      if (isDirectory) await this.children(row);
      const child = isDirectory ? this.table.lookup(row, encodePath(part)) : -1;
      if (child < 0) {
        throw new IsodriveError(
          'not-in-image',
          `Cannot find "${path}" in "${this.sourceName}": "${this.path(row)}" ${isDirectory ? `has no "${part}"` : 'is no directory'}`,
        );
      }
      row = child;
    }
    return row;
  }

  /**
   * Loads every directory in the background. Stops quietly on abort, a full index or an unreadable medium: what is
   * missing is loaded on use.
   */
  async prefetch(signal: AbortSignal, pause: () => Promise<unknown> = yieldTurn): Promise<void> {
    try {
      await this.loadAll(signal, pause);
    } catch {
      // The request that needs the directory will meet the same fault, and has somebody to report it to.
    }
  }

  /**
   * Loads every directory, in the order of LoadOrder, giving way to other work every few milliseconds, and as soon as
   * somebody waits for a directory (as `isWaitedFor` says, where it knows), each time for as long as `pause` takes.
   * Rejects with `cancelled`, `unsupported` (the index is full) or `image-unreadable`.
   */
  async loadAll(
    signal?: AbortSignal,
    pause: () => Promise<unknown> = yieldTurn,
    isWaitedFor?: () => boolean | undefined,
  ): Promise<void> {
    let started = performance.now();
    for (let row = this.#order.next(); row !== undefined; row = this.#order.next()) {
      throwIfAborted(signal);
      await this.#loadOnce(row);
      const isWanted = isWaitedFor?.() ?? started - this.#wantedAt < WANTED_SPAN;
      if (!isWanted && performance.now() - started < PREFETCH_SLICE) continue;
      await pause();
      started = performance.now();
    }
  }
}

function yieldTurn(): Promise<unknown> {
  return new Promise(setImmediate);
}
