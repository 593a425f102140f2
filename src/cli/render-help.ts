// Help texts of the command table. yargs lays them out, in columns as wide as the terminal; it reads no command line,
// and is loaded only for this: that takes longer than most commands.
import yargs from 'yargs';
import type { Argv } from 'yargs';
import type { OptionSpec } from '../options/option-spec.js';
import type { CommandGroup } from './command-groups.js';
import { exampleLines } from './command-examples.js';
import type { CommandSpec, PositionalSpec } from './command-spec.js';
import { GLOBAL_OPTIONS, HELP } from './common-options.js';
import { isCommand, listCommands } from './help-topic.js';
import type { HelpTopic } from './help-topic.js';
import { labelOf, synopsisOf } from './usage-error.js';

/** Heading of the rows that have no dashes. */
const ARGUMENTS = 'Arguments:';
/** As src/base/error.ts has them. */
const EXIT_CODES = `Exit codes:
    0  all went well
    1  unexpected: a defect of isodrive
    2  the command line is wrong
    3  the image, or a path in it, cannot be read
    4  no such mount
    5  the image is damaged or not supported
    6  permission or policy refuses
    7  busy
    8  the daemon cannot be reached
    9  it took too long
   10  verification failed
   11  done in part
   12  the image has changed
  126  the program cannot be run (run, wine)
  127  there is no such program (run, wine)
  130  interrupted; 143 by SIGTERM

isodrive help COMMAND explains a command.`;

/** Heading of options that work elsewhere, by the only system where they do. */
const PLATFORM_HEADINGS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { win32: 'On Windows only:' };

/** Laid out for so many columns, without the last line's end. */
export async function renderHelp(
  topic: HelpTopic,
  commands: readonly CommandSpec[],
  columns: number,
): Promise<string> {
  const page = yargs([]).scriptName('').locale('en').help(false).version(false).wrap(columns);
  page.updateStrings({ 'Positionals:': ARGUMENTS });
  if (isCommand(topic)) fillCommandPage(page, topic);
  else fillListPage(page, topic, commands);
  const examples = formatExamples(exampleLines(topic?.name ?? ''), columns);
  return [(await page.getHelp()).trimEnd(), examples, ...(topic === undefined ? [EXIT_CODES] : [])].join(
    '\n\n',
  );
}

function fillListPage(page: Argv, group: CommandGroup | undefined, commands: readonly CommandSpec[]): void {
  const summary = group?.summary ?? 'Shows disc images as folders, without root and without burning';
  const word = group === undefined ? '' : `${group.name} `;
  page.usage(`Usage: isodrive ${word}COMMAND\n\n${summary}`);
  for (const { name, aliases = [], summary: what } of listCommands(group, commands)) {
    page.command([name, ...aliases], what);
  }
  if (group === undefined) addOptions(page, 'Options:', GLOBAL_OPTIONS);
}

function fillCommandPage(page: Argv, spec: CommandSpec): void {
  const { name, aliases = [], summary, positionals, options, common } = spec;
  const others = aliases.length === 0 ? '' : `\n       (${aliases.join(', ')} is the same as ${name})`;
  page.usage(`Usage: ${synopsisOf(spec)}${others}\n\n${summary}`);
  addRows(
    page,
    ARGUMENTS,
    positionals.map((one) => [labelOf(one), describe(one)]),
  );
  addOptions(
    page,
    'Options:',
    options.filter(({ isView }) => isView !== true),
  );
  addOptions(
    page,
    'Which view of the image:',
    options.filter(({ isView }) => isView === true),
  );
  addOptions(page, 'Common options:', [...common, HELP]);
}

function addOptions(page: Argv, heading: string, options: readonly OptionSpec[]): void {
  const headings = new Map<string, OptionSpec[]>([[heading, []]]);
  for (const option of options) {
    const own = option.platform === undefined ? heading : (PLATFORM_HEADINGS[option.platform] ?? heading);
    headings.set(own, [...(headings.get(own) ?? []), option]);
  }
  for (const [title, list] of headings) {
    for (const { name, short, value } of list) {
      if (short !== undefined) page.alias(value === undefined ? name : `${name} ${value}`, short);
    }
    addRows(
      page,
      title,
      list.map((one) => [one.value === undefined ? one.name : `${one.name} ${one.value}`, describe(one)]),
    );
  }
}

/** Rows of a section: to yargs all of them are options that it need not understand, and so without a type. */
function addRows(page: Argv, heading: string, rows: readonly (readonly [string, string])[]): void {
  for (const [left, right] of rows) page.option(left, { describe: right });
  page.group(
    rows.map(([left]) => left),
    heading,
  );
}

/** "What it does; one of a, b (default: a)". */
function describe(item: OptionSpec | PositionalSpec): string {
  const { summary, choices } = item;
  const { default: usual, isList, range }: Partial<OptionSpec> = 'type' in item ? item : {};
  const values =
    choices === undefined ? '' : `; ${isList === true ? 'some' : 'one'} of ${choices.join(', ')}`;
  const bounds =
    range === undefined || usual === undefined || !/^\d+$/u.test(usual) ? '' : `, at most ${range[1]}`;
  return `${summary}${values}${bounds}${usual === undefined ? '' : ` (default: ${usual})`}`;
}

/** What is to be typed is never broken: it may be copied from here. */
function formatExamples(examples: readonly (readonly [string, string])[], columns: number): string {
  const width = Math.max(...examples.map(([command]) => command.length));
  const isWide = examples.every(([, meaning]) => width + meaning.length + 4 <= columns);
  const lines = examples.map(([command, meaning]) =>
    isWide ? `  ${command.padEnd(width)}  ${meaning}` : `  ${command}\n      ${meaning}`,
  );
  return ['Examples:', ...lines].join('\n');
}
