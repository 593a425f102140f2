// Somebody who is not root, for tests of what such a user may do. Under root that is the account "nobody", to whom
// the project is made reachable for the length of the test; /dev/fuse is so for the whole run (open-fuse-device.ts).
import { chmod, mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustRun, runCommand } from '../../../scripts/support/run-command.js';

const PROJECT = join(import.meta.dirname, '..', '..', '..');
/** uid and gid of "nobody" on Debian and elsewhere (base-passwd). */
const NOBODY = 65_534;

export interface OrdinaryUser extends AsyncDisposable {
  /** For child processes; empty when we are that user ourselves. */
  readonly identity: { readonly uid?: number; readonly gid?: number };
  /** For PrivateIsodrive.start. */
  readonly options: { readonly uid?: number; readonly gid?: number; readonly project: string };
}

/** Disposing takes back what was opened to them. */
export async function findOrdinaryUser(): Promise<OrdinaryUser> {
  if (process.getuid?.() !== 0) {
    return { identity: {}, options: { project: PROJECT }, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const identity = { uid: NOBODY, gid: NOBODY };
  const project = await openProject(identity);
  return {
    identity,
    options: { ...identity, project: project.path },
    [Symbol.asyncDispose]: () => project.close(),
  };
}

/** The project where they can read it: where it is, or bind-mounted below the folder for temporary files. */
async function openProject(identity: {
  uid: number;
  gid: number;
}): Promise<{ path: string; close: () => Promise<void> }> {
  const probe = await runCommand('/bin/sh', ['-c', 'test -r "$1"', 'sh', join(PROJECT, 'package.json')], {
    ...identity,
    cwd: '/',
  });
  if (probe.status === 0) return { path: PROJECT, close: () => Promise.resolve() };
  const folder = await mkdtemp(join(tmpdir(), 'isodrive-project-'));
  await chmod(folder, 0o755);
  const path = join(folder, 'isodrive');
  await mkdir(path);
  await mustRun('mount', ['--bind', PROJECT, path]);
  const close = async (): Promise<void> => {
    await mustRun('umount', [path]);
    await rmdir(path);
    await rmdir(folder);
  };
  return { path, close };
}
