// What is said of a command line that cannot be understood: one way to say it, and where to look it up.
import { IsodriveError } from '../base/error.js';
import type { OptionSpec } from '../options/option-spec.js';
import type { CommandSpec, PositionalSpec } from './command-spec.js';
import { askWhetherMeant } from './suggest.js';

/**
 * `command`: whose help tells more; the general one where empty. `advice`: sentences before that, without a full
 * stop.
 */
export function usageError(message: string, command: string, advice?: string): IsodriveError {
  const help = `See ${['isodrive help', command].filter((word) => word !== '').join(' ')}`;
  return new IsodriveError('usage', message, {
    action: advice === undefined ? help : `${advice} ${help}`,
  });
}

export function unknownCommand(word: string, known: readonly string[], group = ''): IsodriveError {
  const name = group === '' ? word : `${group} ${word}`;
  const expected = group === '' ? 'a command of isodrive' : `one of ${known.join(', ')}`;
  return usageError(`Unknown command "${name}", expected ${expected}`, group, askWhetherMeant(word, known));
}

/** `flag` with its dashes; `word`: the argument that it stands in. */
export function unknownOption(
  flag: string,
  word: string,
  spec: CommandSpec | undefined,
  known: readonly OptionSpec[],
): IsodriveError {
  const isCluster = !word.startsWith('--') && word.length > 2;
  const message = `Unknown option ${flag}${isCluster ? ` in "${word}"` : ''}`;
  const flags = known.map(({ name }) => `--${name}`);
  const meant = flag.startsWith('--') ? askWhetherMeant(flag, flags) : undefined;
  const program = spec?.positionals.find(({ verbatim }) => verbatim === true);
  const advice = meant ?? (program && `Write "--" before the ${program.name} that has options.`);
  return usageError(
    `${message}, expected one of ${spec === undefined ? 'isodrive' : `"${spec.name}"`}`,
    spec?.name ?? '',
    advice,
  );
}

export function missingArgument(positional: PositionalSpec, spec: CommandSpec): IsodriveError {
  const { summary } = positional;
  const expected = `${summary.charAt(0).toLowerCase()}${summary.slice(1)}`;
  return usageError(`Argument ${labelOf(positional)} is missing, expected: ${expected}`, spec.name);
}

export function missingValue(option: OptionSpec, found: string | undefined, command: string): IsodriveError {
  const instead = found === undefined ? '' : `, found "${found}"`;
  const advice = found === undefined ? undefined : `Write --${option.name}=${found} where that is meant.`;
  return usageError(
    `Option --${option.name} has no value${instead}, expected ${describeValue(option)}`,
    command,
    advice,
  );
}

/** `name` as users know it: "Option --tree" or "Argument SHELL". */
export function wrongValue(
  name: string,
  value: string,
  allowed: Pick<OptionSpec, 'choices' | 'range' | 'isList'>,
  command: string,
): IsodriveError {
  const advice = value === '' ? undefined : askWhetherMeant(value, allowed.choices ?? []);
  return usageError(`${name} is "${value}", expected ${describeValue(allowed)}`, command, advice);
}

function describeValue({ choices, isList, range }: Pick<OptionSpec, 'choices' | 'range' | 'isList'>): string {
  if (range !== undefined) return `a number from ${range[0]} to ${range[1]}`;
  if (choices === undefined) return 'a value';
  return `${isList === true ? 'some' : 'one'} of ${choices.join(', ')}`;
}

/** "IMAGE", and "TARGET..." for one that takes all that follows. */
export function labelOf({ name, label, variadic }: PositionalSpec): string {
  return `${label ?? name.toUpperCase()}${variadic === true ? '...' : ''}`;
}

/** "isodrive ls [OPTION]... IMAGE [PATH]". */
export function synopsisOf({ name, positionals }: CommandSpec): string {
  const words = positionals.map((positional) => {
    const text = labelOf(positional);
    const marked = positional.required ? text : `[${text}]`;
    return positional.verbatim === true ? marked.replace(/^(\[?)/u, '$1-- ') : marked;
  });
  return ['isodrive', name, '[OPTION]...', ...words].join(' ');
}
