// isodrive ls IMAGE [PATH]: entries as names, long lines, or one JSON object a line. What cannot be read is told in
// its place, and the exit code says that something was.
import { IsodriveError } from '../../base/error.js';
import { formatLongEntry, formatShortEntry, toJsonEntry } from '../../present/list/format-entry.js';
import { listEntries } from '../../present/list/list-entries.js';
import type { ListOptions, ListedEntry } from '../../present/list/list-entries.js';
import type { RunCommand } from '../command-spec.js';
import { findInImage } from '../find-in-image.js';
import { openForCommand } from '../open-for-command.js';

export const runLs: RunCommand = async (args, { output, signal }) => {
  await using image = await openForCommand(args, signal);
  const row = await findInImage(image.index, args.text('path') ?? '/');
  const hash = await chooseHash(args.text('hash'));
  const format = chooseFormat(output.json, args.flag('long') || hash !== undefined);
  let faults = 0;
  for await (const entry of listEntries(image, row, { recursive: args.flag('recursive'), hash, signal })) {
    if (entry.error !== undefined) faults += 1;
    await output.line(format(entry));
  }
  if (faults === 0) return 0;
  throw new IsodriveError(
    'partial',
    `Cannot read ${faults} entries of "${image.source.name}" whole, expected to read all`,
    { action: 'The listing says why beside each' },
  );
};

/** Digests are loaded only for who asks for them. */
async function chooseHash(names: string | undefined): Promise<ListOptions['hash']> {
  if (names === undefined) return undefined;
  const { parseAlgorithms } = await import('../../imaging/hash/digests.js');
  const { CONTENT_CHUNK_BYTES, hashContent } = await import('../../imaging/hash/hash-content.js');
  const algorithms = parseAlgorithms(names);
  const buffer = new Uint8Array(CONTENT_CHUNK_BYTES);
  return (content, signal) => hashContent(content, algorithms, buffer, signal);
}

function chooseFormat(json: boolean, long: boolean): (entry: ListedEntry) => string {
  if (json) return (entry) => JSON.stringify(toJsonEntry(entry));
  return long ? formatLongEntry : formatShortEntry;
}
