// What help is asked about: one command, a group of them, or all.
import type { OptionSpec } from '../options/option-spec.js';
import { listCommandGroups } from './command-groups.js';
import type { CommandGroup } from './command-groups.js';
import { exampleLines } from './command-examples.js';
import type { CommandSpec, PositionalSpec } from './command-spec.js';
import { GLOBAL_OPTIONS } from './common-options.js';
import { findCommand } from './find-command.js';
import { labelOf, synopsisOf, usageError } from './usage-error.js';

export type HelpTopic = CommandSpec | CommandGroup | undefined;

/** The topic that the words of a command line name; undefined for no word. Throws `usage` for what is no command. */
export function findTopic(words: readonly string[], commands: readonly CommandSpec[]): HelpTopic {
  const [first, second] = words;
  if (first === undefined) return undefined;
  const group = listCommandGroups(commands).find(({ name }) => name === first);
  if (group !== undefined && second === undefined) return group;
  const spec = findCommand(words, commands);
  const extra = words[spec.name.split(' ').length];
  if (extra === undefined) return spec;
  throw usageError(`Argument "${extra}" is one too many, expected the name of a command`, 'help');
}

/** The commands that a topic is about, when it is not one alone. */
export function listCommands(
  topic: CommandGroup | undefined,
  commands: readonly CommandSpec[],
): readonly CommandSpec[] {
  return topic === undefined ? commands : [...topic.commands.values()];
}

export function isCommand(topic: HelpTopic): topic is CommandSpec {
  return topic !== undefined && 'load' in topic;
}

/** The topic as data. */
export function describeTopic(topic: HelpTopic, commands: readonly CommandSpec[]): object {
  if (isCommand(topic)) return describeCommand(topic);
  return {
    ...(topic === undefined ? { options: GLOBAL_OPTIONS.map(describeOption) } : { group: topic.name }),
    commands: listCommands(topic, commands).map(describeCommand),
  };
}

function describeCommand(spec: CommandSpec): object {
  const { name, aliases = [], summary, positionals, options, common } = spec;
  return {
    name,
    aliases,
    summary,
    usage: synopsisOf(spec),
    arguments: positionals.map(describeArgument),
    options: [...options, ...common].map(describeOption),
    examples: exampleLines(name).map(([command, meaning]) => ({ command, meaning })),
  };
}

function describeArgument(positional: PositionalSpec): object {
  const { required, variadic = false, choices, summary } = positional;
  return { name: labelOf(positional), required, variadic, choices, summary };
}

function describeOption({ type, isList, ...option }: OptionSpec): object {
  const { name, short, value, choices, range, default: usual, platform, summary } = option;
  const told = { name, short, value, choices, range, default: usual, platform, summary };
  return { ...told, takesValue: type === 'string', ...(isList === true && { list: true }) };
}
