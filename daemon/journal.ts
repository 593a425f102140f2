// The mounts of a daemon in a file, for the next one: what a successor needs to go on with them, or to make them again.
// Written whole and renamed into place at each change, so that whoever reads it finds one state or the next.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { isSystemError } from '../src/base/error.js';
import { TREE_KINDS } from '../src/filesystem/file-tree.js';
import { DRIVER_NAMES } from '../src/mount/mount-driver.js';
import type { DaemonLog } from './log.js';

/** Grows when an older daemon could not make sense of the file; it then starts without mounts. */
const JOURNAL_VERSION = 1;

const VIEW = z.object({
  session: z.number().optional(),
  sectorOffset: z.number().optional(),
  map: z.string().optional(),
  charset: z.string().optional(),
  associated: z.boolean().optional(),
  wine: z.boolean().optional(),
});
export const JOURNAL_ENTRY = z.object({
  id: z.string().regex(/^[0-9a-f]{1,16}$/u),
  /** `making`: nobody was told of it yet; `detached`: lazily unmounted, its last users are still there. */
  state: z.enum(['making', 'mounted', 'detached']),
  /** Absolute path of the image, without symlinks. */
  image: z.string(),
  /** Of the image when it was mounted; decimal, as they may exceed what a number holds. */
  identity: z.object({ device: z.string(), inode: z.string(), modified: z.string(), size: z.string() }),
  wantedTree: z.enum([...TREE_KINDS, 'auto']),
  tree: z.enum(TREE_KINDS),
  wantedDriver: z.enum([...DRIVER_NAMES, 'auto']),
  /** What was asked for beside the tree: without it, the rows of a kept index would mean something else. */
  view: VIEW.default({}),
  driver: z.enum(DRIVER_NAMES),
  allowOther: z.boolean(),
  /** Ends with the client that it was made for. */
  bound: z.boolean().default(false),
  /** Mount point, and whether it was made for the mount. */
  directory: z.string(),
  created: z.boolean(),
  /** "major:minor" of the mounted file system; unknown while `making`. */
  device: z.string().optional(),
  /** ISO 8601, UTC. */
  mountedAt: z.string(),
});
const FILE = z.object({ version: z.literal(JOURNAL_VERSION), mounts: z.array(JOURNAL_ENTRY) });

export type JournalEntry = z.infer<typeof JOURNAL_ENTRY>;

export class Journal {
  readonly #path: string;
  readonly #log: DaemonLog;
  readonly #entries = new Map<string, JournalEntry>();

  constructor(path: string, log: DaemonLog) {
    this.#path = path;
    this.#log = log;
  }

  get entries(): readonly JournalEntry[] {
    return [...this.#entries.values()];
  }

  /** Takes what the last daemon has left. Without it, or with one that is damaged, there is nothing to restore. */
  load(): void {
    try {
      const { mounts } = FILE.parse(JSON.parse(readFileSync(this.#path, 'utf8')));
      for (const entry of mounts) this.#entries.set(entry.id, entry);
    } catch (thrown) {
      if (isSystemError(thrown) && thrown.code === 'ENOENT') return;
      this.#log.error({ err: thrown, path: this.#path }, 'cannot read the journal of mounts');
    }
  }

  set(entry: JournalEntry): void {
    this.#entries.set(entry.id, entry);
    this.#write();
  }

  /** Changes fields of an entry, if it is there. */
  update(id: string, change: Partial<JournalEntry>): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) this.set({ ...entry, ...change });
  }

  delete(id: string): void {
    if (this.#entries.delete(id)) this.#write();
  }

  /** A daemon without its journal still mounts: a fault is told in the log, not to who mounts. */
  #write(): void {
    const temporary = `${this.#path}.new`;
    try {
      if (this.#entries.size === 0) {
        rmSync(this.#path, { force: true });
        return;
      }
      writeFileSync(temporary, JSON.stringify({ version: JOURNAL_VERSION, mounts: this.entries }), {
        mode: 0o600,
      });
      renameSync(temporary, this.#path);
    } catch (thrown) {
      this.#log.error({ err: thrown, path: this.#path }, 'cannot write the journal of mounts');
    }
  }
}
