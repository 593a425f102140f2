// isodrive completion SHELL: a script made from the command table.
import type { RunCommand } from '../command-spec.js';
import { renderCompletion } from '../render-completion.js';

export const runCompletion: RunCommand = async (args, { output, commands }) => {
  await output.line(renderCompletion(args.required('shell'), commands));
  return undefined;
};
