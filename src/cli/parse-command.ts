// Turns a command line into a command, by the command table alone: what it means, and what is wrong with it. A request
// for help or the version is a command as well. Options are written as getopt_long(3) has them, long ones in full.
import type { OptionSpec } from '../options/option-spec.js';
import { listCommandGroups } from './command-groups.js';
import type { CommandSpec, ParsedCommand, PositionalSpec } from './command-spec.js';
import { CommandArguments } from './command-spec.js';
import { COMMANDS } from './command-table.js';
import { GLOBAL_OPTIONS, HELP, VERSION } from './common-options.js';
import { findCommand } from './find-command.js';
import * as refuse from './usage-error.js';

type Values = Map<string, string | boolean | readonly string[]>;

/** Throws `usage` when it is no command line of ours. */
export function parseCommand(argv: readonly string[], commands = COMMANDS): ParsedCommand {
  const [globals, words] = splitGlobals(argv);
  const end = words.indexOf('--');
  const beforeEnd = [...globals, ...(end < 0 ? words : words.slice(0, end))];
  const printing = beforeEnd.includes('--json') ? ['--json'] : [];
  if (beforeEnd.some((word) => isFlag(word, HELP))) {
    const topic = isGroup(words[0], commands) ? words.slice(0, 2) : words.slice(0, 1);
    return parseCommand(['help', ...printing, ...topic.filter((word) => !word.startsWith('-'))], commands);
  }
  if (globals.some((word) => isFlag(word, VERSION))) return parseCommand(['version', ...printing], commands);
  const spec = findCommand(words, commands);
  return parseArguments(spec, [...globals, ...words.slice(spec.name.split(' ').length)]);
}

function isFlag(word: string, { name, short }: OptionSpec): boolean {
  return word === `--${name}` || word === `-${short!}`;
}

/** Global options may stand before the command. */
function splitGlobals(argv: readonly string[]): [readonly string[], readonly string[]] {
  let at = 0;
  for (let word = argv[at]; word?.startsWith('-') === true; word = argv[at]) {
    const [flag = word] = word.split('=');
    const option = GLOBAL_OPTIONS.find((one) => isFlag(flag, one));
    if (option === undefined) throw refuse.unknownOption(flag, word, undefined, GLOBAL_OPTIONS);
    at += option.type === 'string' && flag === word ? 2 : 1;
  }
  return [argv.slice(0, at), argv.slice(at)];
}

function isGroup(word: string | undefined, commands: readonly CommandSpec[]): boolean {
  return listCommandGroups(commands).some(({ name }) => name === word);
}

function parseArguments(spec: CommandSpec, words: readonly string[]): ParsedCommand {
  const values: Values = new Map();
  const positionals = readWords(spec, words, values);
  takePositionals(spec, positionals, values);
  return { spec, args: new CommandArguments(values) };
}

/** Fills in the options; gives the other words. */
function readWords(spec: CommandSpec, words: readonly string[], values: Values): string[] {
  const known = [...spec.options, ...spec.common];
  const rest: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!;
    if (word === '--') return [...rest, ...words.slice(at + 1)];
    if (!word.startsWith('-') || word === '-') rest.push(word);
    else {
      const take = word.startsWith('--') ? takeLong : takeCluster;
      const waiting = take(word, spec, known, values);
      if (waiting === undefined) continue;
      at += 1;
      setValue(waiting, requireValue(waiting, words[at], spec), spec, values);
    }
  }
  return rest;
}

/** Gives an option whose value is the next word. */
function takeLong(
  word: string,
  spec: CommandSpec,
  known: readonly OptionSpec[],
  values: Values,
): OptionSpec | undefined {
  const equals = word.indexOf('=');
  const flag = equals < 0 ? word : word.slice(0, equals);
  const option = known.find(({ name }) => `--${name}` === flag);
  if (option === undefined) throw refuse.unknownOption(flag, word, spec, [...known, HELP]);
  if (option.type === 'string' && equals < 0) return option;
  const value = word.slice(equals + 1);
  if (option.type === 'string') setValue(option, value, spec, values);
  else if (equals < 0) values.set(option.name, true);
  else throw refuse.usageError(`Option ${flag} is "${value}", expected it without a value`, spec.name);
  return undefined;
}

/** "-lR", "-n5": gives an option whose value is the next word. */
function takeCluster(
  word: string,
  spec: CommandSpec,
  known: readonly OptionSpec[],
  values: Values,
): OptionSpec | undefined {
  const letters = Array.from(word.slice(1));
  for (const [i, letter] of letters.entries()) {
    const option = known.find(({ short }) => short === letter);
    if (option === undefined) throw refuse.unknownOption(`-${letter}`, word, spec, known);
    if (option.type === 'boolean') values.set(option.name, true);
    else if (i === letters.length - 1) return option;
    else {
      setValue(option, letters.slice(i + 1).join(''), spec, values);
      return undefined;
    }
  }
  return undefined;
}

/** An option in the place of a value is a value that was forgotten. */
function requireValue(option: OptionSpec, next: string | undefined, { name }: CommandSpec): string {
  if (next !== undefined && (next === '-' || !next.startsWith('-'))) return next;
  throw refuse.missingValue(option, next, name);
}

function setValue(option: OptionSpec, value: string, spec: CommandSpec, values: Values): void {
  if (!isAllowed(value, option)) throw refuse.wrongValue(`Option --${option.name}`, value, option, spec.name);
  values.set(option.name, value);
}

/** An empty value is a script's mistake: the variable that it forgot to set. */
function isAllowed(value: string, { choices, isList, range }: Omit<OptionSpec, 'type'>): boolean {
  if (range !== undefined) {
    return /^-?\d{1,10}$/u.test(value) && Number(value) >= range[0] && Number(value) <= range[1];
  }
  if (choices === undefined) return value !== '';
  const parts = isList === true ? value.split(',').map((part) => part.trim().toLowerCase()) : [value];
  return parts.every((part) => choices.includes(part));
}

function takePositionals(spec: CommandSpec, words: readonly string[], values: Values): void {
  const left = [...words];
  for (const positional of spec.positionals) {
    const { name, required, variadic, verbatim } = positional;
    const taken = variadic === true ? left.splice(0) : left.splice(0, 1);
    if (required && taken.length === 0) throw refuse.missingArgument(positional, spec);
    if (verbatim !== true) for (const word of taken) checkPositional(positional, word, spec);
    if (variadic === true) values.set(name, taken);
    else if (taken[0] !== undefined) values.set(name, taken[0]);
  }
  if (left.length > 0) {
    throw refuse.usageError(
      `Argument "${left[0]!}" is one too many, expected: ${refuse.synopsisOf(spec)}`,
      spec.name,
    );
  }
}

function checkPositional(positional: PositionalSpec, word: string, { name }: CommandSpec): void {
  if (isAllowed(word, positional)) return;
  throw refuse.wrongValue(`Argument ${refuse.labelOf(positional)}`, word, positional, name);
}
