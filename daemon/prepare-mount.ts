// What a call to mount is about, before anything is mounted: by paths for a daemon of one user, by what the caller has
// opened for the system service.
import { basename, dirname, join } from 'node:path';
import { IsodriveError } from '../src/base/error.js';
import type { MountPoint } from '../src/mount/mount-point.js';
import { prepareMountPoint } from '../src/mount/mount-point.js';
import type { MountParams } from '../src/protocol/messages.js';
import { readIdentity } from './image-identity.js';
import type { ImageIdentity } from './image-identity.js';
import { resolvePath } from './resolve-path.js';
import { takeCallerFiles } from './users/caller-files.js';
import type { CallerFiles } from './users/caller-files.js';
import type { Caller } from './users/caller.js';
import type { ReceivedDescriptors } from './users/received-descriptors.js';

/** A call to the system service: who, and what came with it. */
export interface MountCaller {
  readonly caller: Caller;
  readonly received: ReceivedDescriptors;
}

export interface PreparedMount {
  /** Absolute path of the image; where there are `files`, only what it is called. */
  readonly path: string;
  /** Calls of one key run one after another: they are about the same image of the same user. */
  readonly key: string;
  readonly params: MountParams;
  /** What the caller has opened, to be closed when no mount comes of it. */
  readonly files?: CallerFiles;
  /** Identity of the image now; undefined when there is none to be seen. */
  readonly identify: () => Promise<ImageIdentity | undefined>;
  readonly preparePoint: (label: string) => Promise<MountPoint>;
}

/** Rejects with `policy` when a path leads into one of our own mounts, and `loop`. */
export async function prepareByPath(
  wanted: MountParams,
  isOurs: (path: string) => string | undefined,
): Promise<PreparedMount> {
  const path = await resolvePath(wanted.image, isOurs);
  const directory = wanted.directory && (await resolveMountPoint(wanted.directory, isOurs));
  const params = { ...wanted, map: wanted.map && (await resolvePath(wanted.map, isOurs)) };
  return {
    ...{ path, key: path, params },
    identify: () => readIdentity(path),
    preparePoint: (label) => prepareMountPoint(directory, label),
  };
}

/** Rejects as takeCallerFiles does, or with `policy` when the caller may not have what they want. */
export async function prepareForCaller(
  params: MountParams,
  { caller, received }: MountCaller,
): Promise<PreparedMount> {
  if (params.allowOther === true && !caller.limits.allowOther) {
    throw new IsodriveError('policy', `Policy lets user ${caller.uid} not open mounts to others`, {
      action: 'Leave --allow-other out, or ask an administrator',
    });
  }
  if (params.driver !== undefined && params.driver !== 'auto' && params.driver !== 'fuse') {
    throw new IsodriveError(
      'policy',
      `Driver "${params.driver}" is not for mounts of the system service, expected "fuse": its mounts are their user's alone`,
      { action: 'Leave --driver out, or use a daemon of your own: leave --system out' },
    );
  }
  const files = await takeCallerFiles(received, caller, params.image);
  try {
    const identity = await files.identify();
    return {
      ...{ path: params.image, key: `${caller.uid}:${identity?.device}:${identity?.inode}`, params, files },
      identify: () => files.identify(),
      preparePoint: () => Promise.resolve(files.point),
    };
  } catch (thrown) {
    files.close();
    throw thrown;
  }
}

/** A wanted mount point that is a mount of ours stays as it is: prepareMountPoint says so without touching it. */
async function resolveMountPoint(
  wanted: string,
  isOurs: (path: string) => string | undefined,
): Promise<string> {
  const path = join(await resolvePath(dirname(wanted), isOurs), basename(wanted));
  return isOurs(path) === undefined ? resolvePath(path, isOurs) : path;
}
