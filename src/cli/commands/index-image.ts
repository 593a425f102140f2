// isodrive index IMAGE -o FILE: the metadata with which a kernel mounts the image without isodrive.
import { resolveHostPath } from '../../base/path-text.js';
import { IsodriveError } from '../../base/error.js';
import { kernelFiles } from '../../disc/native-plan.js';
import { unsuitable } from '../../mount/erofs/unsuitable.js';
import { writeMetadata } from '../../mount/erofs/write-metadata.js';
import { escapeHostText } from '../../base/display-name.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import type { RunCommand } from '../command-spec.js';
import { formatBytes, formatCount } from '../count-text.js';
import { openForCommand } from '../open-for-command.js';
import { writeWhole } from '../write-whole.js';

export const runIndex: RunCommand = async (args, { output, signal }) => {
  const wanted = args.text('output');
  if (wanted === undefined) {
    throw new IsodriveError('usage', 'Found no --output, expected the file to write the metadata to', {
      action: 'Name it: isodrive index IMAGE -o META.erofs',
    });
  }
  await using image = await openForCommand(args, signal);
  const { files, index, data, source, tree } = image;
  const devices = kernelFiles(data).map(({ descriptor }) => {
    const found = files.beside.find((one) => one.source.base?.descriptor === descriptor);
    return found?.name ?? files.mainName;
  });
  if (devices.length === 0) throw unsuitable(source.name, 'it is no plain file');
  const path = resolveHostPath(wanted);
  const started = performance.now();
  const summary = await writeWhole(path, source.name, (file) =>
    writeMetadata({ index, data, label: tree.label, signal }, file),
  );
  const seconds = (performance.now() - started) / 1000;
  if (output.json) {
    await output.record({
      schemaVersion: SCHEMA_VERSION,
      image: source.name,
      output: path,
      ...summary,
      ...(devices.length === 1 ? {} : { devices }),
      entries: index.table.rowCount,
      seconds,
    });
  } else {
    const entries = formatCount(index.table.rowCount, 'entry', 'entries');
    await output.line(`${entries} indexed, ${formatBytes(summary.bytes)} written to ${escapeHostText(path)}`);
    if (devices.length > 1) {
      const names = devices.map((name) => escapeHostText(name)).join(', ');
      output.note(`a device= for each of the image's files mounts it, in this order: ${names}`);
    }
  }
  return undefined;
};
