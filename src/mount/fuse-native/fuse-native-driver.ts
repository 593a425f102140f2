// The driver over the npm package fuse-native: slower than ours, because JavaScript answers every request, but it
// needs no compiler. Known limits, all the package's: times to the millisecond and not before 1970, inode numbers of
// 32 bits, names and targets that are not UTF-8 shown with U+FFFD, no extended attributes.
import { tryToLoadAddon } from '../../io/load-addon.js';
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError, firstLineOf } from '../../base/error.js';
import { holdsRawBytes } from '../../base/path-text.js';
import { ThreadIndexMemory } from '../../index/index-memory.js';
import type { IndexMemory } from '../../index/index-memory.js';
import { checkFuse } from '../check-fuse.js';
import type { Diagnosis } from '../diagnosis.js';
import type { ActiveMount, DriverAvailability, MountDriver, MountRequest } from '../mount-driver.js';
import { findMount, readMountTable } from '../mount-table.js';
import { allowsOtherUsers } from '../probe-platform.js';
import { adviseOnRefusal } from '../rights.js';
import { loadFuseNative } from '../../io/load-fuse-native.js';
import type { NativeFuse } from '../../io/load-fuse-native.js';
import { formatMountOptions } from './mount-options.js';
import { findNewDescriptor, listLibfuseDescriptors } from './libfuse-descriptors.js';
import { NativeMount } from './native-mount.js';
import { Operations } from './operations.js';
import { hasUnmounter, unmountByHelper } from '../unmount-by-helper.js';

/** Milliseconds in which the kernel must have greeted a new file system. */
const MOUNT_TIMEOUT = 10_000;
/** The package copies the mount point into 1024 bytes. */
const MAX_DIRECTORY_BYTES = 1000;

export function createFuseNativeDriver(): MountDriver {
  return new FuseNativeDriver();
}

class FuseNativeDriver implements MountDriver {
  readonly name = 'fuse-native';
  /** Mounts that have not ended, by descriptor: a number that comes again tells that its mount has. */
  readonly #active = new Map<number, NativeMount>();
  /** One mount at a time, so that a new descriptor is known to be that mount's. */
  #turn: Promise<unknown> = Promise.resolve();

  createMemory(): IndexMemory {
    return ThreadIndexMemory.allocate();
  }

  async check(): Promise<DriverAvailability> {
    try {
      loadFuseNative();
    } catch (thrown) {
      return {
        available: false,
        reason: `Package fuse-native does not load: ${firstLineOf(thrown)}`,
        fix: 'npm install --include=optional fuse-native; sudo apt install libfuse2',
      };
    }
    const fix = 'sudo apt install fuse3 (or: sudo ln -s fusermount3 /usr/bin/fusermount)';
    const found = await checkFuse('fusermount', fix);
    // libfuse mounts for root without a program, and what it mounts must be unmounted too.
    if (!found.available || (await hasUnmounter())) return found;
    return { available: false, reason: 'Found neither fusermount3 nor umount on the PATH', fix };
  }

  diagnose(): Diagnosis {
    try {
      loadFuseNative();
      return { name: this.name, ok: true, optional: true, detail: 'Loads: driver "fuse-native" can be used' };
    } catch (thrown) {
      const fix = 'npm install --include=optional fuse-native';
      const detail = `Does not load: ${firstLineOf(thrown)}`;
      return { name: this.name, ok: false, optional: true, detail, fix };
    }
  }

  mount(request: MountRequest): Promise<ActiveMount> {
    const mounted = this.#turn.then(() => this.#mount(request));
    this.#turn = mounted.catch(() => undefined);
    return mounted;
  }

  async #mount(request: MountRequest): Promise<ActiveMount> {
    await this.#refuse(request);
    const native = loadFuseNative();
    const operations = new Operations(request.image);
    const fuse = new native.Fuse(request.directory, operations, { timeout: false });
    fuse._fuseOptions = () => formatMountOptions(request);
    const before = listLibfuseDescriptors();
    await start(fuse, request.directory);
    const descriptor = findNewDescriptor(
      before,
      (number) => this.#active.get(number)?.isInMountTable() === false,
    );
    if (descriptor === undefined) throw new Error('Mounted without a descriptor of /dev/fuse');
    this.#active.get(descriptor)?.supersede();
    const device = findMount(readMountTable(), request.directory)?.device;
    const mount = new NativeMount(request.directory, device, descriptor, () => {
      if (this.#active.get(descriptor) === mount) this.#active.delete(descriptor);
      operations.close();
      native.release(fuse);
    });
    this.#active.set(descriptor, mount);
    return mount;
  }

  async #refuse({ directory, allowOther }: MountRequest): Promise<void> {
    const { available, reason, fix } = await this.check();
    if (!available) {
      throw new IsodriveError('policy', reason ?? 'Cannot mount', fix === undefined ? {} : { action: fix });
    }
    if (holdsRawBytes(directory)) {
      throw new IsodriveError(
        'unsupported',
        `Cannot mount on "${directory}": libfuse takes paths in UTF-8 alone`,
      );
    }
    if (Buffer.byteLength(directory) > MAX_DIRECTORY_BYTES) {
      throw new IsodriveError(
        'unsupported',
        `Cannot mount on a path of ${countBytes(Buffer.byteLength(directory))}, expected at most ${MAX_DIRECTORY_BYTES}`,
      );
    }
    if (allowOther && process.geteuid?.() !== 0 && !(await allowsOtherUsers())) {
      throw new IsodriveError(
        'policy',
        'Cannot let other users in: found no user_allow_other in /etc/fuse.conf',
        {
          action: 'echo user_allow_other | sudo tee -a /etc/fuse.conf',
        },
      );
    }
  }
}

/** Mounts, and waits until the kernel has greeted the file system. */
async function start(fuse: NativeFuse, directory: string): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  // libfuse cancels its threads when a mount ends. One that handled a signal of Node's just then would take the lock of
  // libuv's handler with it, and Node would wait for that for ever: its threads take none.
  const addon = tryToLoadAddon();
  addon?.blockSignals(true);
  try {
    await new Promise<void>((resolve, reject) => {
      late = setTimeout(() => {
        reject(new IsodriveError('timeout', `Cannot mount on "${directory}": the kernel sent no greeting`));
      }, MOUNT_TIMEOUT);
      fuse.mount((error) => (error == null ? resolve() : reject(describeFailure(directory, error))));
    });
  } catch (thrown) {
    if (thrown instanceof IsodriveError && thrown.code === 'timeout') await unmountByHelper(directory, true);
    throw thrown;
  } finally {
    addon?.blockSignals(false);
    clearTimeout(late);
  }
}

function describeFailure(directory: string, error: Error): IsodriveError {
  if (error.message.includes('in use')) {
    return new IsodriveError('busy', `Cannot mount on "${directory}": it is a mount point already`);
  }
  return new IsodriveError(
    'policy',
    `Cannot mount on "${directory}" with fuse-native: ${error.message}, expected libfuse to mount it`,
    {
      cause: error,
      action: adviseOnRefusal(),
    },
  );
}
