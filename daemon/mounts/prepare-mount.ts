// What a call to mount is about, before anything is mounted: by paths for a daemon of one user, by what the caller has
// opened for the system service.
import { basename, dirname, join } from 'node:path';
import { IsodriveError } from '../../src/base/error.js';
import type { FileOwner } from '../../src/mount/mount-driver.js';
import { describeMounted } from '../../src/mount/mount-point.js';
import type { MountTableEntry } from '../../src/mount/mount-table.js';
import type { MountParams } from '../../src/protocol/messages.js';
import { abortable } from '../../src/base/abortable.js';
import { PoolIo } from '../../src/io/pool-io.js';
import type { FileIdentities, ImageIdentity } from '../reader/image-identity.js';
import { PathLook, closeIo, createIo } from '../reader/image-file.js';
import { resolvePath } from './resolve-path.js';
import type { ReadSymlink } from './resolve-path.js';
import { lookAtImage, takeCallerFiles, takeMountedPoint } from '../users/caller-files.js';
import type { CallerFiles } from '../users/caller-files.js';
import type { Caller } from '../users/caller.js';
import type { ReceivedDescriptors } from '../users/received-descriptors.js';

/** Threads that look for what one request names: it may lie where nothing answers. */
const LOOK_THREADS = 2;

/** A call to the system service: who, and what came with it. */
export interface MountCaller {
  readonly caller: Caller;
  readonly received: ReceivedDescriptors;
}

/** Whether a mount of the caller's is at that place of the mount table. */
export type IsOwnMount = (entry: MountTableEntry) => boolean;

export interface PreparedMount {
  /** Calls of one key run one after another: they are about the same image of the same user. */
  readonly key: string;
  /** Paths in it lead through no symlink; where there are `files`, that of the image is only what it is called. */
  readonly params: MountParams;
  /** Who calls the system service. */
  readonly owner?: FileOwner;
  /** What the caller has opened, to be closed when no mount comes of it. */
  readonly files?: CallerFiles;
  /** Why nothing but a mount that is there already may be given; absent where a new one may be made. */
  readonly refuseNew?: IsodriveError;
  /** Of the image's files that the caller has opened. */
  readonly identities?: FileIdentities | undefined;
}

/**
 * Rejects with `policy` when a path leads into one of our own mounts, and `loop`. The paths may lie where nothing
 * answers: then it waits until it is called off.
 */
export async function prepareByPath(
  wanted: MountParams,
  isOurs: (path: string) => string | undefined,
  signal: AbortSignal,
): Promise<PreparedMount> {
  const io = createIo(LOOK_THREADS);
  const readSymlink = io instanceof PoolIo ? io.readSymlink.bind(io) : undefined;
  const resolveAll = async (): Promise<PreparedMount> => {
    const path = await resolvePath(wanted.image, isOurs, readSymlink);
    const directory = wanted.directory && (await resolveMountPoint(wanted.directory, isOurs, readSymlink));
    const map = wanted.map && (await resolvePath(wanted.map, isOurs, readSymlink));
    const found = { image: path, map, ...(directory === undefined ? {} : { directory }) };
    return { key: path, params: { ...wanted, ...found } };
  };
  try {
    return await abortable(resolveAll(), signal);
  } finally {
    closeIo(io);
  }
}

/**
 * Identity of what is at a path; undefined when there is none to be seen, `unknown` when its medium does not
 * answer.
 */
export async function lookOnce(path: string): Promise<ImageIdentity | 'unknown' | undefined> {
  const place = new PathLook(path);
  try {
    return await place.look();
  } finally {
    await place.close();
  }
}

/** Rejects as takeCallerFiles does, or with `policy` when the caller may not have what they want. */
export async function prepareForCaller(
  params: MountParams,
  { caller, received }: MountCaller,
  isOwnMount: IsOwnMount,
  signal: AbortSignal,
): Promise<PreparedMount> {
  if (params.allowOther === true && !caller.limits.allowOther) {
    throw new IsodriveError('policy', `Policy lets user ${caller.uid} not open mounts to others`, {
      action: 'Leave --allow-other out, or ask an administrator',
    });
  }
  if (params.traceFuse === true && !caller.isAdministrator) {
    throw new IsodriveError(
      'permission',
      `Caller is user ${caller.uid}, expected an administrator: the log is theirs`,
      {
        action: 'Leave --trace-fuse out',
      },
    );
  }
  if (params.driver !== undefined && params.driver !== 'auto' && params.driver !== 'fuse') {
    throw new IsodriveError(
      'policy',
      `Driver "${params.driver}" is not for mounts of the system service, expected "fuse": its mounts are their user's alone`,
      { action: 'Leave --driver out, or use a daemon of your own: leave --system out' },
    );
  }
  const io = createIo(LOOK_THREADS);
  try {
    const passed = { received, name: params.image, io, signal };
    const mounted = takeMountedPoint(received, isOwnMount);
    if (mounted !== undefined) {
      const { directory } = mounted;
      const refuseNew = describeMounted(directory, mounted.source);
      const identities = await lookAtImage(passed);
      return { ...ofCaller(caller, identities), params: { ...params, directory }, refuseNew };
    }
    const files = await takeCallerFiles({ ...passed, caller });
    // Without `directory`: the client names one in every call, also where its user has not.
    return { ...ofCaller(caller, files.identities), params: { ...params, directory: undefined }, files };
  } finally {
    closeIo(io);
  }
}

function ofCaller(
  { uid, gid }: Caller,
  identities: FileIdentities | undefined,
): Pick<PreparedMount, 'key' | 'owner' | 'identities'> {
  const { device, inode } = identities?.identity ?? {};
  return { key: `${uid}:${device}:${inode}`, owner: { uid, gid }, identities };
}

/** A wanted mount point that is a mount of ours stays as it is: prepareMountPoint says so without touching it. */
async function resolveMountPoint(
  wanted: string,
  isOurs: (path: string) => string | undefined,
  readSymlink: ReadSymlink | undefined,
): Promise<string> {
  const path = join(await resolvePath(dirname(wanted), isOurs, readSymlink), basename(wanted));
  return isOurs(path) === undefined ? resolvePath(path, isOurs, readSymlink) : path;
}
