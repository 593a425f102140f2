// Driver `fuse`: our own speaker of the kernel protocol. Native threads answer from the shared index and the image's
// descriptor; this side mounts, unmounts, loads directories and reads what the image's bytes are not when threads ask.
import { closeSync } from 'node:fs';
import { loadAddon } from '../../../native/index.js';
import type { Addon, IndexRegion, RegionHandle, SessionHandle } from '../../../native/index.js';
import { toIsodriveError } from '../../base/error.js';
import { SharedIndexMemory } from '../../index/index-memory.js';
import { ContentOpener } from '../../index/content-opener.js';
import type { IndexMemory } from '../../index/index-memory.js';
import { REGION_BYTES } from '../../index/layout.js';
import type {
  ActiveMount,
  DriverAvailability,
  MountCounters,
  MountDriver,
  MountEnd,
  MountRequest,
} from '../mount-driver.js';
import { checkFuse } from '../check-fuse.js';
import { FUSERMOUNT, attachFuse, detachFuse } from './attach.js';
import { raiseReadAhead } from './read-ahead.js';
import { ReadService } from './read-service.js';

/** Index memory together with the native handle that keeps it. */
class FuseIndexMemory extends SharedIndexMemory {
  readonly region: IndexRegion;
  readonly #addon: Addon;

  constructor(addon: Addon, region: IndexRegion, isAdopted = false) {
    super(region.buffer, isAdopted);
    this.region = region;
    this.#addon = addon;
  }

  discard(): void {
    this.#addon.discardIndexRegion(this.region.handle);
  }
}

class FuseMount implements ActiveMount {
  readonly driver = 'fuse';
  readonly directory: string;
  readonly device: string | undefined;
  readonly ended: Promise<MountEnd>;
  readonly #addon: Addon;
  readonly #session: SessionHandle;

  constructor(
    addon: Addon,
    session: SessionHandle,
    directory: string,
    device: string | undefined,
    ended: Promise<MountEnd>,
  ) {
    this.#addon = addon;
    this.#session = session;
    this.directory = directory;
    this.device = device;
    this.ended = ended;
  }

  get reads(): number {
    return this.#addon.countReads(this.#session);
  }

  get counters(): MountCounters {
    return this.#addon.sessionCounters(this.#session);
  }

  isNeglected(): boolean {
    return this.#addon.isNeglected(this.#session);
  }

  async unmount({ lazy }: { lazy: boolean }): Promise<void> {
    await detachFuse(this.#addon, this.directory, lazy);
    // A lazy unmount ends when its last user goes; an ordinary one has none.
    if (!lazy) await this.ended;
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
    const addon = this.#load();
    return new FuseIndexMemory(addon, addon.allocateIndexRegion(REGION_BYTES));
  }

  async check(): Promise<DriverAvailability> {
    try {
      this.#load();
    } catch (thrown) {
      const reason = `its addon cannot be loaded (${toIsodriveError(thrown).message})`;
      return { available: false, reason, fix: 'Install a C++ compiler and run scripts/isodrive again' };
    }
    return checkFuse(FUSERMOUNT, 'Install it: sudo apt install fuse3');
  }

  adoptMemory(index: number): IndexMemory {
    const addon = this.#load();
    return new FuseIndexMemory(addon, addon.adoptIndexRegion(index, REGION_BYTES), true);
  }

  async mount(request: MountRequest): Promise<ActiveMount> {
    const addon = this.#load();
    const region = regionOf(request);
    const device = await attachFuse(addon, request);
    const index = addon.releaseIndexDescriptor(region);
    request.keep?.({ device, index });
    closeSync(index);
    return this.#serve(request, device, false);
  }

  async takeOver(request: MountRequest, device: number): Promise<ActiveMount> {
    const addon = this.#load();
    closeSync(addon.releaseIndexDescriptor(regionOf(request)));
    return this.#serve(request, device, true);
  }

  async #serve(request: MountRequest, device: number, isTakenOver: boolean): Promise<ActiveMount> {
    const addon = this.#load();
    const { index, source } = request;
    const region = regionOf(request);
    let end: (end: MountEnd) => void = () => undefined;
    const ended = new Promise<MountEnd>((resolve) => {
      end = resolve;
    });
    let session: SessionHandle | undefined = undefined;
    const reads = new ReadService(new ContentOpener(index, source), (ticket, result) => {
      if (session !== undefined) addon.replyRead(session, ticket, result);
    });
    const started = addon.startSession(
      {
        device,
        image: source.fileDescriptor ?? -1,
        imageBytes: source.size,
        region,
        volumeBytes: index.tree.volumeSize,
        hasAttributes: index.tree.hasAttributes ?? false,
        isTakenOver,
      },
      {
        onLoad: (row) => {
          void loadDirectory(index, row).then((errno) => {
            if (session !== undefined) addon.resumeSession(session, row, errno);
          });
        },
        onRead: (ticket, row, offset, length) => reads.add(ticket, row, offset, length),
        onCancel: (ticket) => reads.cancel(ticket),
        onEnd: () => {
          session = undefined;
          reads.close();
          addon.discardIndexRegion(region);
          end({ reason: 'unmounted' });
        },
      },
    );
    session = started;
    return new FuseMount(addon, started, request.directory, await raiseReadAhead(request.directory), ended);
  }
}

function regionOf({ index }: MountRequest): RegionHandle {
  const { memory } = index.table;
  if (!(memory instanceof FuseIndexMemory)) throw new TypeError('Index is not in memory of this driver');
  return memory.region.handle;
}

/** Gives 0, or the errno for those who wait: only a medium that fails keeps a directory from being published. */
async function loadDirectory(index: MountRequest['index'], row: number): Promise<number> {
  try {
    await index.load(row);
    return 0;
  } catch (thrown) {
    return toIsodriveError(thrown).errnoNumber;
  }
}

export function createFuseDriver(): MountDriver {
  return new FuseDriver();
}
