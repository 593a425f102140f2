// The thorough way through the command table: yargs, which explains. Loaded only for help and mistakes, and for
// command lines in an order that the quick parser does not take.
import yargs from 'yargs';
import type { Argv } from 'yargs';
import { IsodriveError } from '../base/error.js';
import type { CommandSpec, OptionSpec, ParsedCommand } from './command-spec.js';
import { CommandArguments } from './command-spec.js';
import { COMMANDS, GLOBAL_OPTIONS } from './command-table.js';

const HELP_WIDTH = 100;

/** A command to run, or a help text to print. Throws `usage`. */
export function parseFully(argv: readonly string[]): ParsedCommand | { readonly help: string } {
  let found: ParsedCommand | undefined;
  const accept = (spec: CommandSpec, values: Record<string, unknown>): void => {
    found = { spec, args: collect(spec, values) };
  };
  const parser = yargs()
    .scriptName('isodrive')
    .usage('$0 COMMAND: shows disc images as folders, without root and without burning')
    .locale('en')
    .parserConfiguration({
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'duplicate-arguments-array': false,
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
  addCommands(parser, accept);
  let help = '';
  void parser.parse([...argv], {}, (error: Error | null | undefined, _values: unknown, output: string) => {
    help = output;
    if (error != null) throw error;
  });
  if (found !== undefined && help === '') return found;
  return { help };
}

function addCommands(
  parser: Argv,
  accept: (spec: CommandSpec, values: Record<string, unknown>) => void,
): void {
  const groups = new Map<string, CommandSpec[]>();
  for (const spec of COMMANDS) {
    const [group = '', word] = spec.name.split(' ');
    if (word === undefined) addCommand(parser, spec, group, accept);
    else groups.set(group, [...(groups.get(group) ?? []), spec]);
  }
  for (const [group, specs] of groups) {
    parser.command(group, `Control the ${group}`, (inner) => {
      for (const spec of specs) addCommand(inner, spec, spec.name.slice(group.length + 1), accept);
      return inner.demandCommand(1, `No ${group} command given, expected one`);
    });
  }
}

function addCommand(
  parser: Argv,
  spec: CommandSpec,
  word: string,
  accept: (spec: CommandSpec, values: Record<string, unknown>) => void,
): void {
  const positionals = spec.positionals.map(({ name, required, variadic }) => {
    const dots = variadic === true ? '..' : '';
    return required ? ` <${name}${dots}>` : ` [${name}${dots}]`;
  });
  parser.command(
    word + positionals.join(''),
    spec.summary,
    (inner) => {
      for (const { name, summary, choices } of spec.positionals) {
        inner.positional(name, { type: 'string', describe: summary, ...(choices && { choices }) });
      }
      return addOptions(inner, spec.options);
    },
    (values) => accept(spec, values),
  );
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

function collect(spec: CommandSpec, values: Record<string, unknown>): CommandArguments {
  const result = new Map<string, string | boolean | readonly string[]>();
  for (const { name } of [...GLOBAL_OPTIONS, ...spec.options, ...spec.positionals]) {
    const value = values[name];
    if (value === '') throw new IsodriveError('usage', `Argument "${name}" is empty, expected a value`);
    if (Array.isArray(value)) result.set(name, value.map(String));
    else if (typeof value === 'string' || typeof value === 'boolean') result.set(name, value);
  }
  return new CommandArguments(result);
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
