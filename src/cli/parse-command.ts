// Turns a command line into a command, by the command table and node's own strict parser. It alone decides what a
// command line means; explain-usage.ts only explains the ones that it refuses.
import { parseArgs } from 'node:util';
import { IsodriveError } from '../base/error.js';
import type { CommandSpec, OptionSpec, ParsedCommand, PositionalSpec } from './command-spec.js';
import { CommandArguments } from './command-spec.js';
import { COMMANDS, GLOBAL_OPTIONS } from './command-table.js';

type Values = Map<string, string | boolean | readonly string[]>;

/** Throws `usage` when it is no command line of ours; a request for help is none. */
export function parseCommand(argv: readonly string[]): ParsedCommand {
  const [globals, words] = splitGlobals(argv);
  const spec = COMMANDS.find(({ name }) => name.split(' ').every((word, i) => words[i] === word));
  if (spec === undefined) {
    throw new IsodriveError('usage', `Command line begins with "${words[0] ?? ''}", expected a command`);
  }
  const options = [...GLOBAL_OPTIONS, ...spec.options];
  const { values, positionals } = parseStrictly(
    [...globals, ...words.slice(spec.name.split(' ').length)],
    options,
  );
  const result: Values = new Map();
  for (const { name, choices } of options) {
    const value = values[name];
    if (value === undefined) continue;
    if (typeof value === 'string') checkValue(name, value, choices);
    result.set(name, value);
  }
  takePositionals(spec, positionals, result);
  return { spec, args: new CommandArguments(result) };
}

/** Global options may stand before the command. */
function splitGlobals(argv: readonly string[]): [readonly string[], readonly string[]] {
  let at = 0;
  for (let option = globalAt(argv, at); option !== undefined; option = globalAt(argv, at)) {
    at += option.type === 'string' && !argv[at]!.includes('=') ? 2 : 1;
  }
  return [argv.slice(0, at), argv.slice(at)];
}

function globalAt(argv: readonly string[], at: number): OptionSpec | undefined {
  const flag = argv[at]?.split('=')[0];
  return GLOBAL_OPTIONS.find(({ name }) => `--${name}` === flag);
}

function parseStrictly(
  args: string[],
  options: readonly OptionSpec[],
): { values: Record<string, string | boolean | undefined>; positionals: string[] } {
  try {
    return parseArgs({
      args,
      options: Object.fromEntries(
        options.map(({ name, short, type }) => [name, short === undefined ? { type } : { type, short }]),
      ),
      allowPositionals: true,
      strict: true,
    });
  } catch (cause) {
    throw new IsodriveError('usage', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function takePositionals(spec: CommandSpec, words: readonly string[], result: Values): void {
  const left = [...words];
  for (const positional of spec.positionals) {
    const { name, required } = positional;
    const taken = positional.variadic === true ? left.splice(0) : left.splice(0, 1);
    if (required && taken.length === 0) {
      throw new IsodriveError('usage', `Argument "${name}" is missing, expected ${describe(positional)}`);
    }
    if (positional.verbatim !== true) for (const word of taken) checkValue(name, word, positional.choices);
    if (positional.variadic === true) result.set(name, taken);
    else if (taken[0] !== undefined) result.set(name, taken[0]);
  }
  if (left.length > 0) {
    throw new IsodriveError('usage', `Argument "${left[0]!}" is one too many for "${spec.name}"`);
  }
}

function describe({ summary }: PositionalSpec): string {
  return `${summary.charAt(0).toLowerCase()}${summary.slice(1)}`;
}

/** An empty value is a script's mistake: the variable that it forgot to set. */
function checkValue(name: string, value: string, choices: readonly string[] | undefined): void {
  if (value !== '' && choices?.includes(value) !== false) return;
  const expected = choices === undefined ? 'a value' : choices.join(', ');
  throw new IsodriveError('usage', `Argument "${name}" is "${value}", expected ${expected}`);
}
