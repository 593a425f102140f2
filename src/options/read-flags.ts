// From the table of options to the flags of a command line, and from these to values.
import { resolveHostPath } from '../base/path-text.js';
import type { OptionSpec, OptionTable, TableOption, ValuesOf } from './option-spec.js';

/** The arguments of a command, as the parser has checked them. */
export interface FlagReader {
  flag(name: string): boolean;
  text(name: string): string | undefined;
  number(name: string): number | undefined;
}

/** In the order of the table. */
export function flagsOf(table: OptionTable, isView = false): readonly OptionSpec[] {
  const options = Object.values(table).filter(({ hasFlag }) => hasFlag !== false);
  return isView ? options.map((option) => ({ ...option, isView })) : options;
}

/** What flags ask for, paths absolute. */
export function readFlags<T extends OptionTable>(table: T, args: FlagReader): ValuesOf<T> {
  const values = Object.entries(table).flatMap(([field, option]) =>
    option.hasFlag === false ? [] : [[field, readFlag(option, args)] as const],
  );
  return Object.fromEntries(values) as ValuesOf<T>;
}

function readFlag(option: TableOption, args: FlagReader): boolean | number | string | undefined {
  const { name, type, range, choices, isPath } = option;
  if (type === 'boolean') return args.flag(name);
  if (range !== undefined) return args.number(name);
  const text = args.text(name);
  if (text === undefined) return choices === undefined ? undefined : option.default;
  return isPath === true ? resolveHostPath(text) : text;
}
