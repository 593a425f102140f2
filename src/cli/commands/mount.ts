// isodrive mount IMAGE [DIR]: the only thing on stdout is the mount point.
import { resolve } from 'node:path';
import { connectOrStart } from '../../protocol/start-daemon.js';
import { controlSocketPath } from '../../protocol/socket-path.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import type { MountParams } from '../../protocol/messages.js';
import type { RunCommand } from '../command-spec.js';
import { MOUNT_DEADLINE } from '../mount-deadline.js';
import { readViewOptions } from '../view-options.js';

export const runMount: RunCommand = async (args, context) => {
  const { output, signal } = context;
  if (process.platform === 'win32') {
    const { mountOnWindows } = await import('../windows-mounts.js');
    await mountOnWindows(args, context);
    return undefined;
  }
  const socketPath = controlSocketPath(args.text('socket'));
  const dir = args.text('dir');
  const directory = dir === undefined ? undefined : resolve(dir);
  const params: MountParams = {
    image: resolve(args.required('image')),
    ...(directory === undefined ? {} : { directory }),
    ...readViewOptions(args),
    // The parser has checked the choice.
    driver: (args.text('driver') ?? 'auto') as NonNullable<MountParams['driver']>,
    new: args.flag('new'),
    allowOther: args.flag('allow-other'),
    wine: args.flag('wine'),
  };
  await using client = await connectOrStart({ socketPath, signal });
  const { mount, existing } = await client.call('mount', params, { signal, deadline: MOUNT_DEADLINE });
  if (existing && directory !== undefined && directory !== mount.mountPoint) {
    output.note(`the image is mounted already, not at "${directory}"; --new mounts it there as well`);
  }
  if (output.json) await output.record({ schemaVersion: SCHEMA_VERSION, ...mount, existing });
  else await output.line(mount.mountPoint);
  return undefined;
};
