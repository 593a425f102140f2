// The paths that an unmount target can stand for. Looked up here, not in the daemon: a path may lead into a mount.
import { basename, dirname, join } from 'node:path';
import { realHostPath, resolveHostPath } from '../base/path-text.js';
import type { UnmountTarget } from '../protocol/messages.js';

/** The target as written, as an absolute path, and with symlinks resolved, as far as that works. */
export async function findTarget(name: string): Promise<UnmountTarget> {
  const path = resolveHostPath(name);
  const paths = new Set([path]);
  const lookups = await Promise.allSettled([
    // A dead mount cannot be looked at, but its parent can.
    realHostPath(dirname(path)).then((parent) => join(parent, basename(path))),
    realHostPath(path),
  ]);
  for (const lookup of lookups) if (lookup.status === 'fulfilled') paths.add(lookup.value);
  return { name, paths: [...paths] };
}
