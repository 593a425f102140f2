// The one table of commands and options. Flags, help, and completions all come from here.
import { DRIVER_NAMES } from '../mount/mount-driver.js';
import { MAP_STYLES } from '../present/map/map-style.js';
import type { CommandSpec, OptionSpec, PositionalSpec } from './command-spec.js';
import { VIEW_OPTIONS } from './view-options.js';

export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { name: 'json', type: 'boolean', summary: 'Print JSON; errors too, as the last line on stderr' },
  { name: 'socket', type: 'string', summary: "The daemon's socket, also ISODRIVE_SOCKET" },
  { name: 'system', type: 'boolean', summary: 'Use the service of the machine, not a daemon of your own' },
];

const IMAGE: PositionalSpec = { name: 'image', required: true, summary: 'Disc image' };
const PATH_IN_IMAGE: PositionalSpec = { name: 'path', required: false, summary: 'Path inside the image' };
const PROGRAM: PositionalSpec = {
  name: 'command',
  required: false,
  variadic: true,
  verbatim: true,
  summary: 'Command',
};
const HASH: OptionSpec = {
  name: 'hash',
  type: 'string',
  summary: 'Digests: some of md5,sha1,sha256,sha512,blake2b; sha256 without',
};

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'mount',
    summary: 'Mount a disc image and print its mount point',
    positionals: [
      IMAGE,
      {
        name: 'dir',
        required: false,
        summary: 'Empty directory; without it, ~/Discs/LABEL is made; not on Windows',
      },
    ],
    options: [
      ...VIEW_OPTIONS,
      {
        name: 'driver',
        type: 'string',
        choices: ['auto', ...DRIVER_NAMES],
        summary: 'How to mount; auto takes the fastest that works here',
      },
      { name: 'verify', type: 'boolean', summary: 'Verify files as they are read, by sums on the disc' },
      { name: 'new', type: 'boolean', summary: 'Mount it again even if it is mounted' },
      { name: 'allow-other', type: 'boolean', summary: 'Let other users in' },
      { name: 'trace-fuse', type: 'boolean', summary: "Write the kernel's requests to the daemon's log" },
      { name: 'letter', type: 'string', summary: 'Drive letter, on Windows; the one that it gives without' },
      { name: 'wine', type: 'boolean', summary: 'Add the files that tell Wine label and serial number' },
    ],
    load: async () => (await import('./commands/mount.js')).runMount,
  },
  {
    name: 'unmount',
    summary: 'Unmount, by id, label, mount point or image',
    positionals: [{ name: 'targets', required: false, variadic: true, summary: 'What to unmount' }],
    options: [
      { name: 'all', short: 'a', type: 'boolean', summary: 'Unmount everything' },
      { name: 'lazy', short: 'l', type: 'boolean', summary: 'Detach now, even while files are open' },
    ],
    load: async () => (await import('./commands/unmount.js')).runUnmount,
  },
  {
    name: 'list',
    summary: 'List the mounts',
    positionals: [],
    options: [],
    load: async () => (await import('./commands/list.js')).runList,
  },
  {
    name: 'run',
    summary: 'Run a command with an image mounted, at $ISODRIVE_MOUNT, and unmount it afterwards',
    positionals: [
      IMAGE,
      { ...PROGRAM, required: true, summary: 'What to run, behind "--", with its parameters' },
    ],
    options: [
      {
        name: 'replace',
        short: 'I',
        type: 'string',
        summary: 'Text that stands for the mount point in the command, as in xargs -I',
      },
      ...VIEW_OPTIONS,
    ],
    load: async () => (await import('./commands/run.js')).runRun,
  },
  {
    name: 'wine',
    summary: 'Give Wine an image as a CD-ROM drive, while a command runs or until it is interrupted',
    positionals: [IMAGE, { ...PROGRAM, summary: 'What to run, behind "--": wine and its parameters' }],
    options: [
      { name: 'prefix', type: 'string', summary: "Wine's prefix; $WINEPREFIX or ~/.wine without" },
      { name: 'letter', type: 'string', summary: 'Drive letter; the first free one from d on without' },
      ...VIEW_OPTIONS,
    ],
    load: async () => (await import('./commands/wine.js')).runWine,
  },
  {
    name: 'info',
    summary: 'Tell what an image holds and what is wrong with it',
    positionals: [IMAGE],
    options: [
      { name: 'check', type: 'boolean', summary: 'Look at all of a large image, however long it takes' },
      { name: 'brief', type: 'boolean', summary: 'Tell only what opening the image shows' },
      ...VIEW_OPTIONS,
    ],
    load: async () => (await import('./commands/info.js')).runInfo,
  },
  {
    name: 'ls',
    summary: 'List files of an image, without mounting it',
    positionals: [IMAGE, PATH_IN_IMAGE],
    options: [
      { name: 'long', short: 'l', type: 'boolean', summary: 'Show mode, owner, size, and time' },
      { name: 'recursive', short: 'R', type: 'boolean', summary: 'List everything below as well' },
      { name: 'hash', type: 'string', choices: ['sha256'], summary: 'Show the digest of every file' },
      ...VIEW_OPTIONS,
    ],
    load: async () => (await import('./commands/ls.js')).runLs,
  },
  {
    name: 'tree',
    summary: 'Draw the tree of an image, without mounting it',
    positionals: [IMAGE, PATH_IN_IMAGE],
    options: VIEW_OPTIONS,
    load: async () => (await import('./commands/tree.js')).runTree,
  },
  {
    name: 'cat',
    summary: 'Write a file of an image to stdout',
    positionals: [IMAGE, { ...PATH_IN_IMAGE, required: true }],
    options: VIEW_OPTIONS,
    load: async () => (await import('./commands/cat.js')).runCat,
  },
  {
    name: 'extract',
    summary: 'Copy files out of an image, without mounting it',
    positionals: [
      IMAGE,
      { name: 'paths', required: false, variadic: true, summary: 'What to extract; everything without' },
    ],
    options: [
      { name: 'directory', short: 'C', type: 'string', summary: 'Where to; the current directory without' },
      { name: 'overwrite', type: 'boolean', summary: 'Replace what is there' },
      { name: 'update', type: 'boolean', summary: "Replace what is there where the disc's is newer" },
      { name: 'skip-existing', type: 'boolean', summary: 'Keep what is there' },
      { name: 'preserve', type: 'boolean', summary: "Give folders the disc's modes, read-only ones too" },
      { name: 'xattrs', type: 'boolean', summary: 'Set extended attributes of users too' },
      ...VIEW_OPTIONS,
    ],
    load: async () => (await import('./commands/extract.js')).runExtract,
  },
  {
    name: 'index',
    summary: 'Write EROFS metadata, with which a kernel mounts the image by itself',
    positionals: [IMAGE],
    options: [
      { name: 'output', short: 'o', type: 'string', summary: 'File to write the metadata to' },
      ...VIEW_OPTIONS,
    ],
    load: async () => (await import('./commands/index-image.js')).runIndex,
  },
  {
    name: 'create',
    summary: 'Make an image of a disc, and go on where an earlier run stopped',
    positionals: [
      { name: 'source', required: true, summary: 'Drive or image to read' },
      { name: 'output', required: true, summary: 'Image to make' },
    ],
    options: [
      HASH,
      { name: 'verify', type: 'boolean', summary: 'Read everything again and compare' },
      {
        name: 'speed',
        type: 'string',
        summary: "Of a drive, in multiples of a CD's; as fast as it can without",
      },
      { name: 'retries', type: 'string', summary: 'How often to try bad sectors again; 3 without' },
      { name: 'map', type: 'string', summary: 'Map file, as of ddrescue; OUTPUT.map without' },
      { name: 'preallocate', type: 'boolean', summary: 'Take room for the whole image first' },
      { name: 'accept-errors', type: 'boolean', summary: 'Finish even if sectors cannot be read' },
      { name: 'force', type: 'boolean', summary: 'Replace an image that is there' },
    ],
    load: async () => (await import('./commands/create.js')).runCreate,
  },
  {
    name: 'verify',
    summary: 'Check an image by every checksum and signature beside it and in it',
    positionals: [IMAGE],
    options: [
      { name: 'keyring', type: 'string', summary: 'OpenPGP keyring of trusted keys, for gpgv' },
      { name: 'key', type: 'string', summary: 'Public key of minisign or signify' },
      ...VIEW_OPTIONS,
    ],
    load: async () => (await import('./commands/verify.js')).runVerify,
  },
  {
    name: 'checksum',
    summary: 'Print digests of an image, or of files in it, as sha256sum does',
    positionals: [
      IMAGE,
      { name: 'paths', required: false, variadic: true, summary: 'Files and directories in the image' },
    ],
    options: [HASH, ...VIEW_OPTIONS],
    load: async () => (await import('./commands/checksum.js')).runChecksum,
  },
  {
    name: 'compare',
    summary: 'Compare two images, or an image and a directory, by sector and by file',
    positionals: [
      { name: 'a', required: true, summary: 'Image or drive' },
      { name: 'b', required: true, summary: 'Image, drive or directory' },
    ],
    // One map cannot be about both.
    options: VIEW_OPTIONS.filter(({ name }) => name !== 'map'),
    load: async () => (await import('./commands/compare.js')).runCompare,
  },
  {
    name: 'map',
    summary: 'Draw what lies where on a disc, as SVG or coarsely on the terminal',
    positionals: [IMAGE],
    options: [
      { name: 'output', short: 'o', type: 'string', summary: 'SVG file to write; the terminal without' },
      { name: 'style', type: 'string', choices: MAP_STYLES, summary: 'Of the SVG; spiral without' },
      ...VIEW_OPTIONS,
    ],
    load: async () => (await import('./commands/map.js')).runMap,
  },
  {
    name: 'status',
    summary: 'Tell how the daemon is',
    positionals: [],
    options: [],
    load: async () => (await import('./commands/status.js')).runStatus,
  },
  {
    name: 'watch',
    summary: 'Print events of the daemon as they happen',
    positionals: [],
    options: [],
    load: async () => (await import('./commands/watch.js')).runWatch,
  },
  {
    name: 'doctor',
    summary: 'Check what mounting needs on this machine, and say how to fix it',
    positionals: [],
    options: [],
    load: async () => (await import('./commands/doctor.js')).runDoctor,
  },
  {
    name: 'daemon run',
    summary: 'Run the daemon in the foreground, logging to stderr',
    positionals: [],
    options: [],
    load: async () => (await import('./commands/daemon-run.js')).runDaemonRun,
  },
  {
    name: 'daemon start',
    summary: 'Start the daemon in the background',
    positionals: [],
    options: [],
    load: async () => (await import('./commands/daemon-start.js')).runDaemonStart,
  },
  {
    name: 'daemon stop',
    summary: 'Unmount everything and end the daemon',
    positionals: [],
    options: [],
    load: async () => (await import('./commands/daemon-stop.js')).runDaemonStop,
  },
  {
    name: 'daemon upgrade',
    summary: 'Have the installed version take over, with all mounts in use',
    positionals: [],
    options: [],
    load: async () => (await import('./commands/daemon-upgrade.js')).runDaemonUpgrade,
  },
  {
    name: 'daemon logs',
    summary: "Print the end of the daemon's log",
    positionals: [],
    options: [
      { name: 'lines', short: 'n', type: 'string', summary: 'How many lines; 50 without' },
      { name: 'follow', short: 'f', type: 'boolean', summary: 'Go on as the log grows' },
    ],
    load: async () => (await import('./commands/daemon-logs.js')).runDaemonLogs,
  },
  {
    name: 'drives',
    summary: 'List the optical drives of this machine, and images that are served as drives',
    positionals: [],
    options: [],
    load: async () => (await import('./commands/drives.js')).runDrives,
  },
  {
    name: 'eject',
    summary: 'Open the tray of an optical drive',
    positionals: [
      {
        name: 'drive',
        required: false,
        summary: 'Such as /dev/sr0, \\\\.\\D: on Windows, or the URI of one that is served',
      },
    ],
    options: [{ name: 'close', type: 'boolean', summary: 'Close it instead' }],
    load: async () => (await import('./commands/eject.js')).runEject,
  },
  {
    name: 'drive serve',
    summary: 'Serve disc images as drives, until it is interrupted',
    positionals: [{ name: 'images', required: true, variadic: true, summary: 'Disc images' }],
    options: [
      { name: 'nbd', type: 'boolean', summary: 'As network block devices' },
      { name: 'iscsi', type: 'boolean', summary: 'As optical drives of an iSCSI target' },
      { name: 'loop', type: 'boolean', summary: 'As loop devices of this machine' },
      {
        name: 'listen',
        type: 'string',
        summary: 'ADDRESS:PORT, or the path of a Unix socket; local without',
      },
      { name: 'allow', type: 'string', summary: 'ADDRESS[/PREFIX],...: who may connect; everyone without' },
      { name: 'chap', type: 'string', summary: "iSCSI: file with the initiator's NAME SECRET, and ours" },
    ],
    load: async () => (await import('./commands/drive-serve.js')).runDriveServe,
  },
  {
    name: 'drive load',
    summary: 'Put another disc image in a drive that is served by iSCSI',
    positionals: [
      { name: 'drive', required: true, summary: 'Its URI, as drives and drive serve print it' },
      { name: 'image', required: true, summary: 'Disc image' },
    ],
    options: [],
    load: async () => (await import('./commands/drive-load.js')).runDriveLoad,
  },
  {
    name: 'completion',
    summary: 'Print a completion script for a shell',
    positionals: [
      { name: 'shell', required: true, choices: ['bash', 'zsh', 'fish'], summary: 'Which shell' },
    ],
    options: [],
    load: async () => (await import('./commands/completion.js')).runCompletion,
  },
  {
    name: 'version',
    summary: 'Print the version',
    positionals: [],
    options: [],
    load: async () => (await import('./commands/version.js')).runVersion,
  },
];
