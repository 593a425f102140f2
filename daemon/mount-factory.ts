// Makes one mount: anew, or from what a daemon that died has left. Whatever fails leaves nothing behind.
import { closeSync } from 'node:fs';
import { IsodriveError } from '../src/base/error.js';
import type { TreeKind } from '../src/filesystem/file-tree.js';
import type { IndexMemory } from '../src/index/index-memory.js';
import type {
  ActiveMount,
  DriverName,
  HeldDescriptors,
  MountDriver,
  MountRequest,
} from '../src/mount/mount-driver.js';
import { restoreMountPoint } from '../src/mount/mount-point.js';
import type { MountPoint } from '../src/mount/mount-point.js';
import { mountByFirst, selectDrivers } from '../src/mount/select-driver.js';
import { compareIdentity, parseIdentity, readIdentity } from './image-identity.js';
import type { ImageIdentity } from './image-identity.js';
import type { JournalEntry } from './journal.js';
import { noteKernelMount, settleImage } from './kernel-mounts.js';
import type { MountKeeper } from './mount-keeper.js';
import { MountedImage } from './mounted-image.js';
import type { ShownImage } from './mounted-image.js';
import { ImageFile } from './reader/image-file.js';
import { MetFindings } from './reader/met-findings.js';
import type { ViewParams } from './reader/orders.js';
import type { ReaderPool } from './reader/reader-pool.js';
import { RemoteImage } from './reader/remote-image.js';

export interface MountPlan {
  readonly id: string;
  /** Absolute path of the image, without symlinks. */
  readonly path: string;
  readonly tree: TreeKind | 'auto';
  readonly driver: DriverName | 'auto';
  readonly view: ViewParams;
  readonly allowOther: boolean;
  readonly traceFuse: boolean;
  readonly preparePoint: (label: string) => Promise<MountPoint>;
  /** Last look, in the turn in which the mount is given: throws when it is wanted no more. */
  readonly check: () => void;
  readonly signal?: AbortSignal;
}

export class MountFactory {
  readonly #drivers: readonly MountDriver[];
  readonly #keeper: MountKeeper;
  readonly #readers: ReaderPool;

  /** `drivers`: best first. */
  constructor(drivers: readonly MountDriver[], keeper: MountKeeper, readers: ReaderPool) {
    this.#drivers = drivers;
    this.#keeper = keeper;
    this.#readers = readers;
  }

  /** Mounts. Rejects with what opening, the driver or the mount point reports, or `check` throws. */
  async create(plan: MountPlan): Promise<MountedImage> {
    const selection = await selectDrivers(plan.driver, this.#drivers);
    const memory = selection.createMemory();
    const image = await this.#open(plan, memory);
    let point: MountPoint | undefined;
    let active: ActiveMount | undefined;
    try {
      const { identity, label } = image.facts;
      point = await plan.preparePoint(label);
      const planned = describe(plan, selection.drivers[0]!.name, image, point);
      this.#keeper.begin(planned);
      const made = await mountByFirst(selection, {
        ...request(image, planned),
        keep: (held) => this.#keeper.hold(plan.id, held),
        ...(plan.signal === undefined ? {} : { signal: plan.signal }),
      });
      active = made.active;
      const { driver, device } = active;
      const passedOver = [...made.passedOver];
      const entry = { ...planned, driver, passedOver };
      const shown = await this.#settle(entry, image, active);
      plan.check();
      if (shown === image) this.#keeper.complete(plan.id, { driver, device, passedOver });
      return build(entry, identity, shown, active, point);
    } catch (thrown) {
      await active?.unmount({ lazy: true });
      await active?.ended;
      this.#keeper.forget(plan.id);
      await point?.release();
      await image[Symbol.asyncDispose]();
      memory.discard?.();
      throw thrown;
    }
  }

  /** Gives the memory back on rejection. */
  async #open({ path, tree, view, signal }: MountPlan, memory: IndexMemory): Promise<RemoteImage> {
    try {
      const file = await ImageFile.open(path, signal);
      return await RemoteImage.open({
        readers: this.#readers,
        file,
        tree,
        view,
        memory,
        isAdopted: false,
        signal,
      });
    } catch (thrown) {
      memory.discard?.();
      throw thrown;
    }
  }

