// The mounts of a daemon in a file, for the next one: what a successor needs to go on with them, or to make them again.
import { z } from 'zod';
import { TREE_KINDS } from '../../src/filesystem/contract/file-tree.js';
import { DRIVER_NAMES } from '../../src/options/driver-names.js';
import { OPTION_TABLES, wantedOptions } from '../../src/options/mount-options.js';
import type { OptionTables } from '../../src/options/mount-options.js';
import { storedShape } from '../../src/options/option-schemas.js';
import { formatIdentity, parseIdentity } from '../reader/image-identity.js';
import { EntryFile } from './entry-file.js';
import type { MountRecord, RecordedFacts } from './mount-record.js';
import type { DaemonLog } from '../log.js';

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
  kernelFiles: z.array(z.number()).default([]),
  isChecked: z.boolean().default(false),
  isDrive: z.boolean().default(false),
  sessions: z.array(z.number()),
  session: z.number().optional(),
});
/** Options that have a field of their own in an entry, by what that is called there; all others are in its `view`. */
const OWN_FIELDS = ['tree', 'driver', 'allowOther', 'bound', 'traceFuse'] as const;

/** Decimal, as they may exceed what a number holds. */
const decimal = z.string().regex(/^-?\d{1,20}$/u);
const IDENTITY = z.object({ device: decimal, inode: decimal, modified: decimal, size: decimal });

/**
 * An entry as the file has it: flat, as the first daemons wrote it, since older and newer ones read each other's. A
 * field that is added later has a default: what it was before there was a choice.
 */
function createEntrySchema(tables: OptionTables) {
  const view = Object.entries(wantedOptions(tables)).filter(
    ([field]) => !(OWN_FIELDS as readonly string[]).includes(field),
  );
  return z.object({
    id: z.string().regex(/^[0-9a-f]{1,16}$/u),
    state: z.enum(['making', 'mounted', 'detached', 'crashed']),
    attempts: z.number().default(0),
    image: z.string(),
    identity: IDENTITY,
    /** Of the files beside it that are part of it, in the order in which they are kept open. */
    beside: z.array(IDENTITY.extend({ name: z.string() })).default([]),
    wantedTree: z.enum([...TREE_KINDS, 'auto']),
    tree: z.enum(TREE_KINDS),
    wantedDriver: z.enum([...DRIVER_NAMES, 'auto']),
    view: z.object(storedShape(Object.fromEntries(view))).default({}),
    driver: z.enum(DRIVER_NAMES),
    allowOther: z.boolean(),
    bound: z.boolean().default(false),
    directory: z.string(),
    created: z.boolean(),
    owner: z.object({ uid: z.number(), gid: z.number() }).optional(),
    device: z.string().optional(),
    mountedAt: z.string(),
    passedOver: z.array(z.object({ driver: z.enum(DRIVER_NAMES), reason: z.string() })).default([]),
    findings: z.array(FINDING).default([]),
    findingCount: z.number().default(0),
    facts: FACTS.optional(),
    isLoaded: z.boolean().default(false),
    traceFuse: z.boolean().default(false),
  });
}
export type JournalEntry = z.input<ReturnType<typeof createEntrySchema>>;

function decode(entry: z.output<ReturnType<typeof createEntrySchema>>): MountRecord {
  const { id, state, attempts, findings, findingCount, isLoaded } = entry;
  const { view, wantedTree, wantedDriver, allowOther, bound, traceFuse } = entry;
  const { tree, driver, directory, created, device, mountedAt, passedOver } = entry;
  const { image: path, identity, beside, owner } = entry;
  return {
    ...{ id, state, attempts, findings, findingCount, isLoaded },
    wanted: { ...view, tree: wantedTree, driver: wantedDriver, allowOther, bound, traceFuse },
    image: {
      path,
      identity: parseIdentity(identity),
      beside: beside.map((one) => ({ name: one.name, ...parseIdentity(one) })),
      owner,
    },
    made: { tree, driver, directory, created, device, mountedAt, passedOver },
    facts: entry.facts === undefined ? undefined : { ...entry.facts, session: entry.facts.session },
  };
}

/** Of a mount; what is undefined is left out of the file. */
export function encodeRecord(record: MountRecord): JournalEntry {
  const { wanted, image, made, facts, ...rest } = record;
  const { tree = 'auto', driver = 'auto', ...others } = wanted;
  const { allowOther = false, bound = false, traceFuse = false, ...view } = others;
  const { path, identity, beside, owner } = image;
  return {
    ...rest,
    findings: [...rest.findings],
    ...{ image: path, identity: formatIdentity(identity), owner },
    ...(beside.length === 0
      ? {}
      : { beside: beside.map((one) => ({ name: one.name, ...formatIdentity(one) })) }),
    ...{ wantedTree: tree, wantedDriver: driver, view, allowOther, bound, traceFuse },
    ...made,
    passedOver: [...made.passedOver],
    facts: facts && encodeFacts(facts),
  };
}

/** `isPlain`: older daemons read no facts without it. */
function encodeFacts(facts: RecordedFacts): z.input<typeof FACTS> & { readonly isPlain: boolean } {
  const { plannedFiles, kernelFiles, sessions } = facts;
  return {
    ...facts,
    plannedFiles: [...plannedFiles],
    kernelFiles: [...kernelFiles],
    isPlain: kernelFiles.length > 0,
    sessions: [...sessions],
  };
}

/** With the options of these tables. */
export function createRecordSchema(tables: OptionTables): z.ZodType<MountRecord> {
  return createEntrySchema(tables).transform(decode);
}

/** An entry of the journal, or of a note, to the record of a mount. */
export const MOUNT_RECORD = createRecordSchema(OPTION_TABLES);

export class Journal extends EntryFile<MountRecord> {
  constructor(path: string, log: DaemonLog) {
    super(path, { schema: MOUNT_RECORD, encode: encodeRecord }, log);
  }
}
