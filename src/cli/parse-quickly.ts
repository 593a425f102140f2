// The quick way through the command table: node's own parser, strict, for command lines that are plainly right.
// Everything else (help, mistakes, unusual order) is left to parse-fully.ts, whose yargs takes longer to load than
// most commands take to run. Whatever this accepts, that one accepts with the same meaning.
import { parseArgs } from 'node:util';
import type { CommandSpec, OptionSpec, ParsedCommand, PositionalSpec } from './command-spec.js';
import { CommandArguments } from './command-spec.js';
import { COMMANDS, GLOBAL_OPTIONS } from './command-table.js';

/** The command, or undefined when yargs has to look at it. */
export function parseQuickly(argv: readonly string[]): ParsedCommand | undefined {
  const spec = COMMANDS.find(({ name }) => name.split(' ').every((word, i) => argv[i] === word));
  if (spec === undefined) return undefined;
  const options = [...GLOBAL_OPTIONS, ...spec.options];
  try {
    const { values, positionals } = parseArgs({
      args: argv.slice(spec.name.split(' ').length),
      options: Object.fromEntries(
        options.map(({ name, short, type }) => [name, short === undefined ? { type } : { type, short }]),
      ),
      allowPositionals: true,
      strict: true,
    });
    return accept(spec, options, new Map(Object.entries(values)), positionals);
  } catch {
    return undefined;
  }
}

function accept(
  spec: CommandSpec,
  options: readonly OptionSpec[],
  values: Map<string, unknown>,
  words: readonly string[],
): ParsedCommand | undefined {
  const result = new Map<string, string | boolean | readonly string[]>();
  for (const { name, choices } of options) {
    const value = values.get(name);
    if (typeof value === 'boolean') result.set(name, value);
    if (typeof value !== 'string') continue;
    if (value === '' || choices?.includes(value) === false) return undefined;
    result.set(name, value);
  }
  const left = [...words];
  for (const positional of spec.positionals) {
    if (!takePositional(positional, left, result)) return undefined;
  }
  return left.length > 0 ? undefined : { spec, args: new CommandArguments(result) };
}

function takePositional(
  { name, required, variadic, choices }: PositionalSpec,
  left: string[],
  result: Map<string, string | boolean | readonly string[]>,
): boolean {
  if (variadic === true) {
    const words = left.splice(0);
    result.set(name, words);
    return !words.includes('') && (!required || words.length > 0);
  }
  const word = left.shift();
  if (word === undefined) return !required;
  result.set(name, word);
  return word !== '' && choices?.includes(word) !== false;
}
