// isodrive run IMAGE -- COMMAND: mounts, runs the command with the mount point in place of {} and in ISODRIVE_MOUNT,
// and unmounts however it ends.
import { resolveHostPath } from '../../base/path-text.js';
import { controlSocketPath } from '../../endpoint/socket-path.js';
import { BoundMount } from '../bound-mount.js';
import type { RunCommand } from '../command-spec.js';
import { refuseOnWindows } from '../refuse-on-windows.js';
import { readProgram } from '../read-program.js';
import { runProgram } from '../run-program.js';
import { readViewOptions } from '../view-options.js';

/** As of xargs. */
const DEFAULT_PLACEHOLDER = '{}';

export const runRun: RunCommand = async (args, { signal, takeSignals }) => {
  refuseOnWindows('run', 'Attach the image: isodrive mount, and detach it afterwards: isodrive unmount');
  const program = readProgram(args.list('command'));
  const image = resolveHostPath(args.required('image'));
  const params = { image, ...readViewOptions(args) };
  await using bound = await BoundMount.make(controlSocketPath(args.text('socket')), params, signal);
  const { mountPoint } = bound.mount;
  const placeholder = args.text('replace') ?? DEFAULT_PLACEHOLDER;
  const words = program.map((word) => word.replaceAll(placeholder, () => mountPoint));
  return await runProgram(readProgram(words), {
    environment: { ISODRIVE_MOUNT: mountPoint },
    descriptor: bound.descriptor,
    takeSignals,
  });
};
