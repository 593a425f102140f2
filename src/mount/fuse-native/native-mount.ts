// One mount of the fuse-native driver. The package does not tell when a mount ends, but libfuse closes its /dev/fuse
// descriptor then, and only then: after the last user of a lazily unmounted file system as well. So we watch that.
import { setTimeout as sleep } from 'node:timers/promises';
import { IsodriveError } from '../../base/error.js';
import { endForAll } from '../end-for-all.js';
import type { ActiveMount, MountEnd } from '../mount-driver.js';
import type { MountHolder } from '../mount-holders.js';
import { findMount, readMountTable } from '../mount-table.js';
import { unmountByHelper } from '../unmount-by-helper.js';
import { isLibfuseDescriptor } from './libfuse-descriptors.js';

/** Milliseconds between looks at the descriptor. */
const WATCH_INTERVAL = 250;

export class NativeMount implements ActiveMount {
  readonly driver = 'fuse-native';
  readonly directory: string;
  readonly device: string | undefined;
  readonly ended: Promise<MountEnd>;
  readonly descriptor: number;
  heldBy: readonly MountHolder[] = [];
  readonly #stop = new AbortController();

  /** `onEnd` runs once, before `ended` settles. */
  constructor(directory: string, device: string | undefined, descriptor: number, onEnd: () => void) {
    this.directory = directory;
    this.device = device;
    this.descriptor = descriptor;
    this.ended = this.#watch().then(() => {
      onEnd();
      return { reason: 'unmounted' };
    });
  }

  /** Tells that the descriptor's number belongs to something newer, so that this mount must have ended. */
  supersede(): void {
    this.#stop.abort();
  }

  async unmount({ lazy }: { lazy: boolean }): Promise<void> {
    if (!this.#isMounted()) return;
    await unmountByHelper(this.directory, lazy);
    if (!lazy) this.heldBy = await endForAll(this.device, this.ended);
  }

  /** Whether the file system is mounted anywhere in our mount namespace; true where its number is not known. */
  isInMountTable(): boolean {
    return this.device === undefined || readMountTable().some(({ device }) => device === this.device);
  }

  #isMounted(): boolean {
    const mount = findMount(readMountTable(), this.directory);
    if (mount === undefined) return false;
    if (this.device === undefined || mount.device === this.device) return true;
    if (!this.isInMountTable()) return false;
    throw new IsodriveError(
      'busy',
      `Cannot unmount "${this.directory}": found "${mount.source}" mounted over it, expected our own mount on top`,
      { action: 'Unmount that first' },
    );
  }

  async #watch(): Promise<void> {
    while (!this.#stop.signal.aborted && isLibfuseDescriptor(this.descriptor)) {
      try {
        await sleep(WATCH_INTERVAL, undefined, { signal: this.#stop.signal });
      } catch {
        return;
      }
    }
  }
}
