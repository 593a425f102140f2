// Which mount a user means.
import { IsodriveError } from '../../src/base/error.js';
import type { UnmountTarget } from '../../src/protocol/messages.js';

/** What a mount can be called by. */
export interface MountNames {
  readonly id: string;
  readonly directory: string;
  /** Absolute path of its image. */
  readonly path: string;
  readonly label: string;
}

/**
 * The mount that a target means: exact id first, then mount point or image path, label, unique id prefix, and at last
 * the innermost mount that a path is in.
 * Throws `no-such-mount`, or `usage` when it means several.
 */
export function findTarget<T>(
  mounts: readonly T[],
  target: UnmountTarget,
  namesOf: (mount: T) => MountNames,
): T {
  const named = mounts.map((mount) => ({ mount, names: namesOf(mount) }));
  const rules: ((names: MountNames) => boolean)[] = [
    ({ id }) => id === target.name,
    ({ directory }) => target.paths.includes(directory),
    ({ path }) => target.paths.includes(path),
    ({ label }) => label !== '' && label === target.name,
    ({ id }) => id.startsWith(target.name.toLowerCase()),
  ];
  for (const rule of rules) {
    const found = named.filter(({ names }) => rule(names));
    if (found.length > 1) {
      throw ambiguous(
        target,
        found.map(({ names }) => names),
      );
    }
    if (found[0] !== undefined) return found[0].mount;
  }
  const [around] = named
    .filter(({ names }) => isIn(target, names.directory))
    .sort((a, b) => b.names.directory.length - a.names.directory.length);
  if (around !== undefined) return around.mount;
  throw new IsodriveError(
    'no-such-mount',
    `No mount is called "${target.name}", expected an id, a label, a mount point, a path in it or an image`,
  );
}

/** Told by the paths alone: to look at what is mounted may take for ever. A name that is no path means none. */
function isIn({ name, paths }: UnmountTarget, directory: string): boolean {
  const isPath = /[/\\]/u.test(name) || /^\.{1,2}$/u.test(name);
  // A drive of Windows ends with a separator.
  const stem = directory.replace(/[/\\]$/u, '');
  return isPath && paths.some((path) => path.startsWith(stem) && /^[/\\]/u.test(path.slice(stem.length)));
}

function ambiguous(target: UnmountTarget, found: readonly MountNames[]): IsodriveError {
  const names = found.map(({ id, directory }) => `${id} at "${directory}"`).join(', ');
  return new IsodriveError('usage', `"${target.name}" means ${found.length} mounts, expected one: ${names}`, {
    action: 'Name it by its id or mount point',
  });
}
