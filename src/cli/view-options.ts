// The options that say which view of an image is wanted, as a command of the table reads them.
import { readFlags } from '../options/read-flags.js';
import { VIEW_OPTIONS } from '../options/view-options.js';
import type { ViewValues } from '../options/view-options.js';
import type { CommandArguments } from './command-spec.js';

/** What the options of a command line ask for. */
export function readViewOptions(args: CommandArguments): ViewValues {
  return readFlags(VIEW_OPTIONS, args);
}
