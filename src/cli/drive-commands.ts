// The part of the command table that is about drives.
import type { CommandSpec } from './command-spec.js';
import { TALKS_TO_OWN } from './common-options.js';

export const DRIVE_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'drives',
    summary: 'List the optical drives of this machine, and images that are served as drives',
    positionals: [],
    options: [],
    common: TALKS_TO_OWN,
    load: async () => (await import('./commands/drives.js')).runDrives,
  },
  {
    name: 'eject',
    summary: 'Open the tray of an optical drive',
    positionals: [
      {
        name: 'drive',
        required: false,
        summary: 'Such as /dev/sr0, \\\\.\\D: on Windows, or the id or address of one that is served',
      },
    ],
    options: [{ name: 'close', type: 'boolean', summary: 'Close it instead' }],
    common: TALKS_TO_OWN,
    load: async () => (await import('./commands/eject.js')).runEject,
  },
  {
    name: 'drive serve',
    summary: 'Serve disc images as drives, until it is interrupted',
    positionals: [{ name: 'images', label: 'IMAGE', required: true, variadic: true, summary: 'Disc images' }],
    options: [
      { name: 'nbd', type: 'boolean', summary: 'As network block devices' },
      { name: 'iscsi', type: 'boolean', summary: 'As optical drives of an iSCSI target' },
      { name: 'loop', type: 'boolean', summary: 'As loop devices of this machine' },
      {
        name: 'listen',
        type: 'string',
        value: 'ADDRESS',
        default: 'this machine alone, at the next free port',
        summary: 'ADDRESS:PORT, port 0 for any that is free, or the path of a Unix socket',
      },
      {
        name: 'allow',
        type: 'string',
        value: 'LIST',
        default: 'everyone',
        summary: 'Who may connect: ADDRESS or ADDRESS/PREFIX, with commas between them',
      },
      {
        name: 'chap',
        type: 'string',
        value: 'FILE',
        summary: "iSCSI: file with the initiator's NAME SECRET, and ours",
      },
      {
        name: 'tls',
        type: 'string',
        value: 'MODE',
        choices: ['off', 'on', 'require'],
        default: 'require with certificates or keys, else off',
        summary:
          'NBD: whether clients may or have to encrypt; beyond this machine they have to, unless it is "off"',
      },
      {
        name: 'tls-certificates',
        type: 'string',
        value: 'DIR',
        summary: 'NBD: folder with server-cert.pem and server-key.pem',
      },
      {
        name: 'tls-verify-peer',
        type: 'boolean',
        summary: 'NBD: clients need certificates of ca-cert.pem in that folder, and not of ca-crl.pem',
      },
      {
        name: 'tls-psk',
        type: 'string',
        value: 'FILE',
        summary: 'NBD: file with a line USER:KEY, in hexadecimal, for each client',
      },
    ],
    common: TALKS_TO_OWN,
    load: async () => (await import('./commands/drive-serve.js')).runDriveServe,
  },
  {
    name: 'drive load',
    summary: 'Put another disc image in a drive that is served by iSCSI',
    positionals: [
      { name: 'drive', required: true, summary: 'Its id or address, as isodrive drives prints them' },
      { name: 'image', required: true, summary: 'Disc image' },
    ],
    options: [],
    common: TALKS_TO_OWN,
    load: async () => (await import('./commands/drive-load.js')).runDriveLoad,
  },
];
