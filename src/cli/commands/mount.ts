// isodrive mount IMAGE... [DIR]: the only thing on stdout are mount points, a line each. An image that cannot be
// mounted does not stop the others.
import { MOUNT_OPTIONS } from '../../options/mount-options.js';
import { readFlags } from '../../options/read-flags.js';
import { connectOrStart } from '../../protocol/start-daemon.js';
import { ControlClient } from '../../protocol/client.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import type { MountParams, MountResult, MountSummary } from '../../protocol/messages.js';
import { IsodriveError } from '../../base/error.js';
import { findMount, readMountTable } from '../../mount/mount-table.js';
import { escapeHostText } from '../../base/display-name.js';
import type { CommandArguments, CommandContext, RunCommand } from '../command-spec.js';
import { findAge } from '../daemon-age.js';
import { formatDamage } from '../format-damage.js';
import { findSocket } from '../find-socket.js';
import { MOUNT_DEADLINE } from '../mount-deadline.js';
import { readMountArguments } from '../mount-arguments.js';
import type { Output } from '../output.js';
import { reportError } from '../report-error.js';
import { readViewOptions } from '../view-options.js';

export const runMount: RunCommand = async (args, context) => {
  const { images, directory } = await readMountArguments(args);
  const mount = (image: string): Promise<void> => mountImage(args, image, directory, context);
  const exits: number[] = [];
  for (const image of images) {
    try {
      await mount(image);
    } catch (thrown) {
      if (images.length === 1 || context.signal.aborted) throw thrown;
      await context.output.flush();
      exits.push(reportError(thrown, context.output));
    }
  }
  if (exits.length === 0 || exits.length === images.length) return exits[0];
  throw new IsodriveError(
    'partial',
    `Cannot mount ${exits.length} of ${images.length} images, expected to mount all`,
  );
};

async function mountImage(
  args: CommandArguments,
  image: string,
  directory: string | undefined,
  { output, signal }: CommandContext,
): Promise<void> {
  const { path: socketPath, isSystem } = findSocket(args);
  const params: MountParams = {
    image,
    ...readViewOptions(args),
    ...readFlags(MOUNT_OPTIONS, args),
    directory,
    letter: readLetter(args),
  };
  const { mount, existing } = isSystem
    ? await mountByService(socketPath, params, signal)
    : await mountByPath(socketPath, params, { output, signal });
  if (existing && params.letter !== undefined && !mount.mountPoint.startsWith(params.letter)) {
    output.note(`the image is mounted already, as ${mount.mountPoint}; unmount it to choose its letter`);
  }
  if (mount.damage !== undefined) output.note(formatDamage(mount.damage));
  if (!isSystem && directory === undefined) adviseBehindSudo(output);
  if (hasNothingToVerify(mount)) output.note('no sums are recorded on this disc: nothing will be verified');
  if (output.json) await output.record({ schemaVersion: SCHEMA_VERSION, ...mount, existing });
  else await output.data(mount.mountPoint);
}

/** Folders of root are closed to others, and so is its daemon. */
function adviseBehindSudo(output: Output): void {
  const { SUDO_USER: user = '' } = process.env;
  if (process.getuid?.() !== 0 || user === '' || user === 'root') return;
  output.note(
    `this is mounted for root; without sudo, ${escapeHostText(user)} sees it in "isodrive list" and may enter it`,
  );
}

async function mountByPath(
  socketPath: string,
  params: MountParams,
  { output, signal }: Pick<CommandContext, 'output' | 'signal'>,
): Promise<MountResult> {
  await using client = await connectOrStart({ socketPath, signal });
  const options = { signal, deadline: MOUNT_DEADLINE };
  const [age, result] = await Promise.all([findAge(client, signal), client.call('mount', params, options)]);
  if (age !== undefined) output.note(age);
  if (isUnseen(result.mount)) {
    if (!result.existing)
      await client.call('unmount', { targets: [{ name: result.mount.id, paths: [] }] }, options);
    throw elsewhere(result.mount);
  }
  return result;
}

/** Whether the daemon sees other mounts than this process: what it has mounted is not there for us. */
function isUnseen({ mountPoint }: MountSummary): boolean {
  return process.platform === 'linux' && findMount(readMountTable(), mountPoint) === undefined;
}

function elsewhere({ mountPoint }: MountSummary): IsodriveError {
  return new IsodriveError(
    'policy',
    `Cannot mount for this process: isodrived mounts at "${mountPoint}" in another mount namespace`,
    {
      action:
        'Use a daemon of this container or namespace: set ISODRIVE_SOCKET to a path of its own, and mount again',
    },
  );
}

async function mountByService(
  socketPath: string,
  params: MountParams,
  signal: AbortSignal,
): Promise<MountResult> {
  await using client = await ControlClient.connect(socketPath);
  // Only here: it can look into images, and loading that takes longer than all else that a mount needs.
  const { openForService } = await import('../open-for-service.js');
  await using opened = await openForService(params, signal);
  const { names, descriptors, point } = opened;
  let isUsed = false;
  try {
    // On a directory that is named and is no mount point yet, a mount that the image has is not the one that is wanted.
    const isNew = params.new === true || (params.directory !== undefined && !opened.isMounted);
    const named = { ...params, new: isNew, directory: point.directory, ...names };
    const result = await client.call('mount', named, { signal, deadline: MOUNT_DEADLINE, descriptors });
    isUsed = !result.existing;
    return result;
  } finally {
    if (!isUsed) await point.release();
  }
}

function hasNothingToVerify({ verified }: MountSummary): boolean {
  return verified !== undefined && verified.ok + verified.mismatch + verified.pending === 0;
}

/** The letter as the daemon takes it. Throws `usage`, or `unsupported` where drives have no letters. */
function readLetter(args: CommandArguments): string | undefined {
  const text = args.text('letter');
  if (text === undefined) return undefined;
  if (process.platform !== 'win32') {
    throw new IsodriveError('unsupported', 'Found --letter, expected none: only Windows has drive letters', {
      action: 'Name a directory instead, or use isodrive wine',
    });
  }
  const [, letter] = /^([a-z]):?$/iu.exec(text) ?? [];
  if (letter !== undefined) return letter.toUpperCase();
  throw new IsodriveError('usage', `Drive letter is "${text}", expected one of A to Z`);
}
