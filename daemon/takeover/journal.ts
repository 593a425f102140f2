// The mounts of a daemon in a file, for the next one: what a successor needs to go on with them, or to make them again.
import { z } from 'zod';
import { TREE_KINDS } from '../../src/filesystem/contract/file-tree.js';
import { DRIVER_NAMES } from '../../src/mount/mount-driver.js';
import { EntryFile } from './entry-file.js';
import type { DaemonLog } from '../log.js';

const VIEW = z.object({
  session: z.number().optional(),
  sectorOffset: z.number().optional(),
  map: z.string().optional(),
  charset: z.string().optional(),
  associated: z.boolean().optional(),
  verify: z.boolean().optional(),
  wine: z.boolean().optional(),
});
const IDENTITY = z.object({
  device: z.string(),
  inode: z.string(),
  modified: z.string(),
  size: z.string(),
});
const FINDING = z.object({
  code: z.string(),
  severity: z.enum(['note', 'warning', 'damage']),
  message: z.string(),
  at: z.object({
    source: z.string(),
    offset: z.number().exactOptional(),
    clause: z.string().exactOptional(),
  }),
});
/** What else is known of the image (ImageFacts): with it, a successor serves the mount before it reads anything. */
const FACTS = z.object({
  label: z.string(),
  volumeSize: z.number(),
  hasAttributes: z.boolean(),
  isPlanned: z.boolean().default(false),
  plannedFiles: z.array(z.number()).default([0]),
  dataSize: z.number().default(0),
  isPlain: z.boolean(),
  isChecked: z.boolean().default(false),
  isDrive: z.boolean().default(false),
  sessions: z.array(z.number()),
  session: z.number().optional(),
});
/** A field that is added later has a default: what it was before there was a choice. */
export const JOURNAL_ENTRY = z.object({
  id: z.string().regex(/^[0-9a-f]{1,16}$/u),
  /**
   * `making`: nobody was told of it yet; `detached`: lazily unmounted, its last users are still there; `crashed`: not
   * brought back any more.
   */
  state: z.enum(['making', 'mounted', 'detached', 'crashed']),
  /** Daemons in a row that have begun to make it again and died. */
  attempts: z.number().default(0),
  /** Absolute path of the image, without symlinks. */
  image: z.string(),
  /** Of the image when it was mounted; decimal, as they may exceed what a number holds. */
  identity: IDENTITY,
  /** Of the files beside it that are part of it, in the order in which they are kept open. */
  beside: z.array(IDENTITY.extend({ name: z.string() })).default([]),
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
  /** Whose it is in the system service, which cannot open its image again. */
  owner: z.object({ uid: z.number(), gid: z.number() }).optional(),
  /** "major:minor" of the mounted file system; unknown while `making`. */
  device: z.string().optional(),
  /** ISO 8601, UTC. */
  mountedAt: z.string(),
  /** Faster drivers that do not serve it, and why. */
  passedOver: z.array(z.object({ driver: z.enum(DRIVER_NAMES), reason: z.string() })).default([]),
  /** The first that were met, and how many there are in all. */
  findings: z.array(FINDING).default([]),
  findingCount: z.number().default(0),
  facts: FACTS.optional(),
  /** The whole index is in memory. */
  isLoaded: z.boolean().default(false),
  /** Its requests are written to the log. */
  traceFuse: z.boolean().default(false),
});
export type JournalEntry = z.infer<typeof JOURNAL_ENTRY>;

/**
 * What mount tables show as the device: the image's path. Everybody reads those, so a mount of the system service, whose
 * paths are its user's business, has its id there.
 */
export function sourceNameOf({ id, image, owner }: Pick<JournalEntry, 'id' | 'image' | 'owner'>): string {
  return owner === undefined ? image : `isodrive:${id}`;
}

export class Journal extends EntryFile<JournalEntry> {
  constructor(path: string, log: DaemonLog) {
    super(path, JOURNAL_ENTRY, log);
  }
}
