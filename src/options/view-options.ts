// The options that say which view of an image is wanted: one entry each, and all else is derived. Every command that
// looks into an image has them, and so has a mount.
import { MAX_SECTOR_OFFSET } from '../disc/data-stream.js';
import { TRACK_NAMINGS, TREE_KINDS, XA_SHAPES } from '../filesystem/contract/file-tree.js';
import type { OptionTable, ValuesOf } from './option-spec.js';

/** Sessions have numbers from 1; no disc has as many. */
const MAX_SESSION = 9999;

export const VIEW_OPTIONS = {
  tree: {
    name: 'tree',
    type: 'string',
    value: 'KIND',
    choices: ['auto', ...TREE_KINDS],
    default: 'auto',
    summary: 'Which view of the disc; auto takes the best there is, all shows every view as a directory',
  },
  session: {
    name: 'session',
    type: 'string',
    value: 'N',
    range: [1, MAX_SESSION],
    default: 'the last',
    summary: 'Which session of a disc, by number',
  },
  sectorOffset: {
    name: 'sector-offset',
    type: 'string',
    value: 'N',
    range: [0, MAX_SECTOR_OFFSET],
    usual: 0,
    summary: 'Address of the first sector, for an image cut out of a disc',
  },
  map: {
    name: 'map',
    type: 'string',
    value: 'FILE',
    isPath: true,
    default: 'one beside the image',
    summary: "ddrescue's map of what was read",
  },
  charset: {
    name: 'charset',
    type: 'string',
    value: 'NAME',
    // A label of the WHATWG Encoding Standard.
    maxLength: 64,
    ignoresCase: true,
    summary: 'Charset of names and labels that are not UTF-8, such as shift_jis',
  },
  xa: {
    name: 'xa',
    type: 'string',
    value: 'KIND',
    choices: XA_SHAPES,
    default: 'cooked',
    summary:
      'Files of form 2 (Video CD, CD-ROM XA): 2048 bytes a sector, whole sectors as RIFF, or all user data',
  },
  trackNames: {
    name: 'track-names',
    type: 'string',
    value: 'KIND',
    choices: TRACK_NAMINGS,
    default: 'number',
    summary: 'Files of tracks by number, or by number, performer, title and ISRC where the disc has them',
  },
  associated: {
    name: 'associated',
    type: 'boolean',
    summary: 'Show associated files (resource forks) as ._NAME',
  },
} as const satisfies OptionTable;

export type ViewValues = ValuesOf<typeof VIEW_OPTIONS>;
