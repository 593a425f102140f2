// The paths that an unmount target can stand for. Looked up here, not in the daemon: a path may lead into a mount.
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { UnmountTarget } from '../protocol/messages.js';

/** The target as written, as an absolute path, and with symlinks resolved, as far as that works. */
export async function findTarget(name: string): Promise<UnmountTarget> {
  const path = resolve(name);
  const paths = new Set([path]);
  const lookups = await Promise.allSettled([
    // A dead mount cannot be looked at, but its parent can.
    realpath(dirname(path)).then((parent) => join(parent, basename(path))),
    realpath(path),
  ]);
  for (const lookup of lookups) if (lookup.status === 'fulfilled') paths.add(lookup.value);
  return { name, paths: [...paths] };
}
