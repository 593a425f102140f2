// Copies a part of an image to disk: the one call behind `extract`. What may be written where is decided in
// extract/target-directory.ts, what an entry becomes in extract/entry-writer.ts.
import { isSystemError, toIsodriveError } from '../../base/error.js';
import type { IsodriveError } from '../../base/error.js';
import type { OpenedImage } from '../../image/open-image.js';
import { ROOT_ROW } from '../../index/index-table.js';
import { MODE_TYPE } from '../../filesystem/contract/file-tree.js';
import { ROW } from '../../index/layout.js';
import { throwIfAborted } from '../../base/abort.js';
import { AttributeSetter } from './attribute-setter.js';
import { ContentBudget } from './content-budget.js';
import { removeDrafts } from './draft.js';
import { EntryWriter } from './entry-writer.js';
import { ExistingEntries } from './existing-entries.js';
import type { AskToReplace, ExistingRule } from './existing-entries.js';
import { ExtractLog } from './extract-log.js';
import type { ExtractProgress, ExtractSummary } from './extract-log.js';
import { FileBatches } from './file-batches.js';
import type { PlacedRow } from './file-batches.js';
import { measureSelection } from './measure-selection.js';
import { RepeatedDirectories } from './repeated-directories.js';
import type { TargetDirectory } from './target-directory.js';
import { openTarget } from './target-directory.js';

export interface ExtractOptions {
  /** What to extract, each with all that is below it; it keeps its whole path. The root stands for everything. */
  readonly rows: readonly number[];
  /** Created when it does not exist. */
  readonly directory: string;
  /** Sets extended attributes of users too, where the target takes them. */
  readonly attributes?: boolean;
  /** What becomes of what is there; `refuse` where absent. */
  readonly existing?: ExistingRule;
  /** Asked where the rule is `refuse`. */
  readonly askToReplace?: AskToReplace | undefined;
  /** Gives directories exactly the disc's modes, which may keep their owner from writing into them. */
  readonly preserve?: boolean;
  /** Called a few times a second, and once at the end. */
  readonly onProgress?: ((progress: ExtractProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Errors of the target after which nothing more can be written (errno.h). */
const FATAL = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE']);

/**
 * Extracts. Faults of single entries are collected in the summary and the rest goes on; one after which nothing can be
 * written any more, such as a full disk, ends it, and is the summary's `stopped`. Rejects with `cancelled` on abort,
 * with `permission` or `usage` when the directory cannot be used, and with `unsupported` when attributes cannot be
 * set at all.
 */
export async function extract(image: OpenedImage, options: ExtractOptions): Promise<ExtractSummary> {
  const attributes = options.attributes === true ? new AttributeSetter(image.index) : undefined;
  const rows = outermost(image, options.rows);
  const total = await measureSelection(image, rows, options.signal);
  const target = openTarget(options.directory);
  if (!target.isNew) removeDrafts(target);
  const log = new ExtractLog(total, options.onProgress);
  const { signal } = options;
  // A sheet may claim silence of any length: what counts is what its files hold.
  const held = [...image.streams.byNumber.values()].map(({ heldBytes }) => heldBytes);
  const budget = new ContentBudget(image.source.name, Math.max(...held));
  // A batch sets no extended attributes.
  const batches = attributes === undefined ? FileBatches.open(image, log, budget, signal) : undefined;
  const existing = new ExistingEntries(options.existing ?? 'refuse', options.askToReplace);
  const writer = new EntryWriter(image, log, {
    ...{ existing, attributes, batches, budget, signal },
    preserve: options.preserve === true,
  });
  const repeated = new RepeatedDirectories(image.index, total.distinct);
  const run = new ExtractRun(image, log, writer, batches, repeated, signal);
  try {
    for (const row of rows) await run.selected(target, row);
    await run.finish();
    return log.finish();
  } catch (thrown) {
    await batches?.close();
    run.finishDirectories(true);
    if (thrown instanceof StoppedError) return log.finish(thrown.reason);
    throw thrown;
  }
}

/** Nothing more can be written. */
class StoppedError extends Error {
  readonly reason: IsodriveError;

  constructor(reason: IsodriveError) {
    super(reason.message);
    this.reason = reason;
  }
}

/** A directory that is being filled: its next row, and where its rows end. */
interface Level {
  readonly directory: TargetDirectory;
  at: number;
  readonly end: number;
}

/** The rows without those that come with another one, and each once. */
function outermost({ index: { table } }: OpenedImage, rows: readonly number[]): number[] {
  const selected = new Set(rows);
  return [...selected].filter((row) => {
    for (let at = row; at !== ROOT_ROW;) {
      at = table.word(at, ROW.parent);
      if (selected.has(at)) return false;
    }
    return true;
  });
}

class ExtractRun {
  readonly #image: OpenedImage;
  readonly #log: ExtractLog;
  readonly #signal: AbortSignal | undefined;
  readonly #writer: EntryWriter;
  readonly #batches: FileBatches | undefined;
  readonly #repeated: RepeatedDirectories;
  /** Directories to be given their attributes when all is written, the inner ones after the outer ones. */
  readonly #open: PlacedRow[] = [];
  /** By row. One of each, because it knows what was written there. */
  readonly #entered = new Map<number, TargetDirectory>();

  constructor(
    image: OpenedImage,
    log: ExtractLog,
    writer: EntryWriter,
    batches: FileBatches | undefined,
    repeated: RepeatedDirectories,
    signal: AbortSignal | undefined,
  ) {
    this.#image = image;
    this.#log = log;
    this.#signal = signal;
    this.#writer = writer;
    this.#batches = batches;
    this.#repeated = repeated;
  }

  async selected(target: TargetDirectory, row: number): Promise<void> {
    if (row === ROOT_ROW) {
      // A directory that was there before belongs to the user: only one of our own takes the root's attributes.
      if (target.isNew) this.#open.push({ row, directory: target });
      await this.#fill(await this.#listInto(row, target));
      return;
    }
    const ancestors: number[] = [];
    const { table } = this.#image.index;
    for (let at = table.word(row, ROW.parent); at !== ROOT_ROW; at = table.word(at, ROW.parent))
      ancestors.unshift(at);
    let directory = target;
    for (const ancestor of ancestors) {
      const next = this.#entered.get(ancestor) ?? (await this.#enter(directory, ancestor));
      if (next === undefined) return;
      directory = next;
    }
    await this.#fill(await this.#place(row, directory));
  }

  /** Writes what is still gathered, and gives directories their attributes. */
  async finish(): Promise<void> {
    await this.#batches?.flush();
    await this.#writeLeft();
    await this.#batches?.close();
    this.finishDirectories(false);
  }

  /** The deepest first, since some modes keep even their owner out. `quietly`: something else is told already. */
  finishDirectories(quietly: boolean): void {
    for (const { row, directory } of this.#open.splice(0).reverse()) {
      try {
        this.#writer.finishDirectory(row, directory);
      } catch (thrown) {
        if (!quietly) this.#note(row, thrown);
      }
    }
  }

  /** A directory on the way to a selected row: one that was there before keeps its attributes. */
  async #enter(parent: TargetDirectory, row: number): Promise<TargetDirectory | undefined> {
    const directory = await this.#write(row, parent);
    if (directory === undefined) return undefined;
    this.#entered.set(row, directory);
    if (directory.isNew) this.#open.push({ row, directory });
    return directory;
  }

  /** Writes all below a directory; a stack of its own, because a disc may nest a thousand directories. */
  async #fill(top: Level | undefined): Promise<void> {
    const stack = top === undefined ? [] : [top];
    for (let level = stack.at(-1); level !== undefined; level = stack.at(-1)) {
      if (level.at >= level.end) {
        stack.pop();
        continue;
      }
      const row = level.at;
      level.at += 1;
      const batched = this.#batch(row, level.directory);
      if (batched === true || (batched !== false && (await batched))) continue;
      const opened = await this.#place(row, level.directory);
      if (opened !== undefined) stack.push(opened);
    }
  }

  /** Writes one entry; gives the directory when it is one, to be filled. */
  async #place(row: number, parent: TargetDirectory): Promise<Level | undefined> {
    if (this.#image.index.table.type(row) !== MODE_TYPE.directory) {
      await this.#write(row, parent);
      return undefined;
    }
    // Looked into before it is made: one that leads nowhere leaves nothing.
    const listed = await this.#list(row);
    const directory = listed === undefined ? undefined : await this.#write(row, parent);
    if (listed === undefined || directory === undefined) return undefined;
    this.#open.push({ row, directory });
    return { directory, ...listed };
  }

