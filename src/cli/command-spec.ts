// What a command is: its words, positionals and options as data, from which the parser, the help texts and the shell
// completions are made, and the module that runs it, loaded only when it does.
import type { OptionSpec } from '../options/option-spec.js';
import type { Output } from './output.js';

export interface PositionalSpec {
  readonly name: string;
  /** What help writes for it; the name in capitals where absent. */
  readonly label?: string;
  readonly required: boolean;
  /** Takes all that is left; only the last may. */
  readonly variadic?: boolean;
  readonly choices?: readonly string[];
  /** Words of another program's, which may be empty. */
  readonly verbatim?: boolean;
  readonly summary: string;
}

export interface CommandSpec {
  /** One word, or two for commands that come in a group: "daemon start". */
  readonly name: string;
  /** Other words for a command of one word. */
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly positionals: readonly PositionalSpec[];
  readonly options: readonly OptionSpec[];
  /** Those that many commands have: how it prints, and which daemon it talks to. */
  readonly common: readonly OptionSpec[];
  readonly load: () => Promise<RunCommand>;
}

/** Resolves to the exit code; undefined stands for 0. Rejects with IsodriveError for everything foreseen. */
export type RunCommand = (args: CommandArguments, context: CommandContext) => Promise<number | undefined>;

export interface CommandContext {
  /** All that there are, for help and completion. */
  readonly commands: readonly CommandSpec[];
  readonly output: Output;
  /** Aborted on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** Has `handle` called for these signals from now on, and nothing else done about them. */
  readonly takeSignals: (
    signals: readonly NodeJS.Signals[],
    handle: (signal: NodeJS.Signals) => void,
  ) => void;
}

/** The arguments of one command, by the names of its specification. */
export class CommandArguments {
  readonly #values: ReadonlyMap<string, string | boolean | readonly string[]>;

  constructor(values: ReadonlyMap<string, string | boolean | readonly string[]>) {
    this.#values = values;
  }

  flag(name: string): boolean {
    return this.#values.get(name) === true;
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  /** The value of an option with a range, which the parser has checked. */
  number(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : Number(value);
  }

  /** A positional that the specification requires. */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new TypeError(`Argument "${name}" was not parsed`);
    return value;
  }

  /** A variadic positional. */
  list(name: string): readonly string[] {
    const value = this.#values.get(name);
    return Array.isArray(value) ? (value as readonly string[]) : [];
  }
}

export interface ParsedCommand {
  readonly spec: CommandSpec;
  readonly args: CommandArguments;
}
