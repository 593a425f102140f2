// Driver `fuse`: our own speaker of the kernel protocol. Native threads answer from the shared index and the image's
// descriptor; this side mounts and unmounts, and has the image's reader serve what they cannot answer.
import { closeSync } from 'node:fs';
import { loadAddon } from '../../../native/index.js';
import type { Addon, SessionHandle, SessionTrace } from '../../../native/index.js';
import { firstLineOf, toIsodriveError } from '../../base/error.js';
import type { ErrorCode } from '../../base/error.js';
import type { IndexMemory } from '../../index/index-memory.js';
import type {
  ActiveMount,
  DriverAvailability,
  MountCounters,
  MountDriver,
  MountEnd,
  MountRequest,
} from '../mount-driver.js';
import { checkFuse } from '../check-fuse.js';
import { endForAll } from '../end-for-all.js';
import type { ServedImage } from '../served-image.js';
import type { MountHolder } from '../mount-holders.js';
import { findMount, readMountTable } from '../mount-table.js';
import { FUSERMOUNT, attachFuse, detachAt, detachFuse, findMountAt } from './attach.js';
import { raiseReadAhead } from './read-ahead.js';
import { RegionMemory } from './region-memory.js';

/** Milliseconds that a lazy unmount may take before what waits for the image is given up: nobody is left who does. */
const LAZY_PATIENCE = 1000;
/** Why nobody serves a session now, and perhaps somebody can later. */
const TRANSIENT: ReadonlySet<ErrorCode> = new Set(['image-unreadable', 'timeout', 'busy']);

class FuseMount implements ActiveMount {
  readonly driver = 'fuse';
  readonly directory: string;
  readonly device: string | undefined;
  readonly ended: Promise<MountEnd>;
  heldBy: readonly MountHolder[] = [];
  readonly #addon: Addon;
  readonly #session: SessionHandle;
  readonly #point: number | undefined;

  constructor(
    addon: Addon,
    session: SessionHandle,
    { directory, point }: MountRequest,
    device: string | undefined,
    ended: Promise<MountEnd>,
  ) {
    this.#addon = addon;
    this.#session = session;
    this.#point = point;
    this.directory = directory;
    this.device = device;
    this.ended = ended;
  }

  get counters(): MountCounters {
    return this.#addon.sessionCounters(this.#session);
  }

  trace(isOn: boolean): void {
    this.#addon.traceSession(this.#session, isOn);
  }

  takeTrace(): SessionTrace {
    return this.#addon.takeTrace(this.#session);
  }

  isNeglected(): boolean {
    return this.#addon.isNeglected(this.#session);
  }

  async unmount({ lazy }: { lazy: boolean }): Promise<void> {
    if (lazy) {
      await this.#detachLazily();
      return;
    }
    await this.#detach(false);
    // A lazy unmount ends when its last user goes; an ordinary one has none, here.
    this.heldBy = await endForAll(this.device, this.ended, () =>
      this.#addon.disconnectSession(this.#session),
    );
  }

  #detach(lazy: boolean): Promise<void> {
    if (this.#point === undefined) return detachFuse(this.#addon, this.directory, lazy);
    return detachAt(this.#addon, this.#point, this.device, lazy);
  }

  /** The kernel waits for pages that are being read when a mount goes with its last user: perhaps for ever. */
  async #detachLazily(): Promise<void> {
    const late = setTimeout(() => this.#addon.abandonSession(this.#session), LAZY_PATIENCE);
    try {
      await this.#detach(true);
    } finally {
      clearTimeout(late);
    }
  }
}

class FuseDriver implements MountDriver {
  readonly name = 'fuse';
  #addon: Addon | undefined;

  #load(): Addon {
    this.#addon ??= loadAddon();
    return this.#addon;
  }

  createMemory(): IndexMemory {
    return RegionMemory.allocate(this.#load());
  }

  async check(): Promise<DriverAvailability> {
    try {
      this.#load();
    } catch (thrown) {
      const reason = `its addon cannot be loaded (${firstLineOf(thrown)})`;
      return { available: false, reason, fix: 'Install a C++ compiler and run scripts/isodrive again' };
    }
    return checkFuse(FUSERMOUNT, 'Install it: sudo apt install fuse3');
  }

  adoptMemory(index: number): IndexMemory {
    return RegionMemory.adopt(this.#load(), index);
  }

  async mount(request: MountRequest): Promise<ActiveMount> {
    const addon = this.#load();
    const region = memoryOf(request.image).handle;
    const device = await attachFuse(addon, request);
    const index = addon.releaseIndexDescriptor(region);
    request.keep?.({ device, index });
    closeSync(index);
    try {
      return await this.#serve(request, device, false);
    } catch (thrown) {
      closeSync(device);
      await (request.point === undefined
        ? detachFuse(addon, request.directory, true)
        : detachAt(addon, request.point, findDevice(request), true));
      throw thrown;
    }
  }

  async takeOver(request: MountRequest, device: number): Promise<ActiveMount> {
    const addon = this.#load();
    closeSync(addon.releaseIndexDescriptor(memoryOf(request.image).handle));
    addon.markDescriptor(device);
    return this.#serve(request, device, true);
  }

  async #serve(request: MountRequest, device: number, isTakenOver: boolean): Promise<ActiveMount> {
    const addon = this.#load();
    const { image } = request;
    const memory = memoryOf(image);
    let end: (end: MountEnd) => void = () => undefined;
    const ended = new Promise<MountEnd>((resolve) => {
      end = resolve;
    });
    const serve = async (): Promise<void> => {
      try {
        await image.serve(addon.sessionNumber(session));
      } catch (thrown) {
        const { code, errnoNumber } = toIsodriveError(thrown);
        addon.failSession(session, errnoNumber, !TRANSIENT.has(code));
      }
    };
    const number = request.device ?? findDevice(request);
    const session = addon.startSession(
      {
        name: `fuse-${number ?? 'mount'}`,
        device,
        files: image.files,
        region: memory.handle,
        volumeBytes: image.volumeSize,
        hasAttributes: image.hasAttributes,
        hasAccessLists: image.hasAccessLists,
        owner: request.owner,
        checksOpens: image.isChecked,
        isTakenOver,
      },
      {
        onWanted: () => void serve(),
        onEnd: () => {
          memory.discard();
          end({ reason: 'unmounted' });
        },
      },
    );
    // A mount that is taken over has its index: its reader comes when it is wanted.
    if (!isTakenOver) await serve();
    if (number !== undefined) await raiseReadAhead(number);
    return new FuseMount(addon, session, request, number, ended);
  }
}

/** Device number of what was just mounted. Nobody else knows the source of a mount on an open directory before. */
function findDevice({ directory, point, sourceName }: MountRequest): string | undefined {
  const found =
    point === undefined
      ? findMount(readMountTable(), directory)
      : findMountAt(point, ({ source }) => source === sourceName);
  return found?.device;
}

function memoryOf({ table }: ServedImage): RegionMemory {
  if (!(table.memory instanceof RegionMemory)) throw new TypeError('Index is not in memory of this driver');
  return table.memory;
}

export function createFuseDriver(): MountDriver {
  return new FuseDriver();
}
