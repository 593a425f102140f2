// isodrive index IMAGE -o FILE: the metadata with which a kernel mounts the image without isodrive.
import { open, realpath, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { IsodriveError, isSystemError } from '../../base/error.js';
import { writeMetadata } from '../../mount/erofs/write-metadata.js';
import type { MetadataSummary } from '../../mount/erofs/write-metadata.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import type { RunCommand } from '../command-spec.js';
import { formatBytes, formatCount } from '../count-text.js';
import { openForCommand } from '../open-for-command.js';

export const runIndex: RunCommand = async (args, { output, signal }) => {
  const wanted = args.text('output');
  if (wanted === undefined) {
    throw new IsodriveError('usage', 'Found no --output, expected the file to write the metadata to', {
      action: 'Name it: isodrive index IMAGE -o META.erofs',
    });
  }
  await using image = await openForCommand(args, signal);
  const path = resolve(wanted);
  if ((await realpath(path).catch(() => path)) === (await realpath(image.source.name))) {
    throw new IsodriveError('usage', `Cannot write to "${path}": it is the image, expected another file`);
  }
  const started = performance.now();
  const { index, source, tree } = image;
  const summary = await writeWhole(path, (file) =>
    writeMetadata({ index, source, label: tree.label, signal }, file),
  );
  const seconds = (performance.now() - started) / 1000;
  if (output.json) {
    await output.record({
      schemaVersion: SCHEMA_VERSION,
      image: source.name,
      output: path,
      ...summary,
      entries: index.table.rowCount,
      seconds,
    });
  } else {
    const entries = formatCount(index.table.rowCount, 'entry', 'entries');
    await output.line(`${entries} indexed, ${formatBytes(summary.bytes)} written to ${path}`);
  }
  return undefined;
};

type Write = (file: Awaited<ReturnType<typeof open>>) => Promise<MetadataSummary>;

/** Writes a file whole or not at all: under another name first. */
async function writeWhole(path: string, write: Write): Promise<MetadataSummary> {
  const draft = `${path}.${process.pid}`;
  try {
    await using file = await open(draft, 'wx', 0o644);
    const summary = await write(file);
    await file.sync();
    await rename(draft, path);
    return summary;
  } catch (thrown) {
    await rm(draft, { force: true });
    if (!isSystemError(thrown)) throw thrown;
    throw new IsodriveError(
      'permission',
      `Cannot write "${path}": ${thrown.code}, expected to be allowed to`,
      {
        cause: thrown,
        action: 'Choose a file in a directory that you may write to',
      },
    );
  }
}
