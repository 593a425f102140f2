// Resolves symlinks one component at a time, and stops before it would touch one of our own mounts: a request to
// ourselves from the event loop's threads could wait for ever for the very loop that waits for it.
import { lstat, readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { decodePath, hostPath } from '../../src/base/path-text.js';
import { IsodriveError } from '../../src/base/error.js';

/** Symlinks on one path, as in the kernel (MAXSYMLINKS, linux/namei.h). */
const MAX_SYMLINKS = 40;

/** Target of a symlink; undefined for what is none, or cannot be seen. */
export type ReadSymlink = (path: string) => Promise<string | undefined>;

/**
 * The path without symlinks; components that do not exist or may not be seen stay as they are, whoever opens the
 * path reports them. Rejects with `policy` when the path leads into a mount for which `isOurs` is true, and `loop`.
 */
export async function resolvePath(
  path: string,
  isOurs: (path: string) => string | undefined,
  readSymlink: ReadSymlink = readSymlinkByPool,
): Promise<string> {
  let symlinks = 0;
  let resolved = '/';
  let rest = resolve(path)
    .split('/')
    .filter((part) => part !== '');
  while (rest.length > 0) {
    const next = join(resolved, rest[0]!);
    const mount = isOurs(next);
    if (mount !== undefined) throw insideMount(path, mount);
    rest = rest.slice(1);
    const target = await readSymlink(next);
    if (target === undefined) {
      resolved = next;
      continue;
    }
    symlinks += 1;
    if (symlinks > MAX_SYMLINKS) {
      throw new IsodriveError('loop', `Path "${path}" has more than ${MAX_SYMLINKS} symlinks`, {
        action: 'Check where its symlinks lead',
      });
    }
    const followed = resolve(dirname(next), target);
    rest = [...followed.split('/').filter((part) => part !== ''), ...rest];
    resolved = '/';
  }
  return resolved;
}

async function readSymlinkByPool(path: string): Promise<string | undefined> {
  try {
    const real = hostPath(path);
    if (!(await lstat(real)).isSymbolicLink()) return undefined;
    return decodePath(await readlink(real, { encoding: 'buffer' }));
  } catch {
    return undefined;
  }
}

function insideMount(path: string, mount: string): IsodriveError {
  return new IsodriveError(
    'policy',
    `"${path}" lies inside the mount "${mount}", expected a path outside of isodrive's own mounts`,
    { action: 'Copy it out first, with cp or isodrive extract' },
  );
}
