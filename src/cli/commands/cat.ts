// isodrive cat IMAGE PATH: the bytes of one file, and nothing else, on stdout.
import { writeFileTo } from '../../present/extract/write-file.js';
import type { RunCommand } from '../command-spec.js';
import { findInImage } from '../find-in-image.js';
import { openForCommand } from '../open-for-command.js';

export const runCat: RunCommand = async (args, { output, signal }) => {
  await using image = await openForCommand(args, signal);
  const row = await findInImage(image.index, args.required('path'));
  await output.send(() => writeFileTo(image, row, output.stdout, signal));
  return undefined;
};
