// Loads the npm package fuse-native, only when it is wanted: it is optional, and its binary needs libfuse 2. Where
// the system has none, the copy that the package carries is loaded first, under the name that the binary asks for.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';

/** Result of a callback: 0, a negative errno, or a count of bytes. */
type Reply = (result: number) => void;
/** 0 and the value, or a negative errno alone. */
type ValueReply<T> = (result: number, value?: T) => void;

export interface NativeStat {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly nlink: number;
  /** Low 32 bits only. */
  readonly ino: number;
  /** As the kernel encodes it in 32 bits. */
  readonly rdev: number;
  readonly blksize: number;
  readonly blocks: number;
  /** Milliseconds since the epoch; the package can say neither less nor earlier times. */
  readonly atime: number;
  readonly mtime: number;
  readonly ctime: number;
}

export interface NativeStatfs {
  readonly bsize: number;
  readonly frsize: number;
  readonly blocks: number;
  readonly files: number;
  readonly namemax: number;
}

/** The operations that we implement; the package answers all others with ENOSYS. Paths are decoded as UTF-8. */
export interface NativeOperations {
  getattr(path: string, reply: ValueReply<NativeStat>): void;
  /** An entry's type and number stand at its name's place. */
  readdir(
    path: string,
    reply: (result: number, names?: string[], entries?: Pick<NativeStat, 'mode' | 'ino'>[]) => void,
  ): void;
  readlink(path: string, reply: ValueReply<string>): void;
  open(path: string, flags: number, reply: ValueReply<number>): void;
  /** `buffer` is libfuse's own memory: it may be written to only until `reply` is called, and in the same turn. */
  read(path: string, handle: number, buffer: Buffer, length: number, position: number, reply: Reply): void;
  statfs(path: string, reply: ValueReply<NativeStatfs>): void;
}

/** An instance of the package's class, reduced to what is used. `_fuseOptions` gives the mount options. */
export interface NativeFuse {
  mount(done: (error?: Error | null) => void): void;
  _fuseOptions: () => string;
  readonly mnt: string;
  readonly _thread: Buffer | null;
}

type NativeFuseClass = new (
  directory: string,
  operations: NativeOperations,
  options: { timeout: false },
) => NativeFuse;

export interface FuseNative {
  readonly Fuse: NativeFuseClass;
  /** Lets the event loop end; called once, when the mount is gone. It unmounts nothing. */
  release(fuse: NativeFuse): void;
}

/** dlopen(3): the library stays although Node closes what is no addon (same value in glibc and musl). */
const RTLD_NODELETE = 0x1000;

/** Throws the loader's own error where the package is not installed or does not fit this machine. */
export function loadFuseNative(): FuseNative {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve('fuse-native/package.json'));
  let Fuse: NativeFuseClass;
  try {
    Fuse = require('fuse-native') as NativeFuseClass;
  } catch (thrown) {
    if (!(thrown instanceof Error) || !thrown.message.includes('libfuse.so.2')) throw thrown;
    preloadOwnLibrary(folder);
    Fuse = require('fuse-native') as NativeFuseClass;
  }
  const binding = loadBinding(folder);
  return {
    Fuse,
    release: (fuse) => {
      if (fuse._thread !== null) binding.fuse_native_unmount(fuse.mnt, fuse._thread);
    },
  };
}

/** The package's binary: its own unmount would run a shell with the mount point in its command line. */
function loadBinding(folder: string): { fuse_native_unmount(directory: string, thread: Buffer): void } {
  const require = createRequire(join(folder, 'index.js'));
  const load = require('node-gyp-build') as (folder: string) => unknown;
  return load(folder) as ReturnType<typeof loadBinding>;
}

function preloadOwnLibrary(folder: string): void {
  const library = join(folder, 'prebuilds', `${process.platform}-${process.arch}`, 'libfuse.so');
  if (!existsSync(library)) return;
  try {
    process.dlopen({ exports: {} }, library, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
  } catch {
    // Node reports that it is no addon, and it is none; whether it is of use is seen at the next step.
  }
}
