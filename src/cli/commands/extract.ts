// isodrive extract IMAGE [PATH...] -C DIR: a summary on stdout, progress on a terminal, each fault on stderr.
import { resolveHostPath } from '../../base/path-text.js';
import { IsodriveError } from '../../base/error.js';
import { extract } from '../../present/extract.js';
import { escapeHostText } from '../../present/display-name.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import type { CommandArguments, RunCommand } from '../command-spec.js';
import { formatBytes, formatCount } from '../count-text.js';
import { findInImage } from '../find-in-image.js';
import { openForCommand } from '../open-for-command.js';
import { ProgressLine } from '../progress-line.js';

type Summary = Awaited<ReturnType<typeof extract>>;

export const runExtract: RunCommand = async (args, { output, signal }) => {
  await using image = await openForCommand(args, signal);
  const rows = await resolveAll(args, (path) => findInImage(image.index, path));
  const directory = resolveHostPath(args.text('directory') ?? '.');
  const progress = output.stderrIsTerminal && !output.json ? new ProgressLine(output.stderr) : undefined;
  let summary: Summary;
  try {
    const onProgress = progress?.show.bind(progress);
    summary = await extract(image, { rows, directory, attributes: args.flag('xattrs'), signal, onProgress });
  } finally {
    progress?.clear();
  }
  const { failures, failureCount, ...counts } = summary;
  if (output.json) {
    const faults = failures.map(({ path, error }) => ({ path, code: error.code, message: error.message }));
    await output.record({
      schemaVersion: SCHEMA_VERSION,
      directory,
      ...counts,
      failureCount,
      failures: faults,
    });
  } else {
    for (const { path, error } of failures) {
      output.note(`${path}: ${error.message}`);
    }
    await output.line(formatSummary(summary, directory));
  }
  if (failureCount === 0) return 0;
  throw new IsodriveError(
    'partial',
    `Cannot extract ${formatCount(failureCount, 'entry', 'entries')} whole, expected to extract all`,
  );
};

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
  const speed = formatBytes(summary.seconds > 0 ? summary.bytes / summary.seconds : 0);
  return `${counts.join(', ')}, ${formatBytes(summary.bytes)} (${speed}/s) extracted to ${escapeHostText(directory)}`;
}
