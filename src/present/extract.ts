// Copies a part of an image to disk: the one call behind `extract`. What may be written where is decided in
// extract/target-directory.ts, what an entry becomes in extract/entry-writer.ts.
import { IsodriveError, isSystemError, toIsodriveError } from '../base/error.js';
import type { OpenedImage } from '../index/open-image.js';
import { ROOT_ROW } from '../index/index-table.js';
import { ROW } from '../index/layout.js';
import { throwIfAborted } from './abort.js';
import { AttributeSetter } from './extract/attribute-setter.js';
import { EntryWriter } from './extract/entry-writer.js';
import { ExtractLog } from './extract/extract-log.js';
import type { ExtractProgress, ExtractSummary } from './extract/extract-log.js';
import { measureSelection } from './extract/measure-selection.js';
import type { TargetDirectory } from './extract/target-directory.js';
import { openTarget } from './extract/target-directory.js';

export interface ExtractOptions {
  /** What to extract, each with all that is below it; it keeps its whole path. The root stands for everything. */
  readonly rows: readonly number[];
  /** Created when it does not exist. */
  readonly directory: string;
  /** Sets extended attributes of users too, where the target takes them. */
  readonly attributes?: boolean;
  /** Called a few times a second, and once at the end. */
  readonly onProgress?: ((progress: ExtractProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Errors of the target after which nothing more can be written (errno.h). */
const FATAL = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE']);

/**
 * Extracts. Faults of single entries are collected in the summary and the rest goes on. Rejects with `cancelled` on
 * abort, with `permission` or `usage` when the directory cannot be used, with `unsupported` when attributes cannot be set
 * at all, and with `partial` when it is full.
 */
export async function extract(image: OpenedImage, options: ExtractOptions): Promise<ExtractSummary> {
  const attributes = options.attributes === true ? new AttributeSetter(image.index) : undefined;
  const total = await measureSelection(image, options.rows, options.signal);
  const { target, created } = openTarget(options.directory);
  const log = new ExtractLog(total, options.onProgress);
  const run = new ExtractRun(image, log, attributes, options.signal);
  for (const row of options.rows) await run.selected(target, row, created);
  run.finishParents();
  return log.finish();
}

/** Directories that lead to a selected row: written when it is, finished after all. */
interface OpenParent {
  readonly row: number;
  readonly directory: TargetDirectory;
}

class ExtractRun {
  readonly #image: OpenedImage;
  readonly #log: ExtractLog;
  readonly #signal: AbortSignal | undefined;
  readonly #writer: EntryWriter;
  readonly #parents: OpenParent[] = [];
  /** By row. One of each, because it knows what was written there. */
  readonly #entered = new Map<number, TargetDirectory>();

  constructor(
    image: OpenedImage,
    log: ExtractLog,
    attributes: AttributeSetter | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#image = image;
    this.#log = log;
    this.#signal = signal;
    this.#writer = new EntryWriter(image, log, attributes, signal);
  }

  async selected(target: TargetDirectory, row: number, created: boolean): Promise<void> {
    if (row === ROOT_ROW) {
      await this.#children(row, target);
      // A directory that was there before belongs to the user: only one of our own takes the root's attributes.
      if (created) await this.#guard(row, () => this.#writer.finishDirectory(row, target));
      return;
    }
    const ancestors: number[] = [];
    const { table } = this.#image.index;
    for (let at = table.word(row, ROW.parent); at !== ROOT_ROW; at = table.word(at, ROW.parent))
      ancestors.unshift(at);
    let directory = target;
    for (const ancestor of ancestors) {
      const next = await this.#guard(ancestor, () => this.#enter(directory, ancestor));
      if (next === undefined) return;
      directory = next;
    }
    await this.#below(row, directory);
  }

  /** Gives the selected rows' parents their attributes, the deepest first. */
  finishParents(): void {
    for (const { row, directory } of this.#parents.reverse()) this.#writer.finishDirectory(row, directory);
  }

  #enter(parent: TargetDirectory, row: number): TargetDirectory {
    const entered = this.#entered.get(row);
    if (entered !== undefined) return entered;
    const { directory, created } = parent.enter(this.#image.index.table.name(row));
    this.#entered.set(row, directory);
    if (created) this.#parents.push({ row, directory });
    return directory;
  }

  /** The row and all below it; a stack of its own, because a disc may nest a thousand directories. */
  async #below(top: number, parent: TargetDirectory): Promise<void> {
    const opened = await this.#write(top, parent);
    if (opened !== undefined) await this.#children(top, opened, () => this.#finish(top, opened));
  }

  async #children(top: number, directory: TargetDirectory, onDone?: () => Promise<void>): Promise<void> {
    const stack = [{ directory, ...(await this.#list(top)), at: 0, done: onDone }];
    for (let level = stack.at(-1); level !== undefined; level = stack.at(-1)) {
      if (level.at >= level.count) {
        await level.done?.();
        stack.pop();
        continue;
      }
      const row = level.first + level.at;
      level.at += 1;
      const opened = await this.#write(row, level.directory);
      if (opened === undefined) continue;
      stack.push({
        directory: opened,
        ...(await this.#list(row)),
        at: 0,
        done: () => this.#finish(row, opened),
      });
    }
  }

  async #finish(row: number, directory: TargetDirectory): Promise<void> {
    await this.#guard(row, () => this.#writer.finishDirectory(row, directory));
  }

  async #list(row: number): Promise<{ first: number; count: number }> {
    return (await this.#guard(row, () => this.#image.index.children(row))) ?? { first: 0, count: 0 };
  }

  /** Writes one entry; gives the directory when it is one. */
  async #write(row: number, parent: TargetDirectory): Promise<TargetDirectory | undefined> {
    throwIfAborted(this.#signal);
    const pause = this.#log.pause();
    if (pause !== undefined) await pause;
    return this.#guard(row, () => this.#writer.write(row, parent));
  }

  /** Notes a fault of one entry, and lets only those through that end everything. */
  async #guard<T>(row: number, step: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await step();
    } catch (thrown) {
      const error = describeFault(thrown);
      if (error.code === 'cancelled' || error.code === 'internal') throw error;
      if (isSystemError(thrown) && FATAL.has(thrown.code)) throw error;
      this.#log.fail(this.#image.index.path(row), error);
      return undefined;
    }
  }
}

function describeFault(thrown: unknown): IsodriveError {
  if (!isSystemError(thrown)) return toIsodriveError(thrown);
  const isRefusal = thrown.code === 'EACCES' || thrown.code === 'EPERM';
  return new IsodriveError(isRefusal ? 'permission' : 'partial', `Cannot write it: ${thrown.message}`, {
    cause: thrown,
  });
}
