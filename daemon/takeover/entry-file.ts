// Entries in a file, for the next process: written whole and renamed into place at each change, so that whoever reads
// it finds one state or the next.
import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { IsodriveError, isSystemError } from '../../src/base/error.js';
import { isDiskFull } from '../../src/base/full-disk.js';
import type { DaemonLog } from '../log.js';

/** Grows when an older daemon could not make sense of the file; it then starts without mounts. */
const FILE_VERSION = 1;
/** Milliseconds after which a file that could not be written is tried again. */
const RETRY_INTERVAL = 2000;
/** Entries are judged one by one: one that makes no sense costs its own mount. */
const FILE = z.object({ version: z.literal(FILE_VERSION), mounts: z.array(z.unknown()) });

/** How an entry is in the file. */
export interface EntryFormat<T> {
  /** From what the file has to an entry. */
  readonly schema: z.ZodType<T>;
  readonly encode: (entry: T) => unknown;
}

export class EntryFile<T extends { readonly id: string }> {
  readonly #path: string;
  readonly #format: EntryFormat<T>;
  readonly #log: DaemonLog;
  readonly #entries = new Map<string, T>();
  /** The file is behind: told once. */
  #hasFailed = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(path: string, format: EntryFormat<T>, log: DaemonLog) {
    this.#path = path;
    this.#format = format;
    this.#log = log;
  }

  get entries(): readonly T[] {
    return [...this.#entries.values()];
  }

  find(id: string): T | undefined {
    return this.#entries.get(id);
  }

  /** Takes what the last daemon has left. What is damaged of it is set aside, for somebody to look at. */
  load(): void {
    try {
      const { mounts } = FILE.parse(JSON.parse(readFileSync(this.#path, 'utf8')));
      for (const found of mounts) {
        const { data: entry, error } = this.#format.schema.safeParse(found);
        if (entry !== undefined) this.#entries.set(entry.id, entry);
        else this.#setAside(error, 'cannot read a mount in the journal');
      }
    } catch (thrown) {
      if (isSystemError(thrown) && thrown.code === 'ENOENT') return;
      this.#setAside(thrown, 'cannot read the journal of mounts');
    }
  }

  #setAside(fault: unknown, what: string): void {
    const aside = `${this.#path}.damaged`;
    this.#log.error({ err: fault, path: this.#path, aside }, what);
    try {
      copyFileSync(this.#path, aside);
    } catch (thrown) {
      this.#log.error({ err: thrown, path: aside }, 'cannot set the journal of mounts aside');
    }
  }

  set(entry: T): void {
    this.#entries.set(entry.id, entry);
    this.#save();
  }

  /**
   * Sets an entry that somebody relies on. Throws `busy` where the disk has no room for it; of a new one nothing is
   * left then.
   */
  require(entry: T): void {
    const before = this.#entries.get(entry.id);
    this.#entries.set(entry.id, entry);
    const fault = this.#save();
    if (!isDiskFull(fault)) return;
    if (before === undefined) this.#entries.delete(entry.id);
    else this.#entries.set(entry.id, before);
    const code = isSystemError(fault) ? fault.code : 'unknown';
    throw new IsodriveError(
      'busy',
      `Cannot write "${this.#path}", the journal of mounts: ${code}, expected room on its disk`,
      { action: 'Free some space there; mounts that are there already go on', cause: fault },
    );
  }

  /** Changes fields of an entry, if it is there. */
  update(id: string, change: Partial<T>): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) this.set({ ...entry, ...change });
  }

  delete(id: string): void {
    if (this.#entries.delete(id)) this.#save();
  }

  /** A daemon without its journal still mounts: a fault is told in the log, and given. What failed is tried again. */
  #save(): unknown {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const fault = this.#write();
    if (fault === undefined) {
      this.#hasFailed = false;
      return undefined;
    }
    if (!this.#hasFailed)
      this.#log.error({ err: fault, path: this.#path }, 'cannot write the journal of mounts');
    this.#hasFailed = true;
    this.#retry = setTimeout(() => this.#save(), RETRY_INTERVAL).unref();
    return fault;
  }

  #write(): unknown {
    const temporary = `${this.#path}.new`;
    try {
      if (this.#entries.size === 0) {
        rmSync(this.#path, { force: true });
        return undefined;
      }
      const text = JSON.stringify({ version: FILE_VERSION, mounts: this.entries.map(this.#format.encode) });
      writeFileSync(temporary, text, { mode: 0o600 });
      renameSync(temporary, this.#path);
      return undefined;
    } catch (thrown) {
      // What there was room for is in the way of others.
      rmSync(temporary, { force: true });
      return thrown;
    }
  }
}
