// The part of the command table that is about images as a whole: making, checking, comparing and drawing them.
import { MAP_STYLES } from '../present/map/map-style.js';
import type { OptionSpec } from '../options/option-spec.js';
import type { CommandSpec } from './command-spec.js';
import { HASH, IMAGE, PATHS, PRINTS } from './common-options.js';

/** `view`: the options of commands that look into an image. */
export const createImagingCommands = (view: readonly OptionSpec[]): readonly CommandSpec[] => [
  {
    name: 'index',
    summary: 'Write EROFS metadata, with which a kernel mounts the image by itself',
    positionals: [IMAGE],
    options: [
      {
        name: 'output',
        short: 'o',
        type: 'string',
        value: 'FILE',
        summary: 'File to write the metadata to',
      },
      ...view,
    ],
    common: PRINTS,
    load: async () => (await import('./commands/index-image.js')).runIndex,
  },
  {
    name: 'create',
    summary: 'Make an image of a disc, and go on where an earlier run stopped',
    positionals: [
      { name: 'source', required: true, summary: 'Drive or image to read' },
      {
        name: 'output',
        required: true,
        summary: 'Image to make; NAME.cue keeps a CD with its sound',
      },
    ],
    options: [
      HASH,
      {
        name: 'read-offset',
        type: 'string',
        value: 'N',
        range: [-5880, 5880],
        default: '0',
        summary: 'Samples by which a drive gives sound too late',
      },
      { name: 'verify', type: 'boolean', summary: 'Read everything again and compare' },
      {
        name: 'speed',
        type: 'string',
        value: 'N',
        range: [1, 999],
        default: 'the fastest',
        summary: "Of a drive, in multiples of a CD's",
      },
      {
        name: 'retries',
        type: 'string',
        value: 'N',
        range: [0, 1000],
        default: '3',
        summary: 'How often to try bad sectors again',
      },
      {
        name: 'map',
        type: 'string',
        value: 'FILE',
        default: 'OUTPUT.map',
        summary: 'Map file, as of ddrescue',
      },
      { name: 'preallocate', type: 'boolean', summary: 'Take room for the whole image first' },
      { name: 'accept-errors', type: 'boolean', summary: 'Finish even if sectors cannot be read' },
      { name: 'force', type: 'boolean', summary: 'Replace an image that is there' },
    ],
    common: PRINTS,
    load: async () => (await import('./commands/create.js')).runCreate,
  },
  {
    name: 'verify',
    summary: 'Check an image by every checksum and signature beside it and in it',
    positionals: [IMAGE],
    options: [
      {
        name: 'keyring',
        type: 'string',
        value: 'FILE',
        summary: 'OpenPGP keyring of trusted keys, for gpgv',
      },
      { name: 'key', type: 'string', value: 'FILE', summary: 'Public key of minisign or signify' },
      ...view,
    ],
    common: PRINTS,
    load: async () => (await import('./commands/verify.js')).runVerify,
  },
  {
    name: 'checksum',
    summary: 'Print digests of an image, or of files in it, as sha256sum does',
    positionals: [IMAGE, { ...PATHS, summary: 'Files and directories in the image' }],
    options: [HASH, ...view],
    common: PRINTS,
    load: async () => (await import('./commands/checksum.js')).runChecksum,
  },
  {
    name: 'compare',
    summary: 'Compare two images, or an image and a directory, by sector and by file',
    positionals: [
      { name: 'a', required: true, summary: 'Image or drive' },
      { name: 'b', required: true, summary: 'Image, drive or directory' },
    ],
    options: [
      {
        name: 'attributes',
        type: 'boolean',
        summary: 'Differences in modes, owners, times, extended attributes and hard links count too',
      },
      // One map cannot be about both.
      ...view.filter(({ name }) => name !== 'map'),
    ],
    common: PRINTS,
    load: async () => (await import('./commands/compare.js')).runCompare,
  },
  {
    name: 'map',
    summary: 'Draw what lies where on a disc, as SVG or coarsely on the terminal',
    positionals: [IMAGE],
    options: [
      {
        name: 'output',
        short: 'o',
        type: 'string',
        value: 'FILE',
        default: 'the terminal',
        summary: 'SVG file to write',
      },
      {
        name: 'style',
        type: 'string',
        value: 'STYLE',
        choices: MAP_STYLES,
        default: 'spiral',
        summary: 'Of the SVG',
      },
      ...view,
    ],
    common: PRINTS,
    load: async () => (await import('./commands/map.js')).runMap,
  },
];
