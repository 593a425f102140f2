// Help texts, and what is wrong with a command line, by yargs over the command table. Loaded only for these: it takes
// longer to load than most commands take to run.
import yargs from 'yargs';
import type { Argv } from 'yargs';
import { IsodriveError } from '../base/error.js';
import { listCommandGroups } from './command-groups.js';
import type { CommandSpec, OptionSpec } from './command-spec.js';
import { COMMANDS, GLOBAL_OPTIONS } from './command-table.js';

const HELP_WIDTH = 100;

/** A help text that was asked for, or undefined when yargs sees nothing wrong. Throws `usage`. */
export function explainUsage(argv: readonly string[]): string | undefined {
  const parser = yargs()
    .scriptName('isodrive')
    .usage('$0 COMMAND: shows disc images as folders, without root and without burning')
    .locale('en')
    .parserConfiguration({
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'camel-case-expansion': false,
      'dot-notation': false,
    })
    .wrap(HELP_WIDTH)
    .version(false)
    .help()
    .alias('help', 'h')
    .exitProcess(false)
    .strict()
    .demandCommand(1, 'No command given, expected one')
    .fail((message: string | null, error: Error | null | undefined) => {
      throw error instanceof IsodriveError ? error : usage(message ?? error?.message ?? 'unknown', argv);
    });
  addOptions(parser, GLOBAL_OPTIONS);
  addCommands(parser);
  let help = '';
  void parser.parse([...argv], {}, (error: Error | null | undefined, _values: unknown, output: string) => {
    help = output;
    if (error != null) throw error;
  });
  return help === '' ? undefined : help;
}

function addCommands(parser: Argv): void {
  for (const spec of COMMANDS) if (!spec.name.includes(' ')) addCommand(parser, spec, spec.name);
  for (const { name, summary, commands } of listCommandGroups()) {
    parser.command(name, summary, (inner) => {
      for (const [word, spec] of commands) addCommand(inner, spec, word);
      return inner.demandCommand(1, `No ${name} command given, expected one`);
    });
  }
}

function addCommand(parser: Argv, spec: CommandSpec, word: string): void {
  const positionals = spec.positionals.map(({ name, required, variadic }) => {
    const dots = variadic === true ? '..' : '';
    return required ? ` <${name}${dots}>` : ` [${name}${dots}]`;
  });
  parser.command(word + positionals.join(''), spec.summary, (inner) => {
    for (const { name, summary, choices } of spec.positionals) {
      inner.positional(name, { type: 'string', describe: summary, ...(choices && { choices }) });
    }
    return addOptions(inner, spec.options);
  });
}

function addOptions(parser: Argv, options: readonly OptionSpec[]): Argv {
  for (const { name, short, type, choices, summary } of options) {
    parser.option(name, {
      type,
      describe: summary,
      ...(short !== undefined && { alias: short }),
      ...(choices && { choices }),
      ...(type === 'string' && { requiresArg: true }),
    });
  }
  return parser;
}

function usage(message: string, argv: readonly string[]): IsodriveError {
  const [first = '', second = ''] = argv.filter((word) => !word.startsWith('-'));
  const names = COMMANDS.map(({ name }) => name);
  const known = names.find((name) => name === first || name === `${first} ${second}`);
  const isWord = names.some((name) => name.split(' ')[0] === first);
  if (first !== '' && !isWord) {
    const words = [...new Set(names.map((name) => name.split(' ')[0]))].join(', ');
    return new IsodriveError('usage', `Command is "${first}", expected one of ${words}`);
  }
  const help = ['isodrive', known ?? (isWord ? first : ''), '--help'].filter((word) => word !== '').join(' ');
  // yargs lays some messages out over several lines.
  const text = message
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');
  return new IsodriveError('usage', text, { action: `See ${help}` });
}
