// Which command the words of a command line name.
import { listCommandGroups } from './command-groups.js';
import type { CommandSpec } from './command-spec.js';
import { unknownCommand, usageError } from './usage-error.js';

/** The command that the words begin with. Throws `usage`. */
export function findCommand(words: readonly string[], commands: readonly CommandSpec[]): CommandSpec {
  const [first, second] = words;
  if (first === undefined) throw usageError('No command given, expected one', '');
  const spec = commands.find(
    ({ name, aliases = [] }) => name === first || name === `${first} ${second}` || aliases.includes(first),
  );
  if (spec !== undefined) return spec;
  const group = listCommandGroups(commands).find(({ name }) => name === first);
  if (group === undefined) {
    const names = commands.flatMap(({ name, aliases = [] }) => [name.split(' ')[0]!, ...aliases]);
    throw unknownCommand(first, [...new Set(names)]);
  }
  const inGroup = [...group.commands.keys()];
  if (second !== undefined && !second.startsWith('-')) throw unknownCommand(second, inGroup, first);
  throw usageError(`No ${first} command given, expected one of ${inGroup.join(', ')}`, first);
}
