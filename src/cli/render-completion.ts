// Completion scripts for the shells, made from the command table: commands, options, their choices, and files.
import { IsodriveError } from '../base/error.js';
import type { OptionSpec } from '../options/option-spec.js';
import { listCommandGroups } from './command-groups.js';
import type { CommandSpec } from './command-spec.js';
import { HELP } from './common-options.js';

/** The script for "bash", "zsh" or "fish". Throws `usage` for another shell. */
export function renderCompletion(shell: string, commands: readonly CommandSpec[]): string {
  if (shell === 'bash') return renderBash(commands);
  // zsh runs completions written for bash; what it needs first is its emulation of them.
  if (shell === 'zsh')
    return `#compdef isodrive\nautoload -U +X bashcompinit && bashcompinit\n${renderBash(commands)}`;
  if (shell === 'fish') return renderFish(commands);
  throw new IsodriveError('usage', `Shell is "${shell}", expected bash, zsh or fish`);
}

function flagsOf({ options, common }: CommandSpec): string[] {
  return [...options, ...common, HELP].flatMap(({ name, short }) =>
    short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`],
  );
}

function patternOf({ name, aliases = [] }: CommandSpec): string {
  return [name, ...aliases].map((word) => `"${word}"`).join('|');
}

function firstWords(commands: readonly CommandSpec[]): string[] {
  return [...new Set(commands.map(({ name }) => name.split(' ')[0]!))];
}

function renderBash(commands: readonly CommandSpec[]): string {
  const choices = commands.flatMap(({ options }) => options).filter((option) => option.choices !== undefined);
  const byOption = new Map(choices.map((option) => [`--${option.name}`, offerChoices(option)]));
  const groups = listCommandGroups(commands);
  const isGroup = groups.map(({ name }) => name).join('|');
  return [
    '_isodrive() {',
    '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" command="${COMP_WORDS[1]}"',
    '  COMPREPLY=()',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    COMPREPLY=($(compgen -W "${firstWords(commands).join(' ')}" -- "$current")); return`,
    '  fi',
    '  case "$previous" in',
    ...[...byOption].map(([flag, offer]) => `    ${flag}) ${offer}; return ;;`),
    '  esac',
    '  if [ "$COMP_CWORD" -eq 2 ]; then',
    '    case "$command" in',
    ...groups.map(
      (group) =>
        `      ${group.name}) COMPREPLY=($(compgen -W "${[...group.commands.keys()].join(' ')}" -- "$current")); return ;;`,
    ),
    ...positionalChoices(commands).map(
      ([command, words]) => `      ${command}) COMPREPLY=($(compgen -W "${words}" -- "$current")); return ;;`,
    ),
    '    esac',
    '  fi',
    `  case "$command" in ${isGroup}) command="$command \${COMP_WORDS[2]}" ;; esac`,
    '  case "$current" in',
    '    -*)',
    '      case "$command" in',
    ...commands.map(
      (spec) =>
        `        ${patternOf(spec)}) COMPREPLY=($(compgen -W "${flagsOf(spec).join(' ')}" -- "$current")) ;;`,
    ),
    '      esac ;;',
    '    *) compopt -o filenames 2>/dev/null; local IFS=$\'\\n\'; COMPREPLY=($(compgen -f -- "$current")) ;;',
    '  esac',
    '}',
    'complete -F _isodrive isodrive',
  ].join('\n');
}

/** Of a list, what stands before the last comma stays. */
function offerChoices({ choices = [], isList }: OptionSpec): string {
  const words = choices.join(' ');
  if (isList !== true) return `COMPREPLY=($(compgen -W "${words}" -- "$current"))`;
  const before = 'local before="${current%"${current##*,}"}"';
  return `${before}; COMPREPLY=($(compgen -P "$before" -W "${words}" -- "\${current##*,}"))`;
}

function positionalChoices(commands: readonly CommandSpec[]): [string, string][] {
  return commands.flatMap(({ name, positionals }) => {
    const choices = positionals[0]?.choices;
    return choices === undefined ? [] : [[name, choices.join(' ')] as [string, string]];
  });
}

function renderFish(commands: readonly CommandSpec[]): string {
  const quote = (text: string): string => `'${text.replaceAll(/['\\]/gu, '\\$&')}'`;
  const offer = (words: readonly string[], isList: boolean): string =>
    quote(isList ? `(commandline -ct | string replace -r '[^,]*$' ''){${words.join(',')}}` : words.join(' '));
  const option = ({ name, short, choices, isList = false, summary, type }: OptionSpec): string =>
    [
      `-l ${name}`,
      ...(short === undefined ? [] : [`-s ${short}`]),
      ...(type === 'string' ? ['-r'] : []),
      ...(choices === undefined ? [] : [`-f -a ${offer(choices, isList)}`]),
      `-d ${quote(summary)}`,
    ].join(' ');
  const lines = [`complete -c isodrive ${option(HELP)}`];
  for (const spec of commands) {
    const [first = '', second] = spec.name.split(' ');
    const when = second === undefined ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${first}`;
    lines.push(`complete -c isodrive -f -n ${quote(when)} -a ${second ?? first} -d ${quote(spec.summary)}`);
    const words = second === undefined ? [first, ...(spec.aliases ?? [])] : [second];
    for (const own of [...spec.options, ...spec.common]) {
      const used = `__fish_seen_subcommand_from ${words.join(' ')}`;
      lines.push(`complete -c isodrive -n ${quote(used)} ${option(own)}`);
    }
  }
  for (const { name, summary } of listCommandGroups(commands)) {
    lines.push(`complete -c isodrive -f -n '__fish_use_subcommand' -a ${name} -d ${quote(summary)}`);
  }
  for (const [command, words] of positionalChoices(commands)) {
    const used = `__fish_seen_subcommand_from ${command}`;
    lines.push(`complete -c isodrive -f -n ${quote(used)} -a ${quote(words)}`);
  }
  return lines.join('\n');
}
