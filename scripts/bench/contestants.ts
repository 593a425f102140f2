// Those who race: isodrive's drivers, fuseiso, and a native copy of the tree. All show the same tree, an image's.
import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchImage } from './images.js';
import { getReadAhead, mountAt, setReadAhead } from '../support/read-ahead.js';
import type { PrivateDaemon } from '../support/private-daemon.js';
import { mustRun } from '../support/run-command.js';

/** KiB; what the kernel gives a FUSE mount (VM_READAHEAD_PAGES), and all that a mounter without root has. */
export const DEFAULT_READ_AHEAD = 128;

export const CONTESTANT_NAMES = [
  'erofs',
  'fuse',
  'fuse-default-read-ahead',
  'fuse-native',
  'fuseiso',
  'native',
] as const;
export type ContestantName = (typeof CONTESTANT_NAMES)[number];

/** A tree that can be measured; disposing unmounts it. */
export interface MountedTree extends AsyncDisposable {
  readonly directory: string;
  /** KiB; undefined for the native copy, and where the kernel shows none. */
  readonly readAhead: number | undefined;
}

export interface Contestant {
  readonly name: ContestantName;
  /** Mounts an image at a fresh directory. Nothing is left behind on rejection. */
  mount(image: BenchImage): Promise<MountedTree>;
}

export interface ContestantContext {
  readonly daemon: PrivateDaemon;
  /** Existing folder in which mount points are made. */
  readonly folder: string;
  readonly isRoot: boolean;
}

export function createContestant(name: ContestantName, context: ContestantContext): Contestant {
  const { daemon } = context;
  switch (name) {
    case 'native':
      return { name, mount: ({ tree }) => Promise.resolve(nativeTree(tree)) };
    case 'fuseiso':
      return withMountPoint(
        name,
        context,
        ({ path }, directory) => mustRun('fuseiso', [path, directory]),
        (directory) => mustRun(context.isRoot ? 'umount' : 'fusermount', fuseUnmountArgs(context, directory)),
      );
    case 'erofs':
    case 'fuse':
    case 'fuse-default-read-ahead':
    case 'fuse-native':
      return withMountPoint(
        name,
        context,
        async ({ path, view = 'auto' }, directory) => {
          const driver = name === 'fuse-default-read-ahead' ? 'fuse' : name;
          await daemon.must('mount', path, directory, '--driver', driver, '--tree', view);
          if (name !== 'fuse-default-read-ahead' || !context.isRoot) return;
          const mount = mountAt(directory);
          if (mount !== undefined) await setReadAhead(mount.device, DEFAULT_READ_AHEAD);
        },
        (directory) => daemon.must('unmount', directory),
      );
  }
}

function fuseUnmountArgs(context: ContestantContext, directory: string): string[] {
  return context.isRoot ? [directory] : ['-u', directory];
}

function nativeTree(directory: string): MountedTree {
  return { directory, readAhead: undefined, [Symbol.asyncDispose]: () => Promise.resolve() };
}

function withMountPoint(
  name: ContestantName,
  context: ContestantContext,
  mount: (image: BenchImage, directory: string) => Promise<unknown>,
  unmount: (directory: string) => Promise<unknown>,
): Contestant {
  return {
    name,
    async mount(image) {
      await mkdir(context.folder, { recursive: true });
      const directory = await mkdtemp(join(context.folder, `${name}-`));
      const leave = async (): Promise<void> => {
        if (mountAt(directory) !== undefined) await unmount(directory);
        await rmdir(directory);
      };
      try {
        await mount(image, directory);
        const mounted = mountAt(directory);
        if (mounted === undefined)
          throw new Error(`Directory "${directory}" is no mount, expected ${name}'s`);
        return {
          directory,
          readAhead: await getReadAhead(mounted.device),
          [Symbol.asyncDispose]: leave,
        };
      } catch (error) {
        await leave();
        throw error;
      }
    },
  };
}
