// Options and arguments that many commands have, and the options of the command line as a whole.
import type { OptionSpec } from '../options/option-spec.js';
import type { PositionalSpec } from './command-spec.js';

export const IMAGE: PositionalSpec = { name: 'image', required: true, summary: 'Disc image' };
export const PATHS: PositionalSpec = {
  name: 'paths',
  label: 'PATH',
  required: false,
  variadic: true,
  summary: '',
};
export const HASH: OptionSpec = {
  name: 'hash',
  type: 'string',
  value: 'LIST',
  // Not from where they are computed: nothing is loaded to read a command line.
  choices: ['md5', 'sha1', 'sha256', 'sha512', 'blake2b'],
  isList: true,
  default: 'sha256',
  summary: 'Digests, with commas between them',
};

const JSON_OUTPUT: OptionSpec = {
  name: 'json',
  type: 'boolean',
  summary: 'Print JSON; errors too, as the last line on stderr',
};
const SOCKET: OptionSpec = {
  name: 'socket',
  type: 'string',
  value: 'PATH',
  default: '$ISODRIVE_SOCKET, or one of your own',
  summary: "The daemon's socket",
};
const SYSTEM: OptionSpec = {
  name: 'system',
  type: 'boolean',
  summary: 'Use the service of the machine, not a daemon of your own',
};

/** Of commands that print data and talk to nobody. */
export const PRINTS: readonly OptionSpec[] = [JSON_OUTPUT];
/** Of commands that talk to a daemon of the user's, or look for what lies beside its socket. */
export const TALKS_TO_OWN: readonly OptionSpec[] = [JSON_OUTPUT, SOCKET];
/** Of commands that talk to any daemon. */
export const TALKS: readonly OptionSpec[] = [JSON_OUTPUT, SOCKET, SYSTEM];

/** Every command takes it. */
export const HELP: OptionSpec = { name: 'help', short: 'h', type: 'boolean', summary: 'Print this help' };
export const VERSION: OptionSpec = {
  name: 'version',
  short: 'v',
  type: 'boolean',
  summary: 'Print the version',
};

/** What may stand before the command. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [...TALKS, HELP, VERSION];
