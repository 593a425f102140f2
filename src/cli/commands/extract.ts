// isodrive extract IMAGE [PATH...] -C DIR: a summary on stdout, progress on a terminal, each fault on stderr.
import { resolveHostPath } from '../../base/path-text.js';
import { IsodriveError } from '../../base/error.js';
import { extract } from '../../present/extract/extract.js';
import type { OpenedImage } from '../../image/open-image.js';
import type { ExistingRule } from '../../present/extract/existing-entries.js';
import { escapeHostText } from '../../base/display-name.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { chooseQuestion } from '../ask-to-replace.js';
import type { CommandArguments, RunCommand } from '../command-spec.js';
import { formatBytes, formatCount } from '../count-text.js';
import { formatDamage } from '../format-damage.js';
import { findInImage } from '../find-in-image.js';
import { openForCommand } from '../open-for-command.js';
import type { Output } from '../output.js';
import { ProgressLine } from '../progress-line.js';

type Summary = Awaited<ReturnType<typeof extract>>;

/** Faults that are told one by one; beyond, their number says more. */
const MAX_LINES = 20;
const RULES = [
  ['overwrite', 'overwrite'],
  ['update', 'update'],
  ['skip-existing', 'skip'],
] as const;

export const runExtract: RunCommand = async (args, { output, signal }) => {
  const existing = chooseRule(args);
  const directory = chooseDirectory(args);
  await using image = await openForCommand(args, signal);
  const rows = await resolveAll(args, (path) => findInImage(image.index, path));
  const progress = output.stderrIsTerminal && !output.json ? new ProgressLine(output.stderr) : undefined;
  const clear = (): void => progress?.clear();
  let summary: Summary;
  try {
    summary = await extract(image, {
      ...{ rows, directory, existing, signal },
      attributes: args.flag('xattrs'),
      preserve: args.flag('preserve'),
      askToReplace: chooseQuestion(output, clear, signal),
      onProgress: progress?.show.bind(progress),
    });
  } finally {
    clear();
  }
  for (const line of formatFindings(image.findings)) output.note(line);
  await report(summary, directory, output);
  if (summary.stopped !== undefined) throw summary.stopped;
  const { failures, failureCount } = summary;
  if (failureCount === 0) return 0;
  throw new IsodriveError(
    'partial',
    `Cannot extract ${formatCount(failureCount, 'entry', 'entries')} whole, expected to extract all`,
    // All say the same of what is there; otherwise the first is as good as any.
    { action: failures[0]?.error.action ?? 'See the messages above' },
  );
};

async function report(summary: Summary, directory: string, output: Output): Promise<void> {
  const { failures, failureCount, stopped, ...counts } = summary;
  if (output.json) {
    const faults = failures.map(({ path, error }) => ({ path, code: error.code, message: error.message }));
    await output.record({
      schemaVersion: SCHEMA_VERSION,
      directory,
      ...counts,
      complete: stopped === undefined && failureCount === 0,
      failureCount,
      failures: faults,
    });
    return;
  }
  for (const { path, error } of failures.slice(0, MAX_LINES)) {
    output.note(`${path}: ${error.message}`);
  }
  if (failureCount > MAX_LINES) output.note(`and ${failureCount - MAX_LINES} more`);
  await output.line(formatSummary(summary, directory));
}

/** What is lost without a fault of any file: tracks of a file that is missing are empty. */
function formatFindings({ findings }: OpenedImage['findings']): string[] {
  const messages = findings
    .filter(({ code, severity }) => severity === 'damage' && code !== 'file-beyond-end')
    .map(({ message }) => message);
  if (messages.length === 0) return [];
  return [formatDamage({ filesBeyondEnd: 0, isWhole: true, messages })];
}

function chooseRule(args: CommandArguments): ExistingRule {
  const [first, second] = RULES.filter(([option]) => args.flag(option));
  if (first === undefined || second === undefined) return first?.[1] ?? 'refuse';
  throw new IsodriveError('usage', `Found --${first[0]} and --${second[0]}, expected one of them`);
}

/** Programs that write to stdout take "-" for it: a folder of that name would be a surprise. */
function chooseDirectory(args: CommandArguments): string {
  const directory = args.text('directory') ?? '.';
  if (directory !== '-' && directory !== '') return resolveHostPath(directory);
  throw new IsodriveError(
    'usage',
    `Found -C ${JSON.stringify(directory)}, expected the name of a directory`,
    {
      action: 'Write one file to standard output with isodrive cat; for a directory named "-" write ./-',
    },
  );
}

async function resolveAll(
  args: CommandArguments,
  find: (path: string) => Promise<number>,
): Promise<readonly number[]> {
  const paths = args.list('paths');
  const rows = new Set<number>();
  for (const path of paths.length === 0 ? ['/'] : paths) rows.add(await find(path));
  return [...rows];
}

function formatSummary(summary: Summary, directory: string): string {
  const counts = [
    formatCount(summary.files, 'file', 'files'),
    formatCount(summary.directories, 'directory', 'directories'),
    formatCount(summary.symlinks, 'symlink', 'symlinks'),
  ];
  if (summary.hardLinks > 0) counts.push(formatCount(summary.hardLinks, 'hard link', 'hard links'));
  if (summary.specials > 0) counts.push(formatCount(summary.specials, 'special file', 'special files'));
  const speed = formatBytes(Math.round(summary.seconds > 0 ? summary.bytes / summary.seconds : 0));
  const kept: string[] = [];
  if (summary.unchanged > 0) kept.push(`${summary.unchanged} there already`);
  if (summary.skipped > 0) kept.push(`${summary.skipped} kept as found`);
  if (summary.sockets > 0) kept.push(`${formatCount(summary.sockets, 'socket', 'sockets')} left out`);
  const rest = kept.length === 0 ? '' : ` (${kept.join(', ')})`;
  const what = `${counts.join(', ')}, ${formatBytes(summary.bytes)} (${speed}/s)`;
  return `${what} extracted to ${escapeHostText(directory)}${rest}`;
}
