// isodrive create SOURCE OUTPUT: an image of a disc, or of its tracks with a cue sheet. Progress on a terminal, or
// events as JSON; a summary at the end.
import { realHostPath, resolveHostPath } from '../../base/path-text.js';
import { IsodriveError } from '../../base/error.js';
import { createImage, unfinished } from '../../imaging/create/create-image.js';
import type { CreateOptions, CreateReport } from '../../imaging/create/create-image.js';
import { outputPaths } from '../../imaging/create/resume.js';
import { createCue, cuePaths, openTracks } from '../../imaging/create-tracks/create-cue.js';
import { parseAlgorithms } from '../../imaging/hash/digests.js';
import { escapeHostText } from '../../base/display-name.js';
import { renderRescueBar } from '../../present/map/rescue-bar.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import type { ByteSource } from '../../source/byte-source.js';
import { openImageFile } from '../../source/open-image-file.js';
import type { CommandArguments, RunCommand } from '../command-spec.js';
import { formatBytes, formatCount, formatSeconds } from '../count-text.js';
import type { Output } from '../output.js';
import { ProgressLine } from '../progress-line.js';

const DEFAULT_RETRIES = 3;
/** Affected files shown to people. */
const MAX_FILES_SHOWN = 20;

export const runCreate: RunCommand = async (args, { output, signal }) => {
  const path = resolveHostPath(args.required('source'));
  const algorithms = parseAlgorithms(args.text('hash') ?? 'sha256');
  const retries = args.number('retries') ?? DEFAULT_RETRIES;
  await using job = await openJob(path, args, signal);
  const { source } = job;
  const speed = args.number('speed');
  if (speed !== undefined) await setSpeed(source, speed);
  const line = output.stderrIsTerminal && !output.json ? new ProgressLine(output.stderr) : undefined;
  const show = chooseProgress(output, line);
  let share = 0;
  let report: CreateReport;
  try {
    report = await job.create({
      ...{ algorithms, retries, signal },
      verify: args.flag('verify'),
      preallocates: args.flag('preallocate'),
      force: args.flag('force'),
      acceptErrors: args.flag('accept-errors'),
      schemaVersion: SCHEMA_VERSION,
      onProgress: (progress, rescued) => {
        const { stage, bytesRescued, bytesTotal } = progress;
        if (stage !== 'verify') share = Math.floor((100 * bytesRescued) / Math.max(1, bytesTotal));
        show?.(progress, rescued);
      },
    });
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError) || thrown.code !== 'cancelled') throw thrown;
    throw new IsodriveError('cancelled', `Stopped at ${share} %, the rest is still to be read`, {
      cause: thrown,
      action: 'The same command goes on from there',
    });
  } finally {
    line?.clear();
  }
  if (output.json) await output.record({ schemaVersion: SCHEMA_VERSION, event: 'done', ...report });
  else await printReport(report, output);
  if (!report.finished) throw unfinished(report);
  return undefined;
};

/** What is read, and how an image is made of it. Disposing closes the source. */
interface Job extends AsyncDisposable {
  readonly source: ByteSource;
  create(options: Omit<CreateOptions, 'paths' | 'sectorBytes'>): Promise<CreateReport>;
}

async function openJob(path: string, args: CommandArguments, signal: AbortSignal): Promise<Job> {
  const target = resolveHostPath(args.required('output'));
  const named = args.text('map');
  const map = named === undefined ? undefined : resolveHostPath(named);
  const readOffset = args.number('read-offset');
  if (/\.cue$/i.test(target)) {
    const paths = cuePaths(target, map);
    const opened = await openTracks(path, readOffset ?? 0, signal);
    return {
      source: opened.source,
      create: (options) => createCue(opened, paths, options),
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  }
  if (readOffset !== undefined) {
    throw new IsodriveError(
      'usage',
      'Option --read-offset is of sound, expected an output that ends in .cue',
    );
  }
  const paths = outputPaths(target, map);
  const { source } = await openImageFile(path, undefined, signal);
  try {
    await refuseSameFile(path, paths.output);
  } catch (thrown) {
    await source[Symbol.asyncDispose]();
    throw thrown;
  }
  return {
    source,
    create: (options) => createImage(source, { ...options, paths }),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

function chooseProgress(output: Output, line: ProgressLine | undefined): CreateOptions['onProgress'] {
  if (output.json) {
    // An event is worth something only while it is new, so it does not wait for others.
    return (progress) => {
      output.stdout.write(
        `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, event: 'progress', ...progress })}\n`,
      );
    };
  }
  if (line === undefined) return undefined;
  return ({ stage, bytesRescued, bytesBad, bytesTotal, bytesPerSecond }, map) => {
    const bad = bytesBad === 0 ? '' : `  ${formatBytes(bytesBad)} bad`;
    const remark = stage === 'verify' ? '  comparing' : bad;
    line.show({ bytesDone: bytesRescued, bytesTotal, bytesPerSecond }, remark, (width) =>
      renderRescueBar(map, width),
    );
  };
}

async function printReport(report: CreateReport, output: Output): Promise<void> {
  for (const { message } of report.findings) output.note(message);
  const { affectedFiles } = report;
  for (const { path, ranges } of affectedFiles.slice(0, MAX_FILES_SHOWN)) {
    const bytes = ranges.reduce((sum, { size }) => sum + size, 0);
    output.note(`${path}: ${formatBytes(bytes)} could not be read`);
  }
  if (affectedFiles.length > MAX_FILES_SHOWN) {
    output.note(`${affectedFiles.length - MAX_FILES_SHOWN} more files could not be read whole`);
  }
  if (!report.finished) return;
  for (const [algorithm, digest] of Object.entries(report.digests))
    await output.line(`${algorithm}  ${digest}`);
  const lost = report.unreadable.reduce((sum, { size }) => sum + size, 0);
  const parts = [
    `${formatBytes(report.size)} in ${formatSeconds(report.seconds)}`,
    ...(report.resumed ? ['gone on from an earlier run'] : []),
    ...(report.differing === undefined ? [] : ['compared with the source: the same']),
    lost === 0 ? 'all sectors read' : `${formatBytes(lost)} missing`,
    ...(affectedFiles.length === 0 ? [] : [`${formatCount(affectedFiles.length, 'file', 'files')} affected`]),
  ];
  await output.line(`${escapeHostText(report.image)}: ${parts.join(', ')}`);
}

async function setSpeed(source: ByteSource, speed: number): Promise<void> {
  if (source.drive !== undefined && source.setSpeed !== undefined) return source.setSpeed(speed);
  throw new IsodriveError('usage', `Cannot set the speed of "${source.name}": it is no optical drive`);
}

/** Replacing the source by its own image would lose it. */
async function refuseSameFile(source: string, output: string): Promise<void> {
  const target = await realHostPath(output).catch(() => output);
  if (target !== (await realHostPath(source))) return;
  throw new IsodriveError(
    'usage',
    `Cannot write "${output}": it is the source itself, expected another file`,
  );
}
