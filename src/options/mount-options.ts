// The options of a mount beside those of a view: one entry each, and all else is derived. `mount` has their flags.
import { DRIVER_NAMES } from './driver-names.js';
import type { OptionTable, ValuesOf } from './option-spec.js';
import { VIEW_OPTIONS } from './view-options.js';
import type { ViewValues } from './view-options.js';

export const MOUNT_OPTIONS = {
  /** An existing, empty directory; absent, the daemon makes one from the label. */
  directory: {
    name: 'at',
    type: 'string',
    value: 'DIR',
    isPath: true,
    title: 'a directory',
    isOfCall: true,
    summary: 'The same as DIR behind the image',
  },
  driver: {
    name: 'driver',
    type: 'string',
    value: 'NAME',
    choices: ['auto', ...DRIVER_NAMES],
    default: 'auto',
    isCompared: true,
    summary: 'How to mount; auto takes the fastest that works here',
  },
  verify: {
    name: 'verify',
    type: 'boolean',
    isShown: true,
    summary: 'Verify files as they are read, by sums on the disc',
  },
  new: { name: 'new', type: 'boolean', isOfCall: true, summary: 'Mount it again even if it is mounted' },
  allowOther: { name: 'allow-other', type: 'boolean', summary: 'Let other users in' },
  traceFuse: {
    name: 'trace-fuse',
    type: 'boolean',
    summary: "Write the kernel's requests to the daemon's log",
  },
  letter: {
    name: 'letter',
    type: 'string',
    value: 'LETTER',
    platform: 'win32',
    pattern: { test: /^[A-Z]$/u, expected: 'a letter of A to Z' },
    default: 'the one that Windows gives',
    isOfCall: true,
    summary: 'Drive letter',
  },
  wine: {
    name: 'wine',
    type: 'boolean',
    isShown: true,
    summary: 'Add the files that tell Wine label and serial number',
  },
  /** A mount of the caller's own, which ends with the connection that asked for it, or has called `bind` since. */
  bound: {
    name: 'bound',
    type: 'boolean',
    hasFlag: false,
    title: 'a mount for one command',
    summary: 'End with the client that asked for it',
  },
} as const satisfies OptionTable;

export type MountValues = ValuesOf<typeof MOUNT_OPTIONS>;

/** Both tables: whoever is derived from them takes them as a parameter, so that a test can add an option. */
export interface OptionTables {
  readonly view: OptionTable;
  readonly mount: OptionTable;
}

export const OPTION_TABLES = { view: VIEW_OPTIONS, mount: MOUNT_OPTIONS } as const satisfies OptionTables;

type MountFields<Mark> = {
  [Field in keyof typeof MOUNT_OPTIONS]: (typeof MOUNT_OPTIONS)[Field] extends Mark ? Field : never;
}[keyof typeof MOUNT_OPTIONS];

/** What the files of a mount differ by: the request to its reader. */
export type ShownValues = ViewValues & Pick<MountValues, MountFields<{ readonly isShown: true }>>;
/** What a mount was asked for, and has as long as it lives. */
export type WantedValues = ViewValues & Omit<MountValues, MountFields<{ readonly isOfCall: true }>>;

/** The options of ShownValues. */
export function shownOptions({ view, mount }: OptionTables = OPTION_TABLES): OptionTable {
  return { ...view, ...filter(mount, ({ isShown }) => isShown === true) };
}

/** The options by which one mount of an image differs from another. */
export function comparedOptions(tables: OptionTables = OPTION_TABLES): OptionTable {
  return { ...shownOptions(tables), ...filter(tables.mount, ({ isCompared }) => isCompared === true) };
}

/** The options of WantedValues. */
export function wantedOptions({ view, mount }: OptionTables = OPTION_TABLES): OptionTable {
  return { ...view, ...filter(mount, ({ isOfCall }) => isOfCall !== true) };
}

function filter(table: OptionTable, isTaken: (option: OptionTable[string]) => boolean): OptionTable {
  return Object.fromEntries(Object.entries(table).filter(([, option]) => isTaken(option)));
}