  /** What is left of an image that the kernel serves: the note on its mount then stands for the journal's entry. */
  async #settle(entry: JournalEntry, image: RemoteImage, active: ActiveMount): Promise<ShownImage> {
    if (active.servedByKernel !== true) return image;
    await noteKernelMount(active, entry, image);
    this.#keeper.forget(entry.id);
    return settleImage(image);
  }

  /** Goes on with a mount whose descriptors were kept; closes them on rejection. */
  async takeOver(entry: JournalEntry, held: HeldDescriptors): Promise<MountedImage> {
    const driver = this.#drivers.find(({ name }) => name === entry.driver);
    let image: RemoteImage | undefined;
    try {
      if (driver?.adoptMemory === undefined || driver.takeOver === undefined) {
        closeSync(held.index);
        throw new IsodriveError('internal', `Driver "${entry.driver}" cannot take over mounts`);
      }
      const memory = driver.adoptMemory(held.index);
      image = await this.#reopen(entry, memory);
      const point = await restoreMountPoint(entry.directory, entry.created);
      const active = await driver.takeOver(request(image, entry), held.device);
      return build(entry, image.facts.identity, image, active, point);
    } catch (thrown) {
      closeSync(held.device);
      await image?.[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** The image of an index that is in memory: read only by and by, where the journal says enough of it. */
  async #reopen(entry: JournalEntry, memory: IndexMemory): Promise<RemoteImage> {
    const { tree, view, facts } = entry;
    const findings = new MetFindings(entry.findings, entry.findingCount);
    const file = await ImageFile.open(entry.image);
    const options = { readers: this.#readers, file, tree, view, memory, isAdopted: true, findings };
    try {
      const identity = await readIdentity(file.descriptor, file.io);
      checkIdentity(entry, identity);
    } catch (thrown) {
      await file.close();
      throw thrown;
    }
    if (facts === undefined) return RemoteImage.open(options);
    const { session, ...rest } = facts;
    return new RemoteImage(options, {
      ...rest,
      session,
      kind: tree,
      identity: parseIdentity(entry.identity),
    });
  }
}

function request(image: RemoteImage, { image: path, directory, allowOther }: JournalEntry): MountRequest {
  return { image, directory, sourceName: path, label: image.facts.label, allowOther };
}

function describe(plan: MountPlan, driver: DriverName, image: RemoteImage, point: MountPoint): JournalEntry {
  const { identity, kind, ...facts } = image.facts;
  return {
    id: plan.id,
    state: 'making',
    image: plan.path,
    identity: {
      device: String(identity.device),
      inode: String(identity.inode),
      modified: String(identity.modified),
      size: String(identity.size),
    },
    wantedTree: plan.tree,
    tree: kind,
    wantedDriver: plan.driver,
    view: plan.view,
    driver,
    allowOther: plan.allowOther,
    directory: point.directory,
    created: point.created,
    mountedAt: new Date().toISOString(),
    passedOver: [],
    findings: [],
    findingCount: 0,
    facts: { ...facts, sessions: [...facts.sessions] },
    isLoaded: false,
    traceFuse: plan.traceFuse,
  };
}

function build(
  entry: JournalEntry,
  identity: ImageIdentity,
  image: ShownImage,
  active: ActiveMount,
  point: MountPoint,
): MountedImage {
  const {
    id,
    image: path,
    wantedTree,
    wantedDriver,
    view,
    allowOther,
    passedOver,
    traceFuse,
    isLoaded,
  } = entry;
  const mountedAt = new Date(entry.mountedAt);
  return new MountedImage({
    id,
    path,
    identity,
    wantedTree,
    wantedDriver,
    view,
    allowOther,
    image,
    active,
    point,
    passedOver,
    mountedAt,
    traceFuse,
    isLoaded,
  });
}

/** An index describes one file, byte for byte: with another it must not go on. */
function checkIdentity({ image, identity }: JournalEntry, now: ImageIdentity | undefined): void {
  const state = compareIdentity(parseIdentity(identity), now);
  if (state === 'ok') return;
  throw new IsodriveError('image-changed', `Image "${image}" is ${state}, expected it as it was mounted`);
}
