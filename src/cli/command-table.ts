// The one table of commands, with its parts in imaging-commands.ts and drive-commands.ts; the options of views and
// mounts are those of src/options. Flags, help, and completions all come from here; examples stand in
// command-examples.ts.
import { OPTION_TABLES } from '../options/mount-options.js';
import type { OptionTables } from '../options/mount-options.js';
import type { OptionSpec } from '../options/option-spec.js';
import { flagsOf } from '../options/read-flags.js';
import type { CommandSpec, PositionalSpec } from './command-spec.js';
import { HASH, IMAGE, PATHS, PRINTS, TALKS, TALKS_TO_OWN } from './common-options.js';
import { DRIVE_COMMANDS } from './drive-commands.js';
import { createImagingCommands } from './imaging-commands.js';

const PATH_IN_IMAGE: PositionalSpec = { name: 'path', required: false, summary: 'Path inside the image' };
const PROGRAM: PositionalSpec = {
  name: 'command',
  required: false,
  variadic: true,
  verbatim: true,
  summary: 'Command',
};

/** Every command, with the options of these tables. */
export function createCommands(tables: OptionTables): readonly CommandSpec[] {
  return tableOf(flagsOf(tables.view, true), flagsOf(tables.mount));
}

const tableOf = (view: readonly OptionSpec[], mount: readonly OptionSpec[]): readonly CommandSpec[] => [
  {
    name: 'mount',
    summary: 'Mount a disc image and print its mount point',
    positionals: [
      { name: 'images', label: 'IMAGE', required: true, variadic: true, summary: 'Disc images' },
      // The words are told apart by mount-arguments.ts.
      {
        name: 'dir',
        required: false,
        summary: 'Empty directory for one image; without it, ~/Discs/LABEL is made; not on Windows',
      },
    ],
    options: [...mount, ...view],
    common: TALKS,
    load: async () => (await import('./commands/mount.js')).runMount,
  },
  {
    name: 'unmount',
    summary: 'Unmount, by id, label, mount point or image',
    aliases: ['umount'],
    positionals: [
      {
        name: 'targets',
        label: 'TARGET',
        required: false,
        variadic: true,
        summary: 'Id, label, image, or mount point, or a path in it',
      },
    ],
    options: [
      { name: 'all', short: 'a', type: 'boolean', summary: 'Unmount everything' },
      { name: 'lazy', short: 'l', type: 'boolean', summary: 'Detach now, even while files are open' },
    ],
    common: TALKS,
    load: async () => (await import('./commands/unmount.js')).runUnmount,
  },
  {
    name: 'list',
    aliases: ['mounts'],
    summary: 'List the mounts',
    positionals: [],
    options: [],
    common: TALKS,
    load: async () => (await import('./commands/list.js')).runList,
  },
  {
    name: 'run',
    summary: 'Run a command with an image mounted, at {} and $ISODRIVE_MOUNT, and unmount it afterwards',
    positionals: [
      IMAGE,
      { ...PROGRAM, required: true, summary: 'What to run, behind "--", with its parameters' },
    ],
    options: [
      {
        name: 'replace',
        short: 'I',
        type: 'string',
        value: 'TEXT',
        default: '{}',
        summary: 'Text that stands for the mount point in the command, as in xargs -I',
      },
      ...view,
    ],
    common: TALKS_TO_OWN,
    load: async () => (await import('./commands/run.js')).runRun,
  },
  {
    name: 'wine',
    summary: 'Give Wine an image as a CD-ROM drive, while a command runs or until it is interrupted',
    positionals: [IMAGE, { ...PROGRAM, summary: 'What to run, behind "--": wine and its parameters' }],
    options: [
      {
        name: 'prefix',
        type: 'string',
        value: 'DIR',
        default: '$WINEPREFIX or ~/.wine',
        summary: "Wine's prefix",
      },
      {
        name: 'letter',
        type: 'string',
        value: 'LETTER',
        default: 'the first free one from d on',
        summary: 'Drive letter',
      },
      ...view,
    ],
    common: TALKS_TO_OWN,
    load: async () => (await import('./commands/wine.js')).runWine,
  },
  {
    name: 'info',
    summary: 'Tell what an image holds and what is wrong with it',
    positionals: [IMAGE],
    options: [
      { name: 'check', type: 'boolean', summary: 'Look at all of a large image, however long it takes' },
      { name: 'brief', type: 'boolean', summary: 'Tell only what opening the image shows' },
      ...view,
    ],
    common: TALKS,
    load: async () => (await import('./commands/info.js')).runInfo,
  },
  {
    name: 'ls',
    aliases: ['l'],
    summary: 'List files of an image, without mounting it',
    positionals: [IMAGE, PATH_IN_IMAGE],
    options: [
      { name: 'long', short: 'l', type: 'boolean', summary: 'Show mode, owner, size, and time' },
      { name: 'recursive', short: 'R', type: 'boolean', summary: 'List everything below as well' },
      { ...HASH, default: 'none', summary: 'Show digests of every file' },
      ...view,
    ],
    common: PRINTS,
    load: async () => (await import('./commands/ls.js')).runLs,
  },
  {
    name: 'tree',
    summary: 'Draw the tree of an image, without mounting it',
    positionals: [IMAGE, PATH_IN_IMAGE],
    options: view,
    common: PRINTS,
    load: async () => (await import('./commands/tree.js')).runTree,
  },
  {
    name: 'cat',
    summary: 'Write a file of an image to stdout',
    positionals: [IMAGE, { ...PATH_IN_IMAGE, required: true }],
    options: view,
    common: [],
    load: async () => (await import('./commands/cat.js')).runCat,
  },
  {
    name: 'extract',
    aliases: ['x'],
    summary: 'Copy files out of an image, without mounting it',
    positionals: [IMAGE, { ...PATHS, summary: 'What to extract; everything without' }],
    options: [
      {
        name: 'directory',
        short: 'C',
        type: 'string',
        value: 'DIR',
        default: 'the current directory',
        summary: 'Where to',
      },
      { name: 'overwrite', type: 'boolean', summary: 'Replace what is there' },
      { name: 'update', type: 'boolean', summary: "Replace what is there where the disc's is newer" },
      { name: 'skip-existing', type: 'boolean', summary: 'Keep what is there' },
      { name: 'preserve', type: 'boolean', summary: "Give folders the disc's modes, read-only ones too" },
      { name: 'xattrs', type: 'boolean', summary: 'Set extended attributes of users too' },
      ...view,
    ],
    common: PRINTS,
    load: async () => (await import('./commands/extract.js')).runExtract,
  },
  ...createImagingCommands(view),
  {
    name: 'status',
    summary: 'Tell how the daemon is',
    positionals: [],
    options: [],
    common: TALKS,
    load: async () => (await import('./commands/status.js')).runStatus,
  },
  {
    name: 'watch',
    summary: 'Print events of the daemon as they happen',
    positionals: [],
    options: [],
    common: TALKS,
    load: async () => (await import('./commands/watch.js')).runWatch,
  },
  {
    name: 'doctor',
    summary: 'Check what mounting needs on this machine, and say how to fix it',
    positionals: [],
    options: [],
    common: TALKS,
    load: async () => (await import('./commands/doctor.js')).runDoctor,
  },
  {
    name: 'daemon run',
    summary: 'Run the daemon in the foreground, logging to stderr',
    positionals: [],
    options: [
      {
        name: 'idle-timeout',
        type: 'string',
        value: 'SECONDS',
        range: [0, 999_999_999],
        default: 'never',
        summary: 'End after so long without mounts and clients',
      },
    ],
    common: TALKS,
    load: async () => (await import('./commands/daemon-run.js')).runDaemonRun,
  },
  {
    name: 'daemon start',
    summary: 'Start the daemon in the background',
    positionals: [],
    options: [],
    common: TALKS,
    load: async () => (await import('./commands/daemon-start.js')).runDaemonStart,
  },
  {
    name: 'daemon stop',
    summary: 'Unmount everything and end the daemon',
    positionals: [],
    options: [
      { name: 'force', short: 'f', type: 'boolean', summary: 'Also take away mounts that programs use' },
    ],
    common: TALKS,
    load: async () => (await import('./commands/daemon-stop.js')).runDaemonStop,
  },
  {
    name: 'daemon upgrade',
    summary: 'Have the installed version take over, with all mounts in use',
    positionals: [],
    options: [
      {
        name: 'force',
        type: 'boolean',
        summary: 'Also where nobody keeps the mounts, and what is open is lost',
      },
    ],
    common: TALKS,
    load: async () => (await import('./commands/daemon-upgrade.js')).runDaemonUpgrade,
  },
  {
    name: 'daemon logs',
    summary: "Print the end of the daemon's log",
    positionals: [],
    options: [
      {
        name: 'lines',
        short: 'n',
        type: 'string',
        value: 'N',
        range: [0, 999_999_999],
        default: '50',
        summary: 'How many lines',
      },
      { name: 'follow', short: 'f', type: 'boolean', summary: 'Go on as the log grows' },
    ],
    common: TALKS,
    load: async () => (await import('./commands/daemon-logs.js')).runDaemonLogs,
  },
  ...DRIVE_COMMANDS,
  {
    name: 'completion',
    summary: 'Print a completion script for a shell',
    positionals: [
      { name: 'shell', required: true, choices: ['bash', 'zsh', 'fish'], summary: 'Which shell' },
    ],
    options: [],
    common: [],
    load: async () => (await import('./commands/completion.js')).runCompletion,
  },
  {
    name: 'help',
    summary: 'Explain a command, or list all of them',
    positionals: [
      { name: 'topic', label: 'COMMAND', required: false, variadic: true, summary: 'Which; all without' },
    ],
    options: [],
    common: PRINTS,
    load: async () => (await import('./commands/help.js')).runHelp,
  },
  {
    name: 'version',
    summary: 'Print the version',
    positionals: [],
    options: [],
    common: PRINTS,
    load: async () => (await import('./commands/version.js')).runVersion,
  },
];

export const COMMANDS = createCommands(OPTION_TABLES);