  /**
   * Puts a file of a new directory, in which nothing can have its name, into a batch where one takes it. A promise of
   * it where others have to be written first.
   */
  #batch(row: number, directory: TargetDirectory): boolean | Promise<boolean> {
    if (!directory.isNew || this.#batches?.takes(row) !== true) return false;
    throwIfAborted(this.#signal);
    const added = this.#batches.add(row, directory);
    return typeof added === 'boolean' ? added : this.#writeLeft().then(() => added);
  }

  async #writeLeft(): Promise<void> {
    for (const { row, directory } of this.#batches?.takeLeft() ?? []) {
      throwIfAborted(this.#signal);
      await this.#guard(row, () => this.#writer.writeAlone(row, directory));
    }
  }

  async #listInto(row: number, directory: TargetDirectory): Promise<Level | undefined> {
    const listed = await this.#list(row);
    return listed === undefined ? undefined : { directory, ...listed };
  }

  /** Undefined for a directory that is refused; one that is damaged counts as empty. */
  async #list(row: number): Promise<{ at: number; end: number } | undefined> {
    try {
      const { first, count } = await this.#image.index.children(row);
      this.#repeated.enter(row, count);
      return { at: first, end: first + count };
    } catch (thrown) {
      const error = toIsodriveError(thrown);
      this.#note(row, error);
      return error.code === 'loop' || this.#repeated.isRefused(row) ? undefined : { at: 0, end: 0 };
    }
  }

  /** Writes one entry; gives the directory when it is one. */
  async #write(row: number, parent: TargetDirectory): Promise<TargetDirectory | undefined> {
    throwIfAborted(this.#signal);
    const pause = this.#log.pause();
    if (pause !== undefined) {
      await pause;
      await this.#writeLeft();
    }
    return this.#guard(row, () => this.#writer.write(row, parent));
  }

  async #guard<T>(row: number, step: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await step();
    } catch (thrown) {
      this.#note(row, thrown);
      return undefined;
    }
  }

  /** Notes a fault of one entry; throws those that end everything. */
  #note(row: number, thrown: unknown): void {
    const error = toIsodriveError(thrown);
    if (error.code === 'cancelled' || error.code === 'internal' || error.code === 'image-changed')
      throw error;
    if (isSystemError(error.cause) && FATAL.has(error.cause.code) && error.code !== 'image-unreadable') {
      throw new StoppedError(error);
    }
    this.#log.fail(() => this.#image.index.path(row), error);
  }
}
