// Tells when mounts that the kernel serves by itself are gone, whoever unmounted them: one watch of the mount table
// for all of them, which never touches a path.
import type { Addon, MountWatchHandle } from '../../native/index.js';
import { isExhausted } from '../base/error.js';
import { readMountTable } from './mount-table.js';
import type { MountTableEntry } from './mount-table.js';

/** Milliseconds after which the table is looked at again where there was no descriptor left to read it with. */
const RETRY_INTERVAL = 500;

interface Watched {
  readonly entry: MountTableEntry;
  readonly settle: () => void;
}

export class MountWatcher {
  readonly #addon: Addon;
  readonly #watched = new Set<Watched>();
  #handle: MountWatchHandle | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  /** Resolves when the mount is in the table no more. */
  waitForEnd(entry: MountTableEntry): Promise<void> {
    return new Promise((settle) => {
      this.#watched.add({ entry, settle });
      this.#handle ??= this.#addon.watchMounts(() => this.look());
      this.look();
    });
  }

  /** Looks now, for whoever has just unmounted something; later, where no descriptor is left. */
  look(): void {
    const table = this.#read();
    if (table === undefined) return;
    const present = new Set(table.map(identify));
    for (const watched of this.#watched) {
      if (present.has(identify(watched.entry))) continue;
      this.#watched.delete(watched);
      watched.settle();
    }
    if (this.#watched.size > 0 || this.#handle === undefined) return;
    this.#addon.unwatchMounts(this.#handle);
    this.#handle = undefined;
  }

  #read(): MountTableEntry[] | undefined {
    try {
      return readMountTable();
    } catch (thrown) {
      if (!(thrown instanceof Error && isExhausted(thrown))) throw thrown;
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        this.look();
      }, RETRY_INTERVAL).unref();
      return undefined;
    }
  }
}

/** The kernel gives a mount's number again once it is free. */
function identify({ id, device, directory }: MountTableEntry): string {
  return `${id} ${device} ${directory}`;
}
