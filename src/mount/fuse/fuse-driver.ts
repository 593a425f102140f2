// Driver `fuse`: our own speaker of the kernel protocol. Native threads answer from the shared index and the image's
// descriptor; this side mounts, unmounts, and loads directories when the threads ask for them.
import { closeSync } from 'node:fs';
import { loadAddon } from '../../../native/index.js';
import type { Addon, IndexRegion, RegionHandle, SessionHandle } from '../../../native/index.js';
import { toIsodriveError, IsodriveError } from '../../base/error.js';
import { SharedIndexMemory } from '../../index/index-memory.js';
import type { IndexMemory } from '../../index/index-memory.js';
import { REGION_BYTES } from '../../index/layout.js';
import type {
  ActiveMount,
  DriverAvailability,
  MountDriver,
  MountEnd,
  MountRequest,
} from '../mount-driver.js';
import { checkFuse } from '../check-fuse.js';
import { FUSERMOUNT, attachFuse, detachFuse } from './attach.js';
import { raiseReadAhead } from './read-ahead.js';

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
    checkRequest(request);
    const device = await attachFuse(addon, request);
    const index = addon.releaseIndexDescriptor(regionOf(request));
    request.keep?.({ device, index });
    closeSync(index);
    return this.#serve(request, device, false);
  }

  async takeOver(request: MountRequest, device: number): Promise<ActiveMount> {
    const addon = this.#load();
    checkRequest(request);
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
    const load = (row: number): void => {
      void loadDirectory(index, row).then((errno) => {
        if (session !== undefined) addon.resumeSession(session, row, errno);
      });
    };
    const started = addon.startSession(
      {
        device,
        image: source.fileDescriptor!,
        imageBytes: source.size,
        region,
        volumeBytes: index.tree.volumeSize,
        hasAttributes: index.tree.hasAttributes ?? false,
        isTakenOver,
      },
      load,
      () => {
        session = undefined;
        addon.discardIndexRegion(region);
        end({ reason: 'unmounted' });
      },
    );
    session = started;
    return new FuseMount(addon, started, request.directory, await raiseReadAhead(request.directory), ended);
  }
}

function checkRequest({ source, index }: MountRequest): void {
  if (source.fileDescriptor !== undefined && index.table.memory instanceof FuseIndexMemory) return;
  throw new IsodriveError(
    'unsupported',
    `Cannot mount "${source.name}" with driver "fuse": it is no plain file`,
    { action: 'Use --driver fuse-native' },
  );
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
