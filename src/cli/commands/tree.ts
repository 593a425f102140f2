// isodrive tree IMAGE [PATH]: the tree as a drawing; with --json the same records as ls -R.
import { toJsonEntry } from '../../present/list/format-entry.js';
import { listEntries } from '../../present/list/list-entries.js';
import { renderTree } from '../../present/list/render-tree.js';
import type { RunCommand } from '../command-spec.js';
import { findInImage } from '../find-in-image.js';
import { openForCommand } from '../open-for-command.js';

export const runTree: RunCommand = async (args, { output, signal }) => {
  await using image = await openForCommand(args, signal);
  const row = await findInImage(image.index, args.text('path') ?? '/');
  if (output.json) {
    for await (const entry of listEntries(image, row, { recursive: true, signal })) {
      await output.record(toJsonEntry(entry));
    }
  } else {
    for await (const line of renderTree(image, row, signal)) await output.line(line);
  }
  return undefined;
};
