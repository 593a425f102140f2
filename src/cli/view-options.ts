// The options that say which view of an image is wanted, the same for every command that looks into one.
import { resolveHostPath } from '../base/path-text.js';
import { MAX_SECTOR_OFFSET } from '../disc/data-stream.js';
import { TREE_KINDS } from '../filesystem/contract/file-tree.js';
import type { TreeKind } from '../filesystem/contract/file-tree.js';
import type { OpenImageOptions } from '../image/open-image.js';
import type { CommandArguments, OptionSpec } from './command-spec.js';

/** Sessions have numbers from 1; no disc has as many. */
const MAX_SESSION = 9999;

export const VIEW_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'tree',
    type: 'string',
    value: 'KIND',
    choices: ['auto', ...TREE_KINDS],
    default: 'auto',
    summary: 'Which view of the disc; auto takes the best there is, all shows every view as a directory',
  },
  {
    name: 'session',
    type: 'string',
    value: 'N',
    range: [1, MAX_SESSION],
    default: 'the last',
    summary: 'Which session of a disc, by number',
  },
  {
    name: 'sector-offset',
    type: 'string',
    value: 'N',
    range: [0, MAX_SECTOR_OFFSET],
    summary: 'Address of the first sector, for an image cut out of a disc',
  },
  {
    name: 'map',
    type: 'string',
    value: 'FILE',
    default: 'one beside the image',
    summary: "ddrescue's map of what was read",
  },
  {
    name: 'charset',
    type: 'string',
    value: 'NAME',
    summary: 'Charset of names and labels that are not UTF-8, such as shift_jis',
  },
  { name: 'associated', type: 'boolean', summary: 'Show associated files (resource forks) as ._NAME' },
];

export type ViewChoice = Pick<OpenImageOptions, 'session' | 'sectorOffset' | 'charset' | 'associated'> & {
  readonly tree: TreeKind | 'auto';
  /** Absolute path of a map file. */
  readonly map: string | undefined;
};

/** What the options of a command line ask for. */
export function readViewOptions(args: CommandArguments): ViewChoice {
  const map = args.text('map');
  return {
    // The parser has checked the choice.
    tree: (args.text('tree') ?? 'auto') as TreeKind | 'auto',
    session: args.number('session'),
    sectorOffset: args.number('sector-offset'),
    map: map === undefined ? undefined : resolveHostPath(map),
    charset: args.text('charset'),
    associated: args.flag('associated'),
  };
}
