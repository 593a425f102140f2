// Commands of two words, by their first: what help and completion tell of the group as a whole.
import type { CommandSpec } from './command-spec.js';

export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  /** In the order of the table, by their second word. */
  readonly commands: ReadonlyMap<string, CommandSpec>;
}

const SUMMARIES: Readonly<Record<string, string>> = {
  daemon: 'Start, end or upgrade the daemon that holds the mounts, and read its log',
  drive: 'Serve images as optical drives, for programs and machines that want a drive',
};

/** Throws where a group has no summary. */
export function listCommandGroups(commands: readonly CommandSpec[]): CommandGroup[] {
  const groups = new Map<string, Map<string, CommandSpec>>();
  for (const spec of commands) {
    const [name = '', word] = spec.name.split(' ');
    if (word === undefined) continue;
    const group = groups.get(name) ?? new Map<string, CommandSpec>();
    groups.set(name, group.set(word, spec));
  }
  return [...groups].map(([name, group]) => {
    const summary = SUMMARIES[name];
    if (summary === undefined)
      throw new Error(`Group "${name}" has no summary, expected one beside its name`);
    return { name, summary, commands: group };
  });
}
