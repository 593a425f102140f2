// Makes one mount: anew, or from what a daemon that died has left. Whatever fails leaves nothing behind.
import { closeSync } from 'node:fs';
import { IsodriveError } from '../src/base/error.js';
import { openImage } from '../src/index/open-image.js';
import type { OpenedImage } from '../src/index/open-image.js';
import type { TreeKind } from '../src/filesystem/file-tree.js';
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
import type { PassedOver } from '../src/mount/select-driver.js';
import { compareIdentity, identityOf, parseIdentity } from './image-identity.js';
import type { ImageIdentity } from './image-identity.js';
import type { JournalEntry } from './journal.js';
import { noteKernelMount, settleImage } from './kernel-mounts.js';
import type { MountKeeper } from './mount-keeper.js';
import { MountedImage } from './mounted-image.js';
import type { ShownImage, ViewParams } from './mounted-image.js';

export interface MountPlan {
  readonly id: string;
  /** Absolute path of the image, without symlinks. */
  readonly path: string;
  readonly tree: TreeKind | 'auto';
  readonly driver: DriverName | 'auto';
  readonly view: ViewParams;
  readonly allowOther: boolean;
  readonly bound: boolean;
  readonly preparePoint: (label: string) => Promise<MountPoint>;
  /** Last look, in the turn in which the mount is given: throws when it is wanted no more. */
  readonly check: () => void;
  readonly signal?: AbortSignal;
}

export class MountFactory {
  readonly #drivers: readonly MountDriver[];
  readonly #keeper: MountKeeper;

  /** `drivers`: best first. */
  constructor(drivers: readonly MountDriver[], keeper: MountKeeper) {
    this.#drivers = drivers;
    this.#keeper = keeper;
  }

  /** Mounts. Rejects with what opening, the driver or the mount point reports, or `check` throws. */
  async create(plan: MountPlan): Promise<MountedImage> {
    const selection = await selectDrivers(plan.driver, this.#drivers);
    const memory = selection.createMemory();
    const image = await openImage(plan.path, {
      tree: plan.tree,
      ...plan.view,
      ...(memory === undefined ? {} : { memory }),
      ...(plan.signal === undefined ? {} : { signal: plan.signal }),
    });
    let point: MountPoint | undefined;
    let active: ActiveMount | undefined;
    try {
      const identity = identityOf(image);
      point = await plan.preparePoint(image.tree.label);
      const planned = describe(plan, selection.drivers[0]!.name, image, identity, point);
      this.#keeper.begin(planned);
      const made = await mountByFirst(selection, {
        ...request(image, planned),
        keep: (held) => this.#keeper.hold(plan.id, held),
        ...(plan.signal === undefined ? {} : { signal: plan.signal }),
      });
      active = made.active;
      const entry = { ...planned, driver: active.driver };
      const shown = await this.#settle(entry, image, active);
      plan.check();
      if (shown === image) this.#keeper.complete(plan.id, active.driver, active.device);
      return build(entry, identity, shown, active, point, made.passedOver);
    } catch (thrown) {
      await active?.unmount({ lazy: true });
      await active?.ended;
      this.#keeper.forget(plan.id);
      await point?.release();
      await image[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** What is left of an image that the kernel serves: the note on its mount then stands for the journal's entry. */
  async #settle(entry: JournalEntry, image: OpenedImage, active: ActiveMount): Promise<ShownImage> {
    if (active.servedByKernel !== true) return image;
    await noteKernelMount(active, entry, image);
    this.#keeper.forget(entry.id);
    return settleImage(image);
  }

  /** Goes on with a mount whose descriptors were kept; closes them on rejection. */
  async takeOver(entry: JournalEntry, held: HeldDescriptors): Promise<MountedImage> {
    const driver = this.#drivers.find(({ name }) => name === entry.driver);
    let image: OpenedImage | undefined;
    try {
      if (driver?.adoptMemory === undefined || driver.takeOver === undefined) {
        closeSync(held.index);
        throw new IsodriveError('internal', `Driver "${entry.driver}" cannot take over mounts`);
      }
      const memory = driver.adoptMemory(held.index);
      image = await openImage(entry.image, { tree: entry.tree, ...entry.view, memory, isAdopted: true });
      const identity = identityOf(image);
      checkIdentity(entry, identity);
      const point = await restoreMountPoint(entry.directory, entry.created);
      const active = await driver.takeOver(request(image, entry), held.device);
      return build(entry, identity, image, active, point, []);
    } catch (thrown) {
      closeSync(held.device);
      await image?.[Symbol.asyncDispose]();
      throw thrown;
    }
  }
}

function request(image: OpenedImage, { image: path, directory, allowOther }: JournalEntry): MountRequest {
  const { index, source, tree } = image;
  return { index, source, directory, sourceName: path, label: tree.label, allowOther };
}

function describe(
  plan: MountPlan,
  driver: DriverName,
  image: OpenedImage,
  identity: ImageIdentity,
  point: MountPoint,
): JournalEntry {
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
    tree: image.tree.kind,
    wantedDriver: plan.driver,
    view: plan.view,
    driver,
    allowOther: plan.allowOther,
    bound: plan.bound,
    directory: point.directory,
    created: point.created,
    mountedAt: new Date().toISOString(),
  };
}

function build(
  entry: JournalEntry,
  identity: ImageIdentity,
  image: ShownImage,
  active: ActiveMount,
  point: MountPoint,
  passedOver: readonly PassedOver[],
): MountedImage {
  const { id, image: path, wantedTree, wantedDriver, view, allowOther, bound } = entry;
  const mountedAt = new Date(entry.mountedAt);
  return new MountedImage({
    id,
    path,
    identity,
    wantedTree,
    wantedDriver,
    view,
    allowOther,
    bound,
    image,
    active,
    point,
    passedOver,
    mountedAt,
  });
}

/** An index describes one file, byte for byte: with another it must not go on. */
function checkIdentity({ image, identity }: JournalEntry, now: ImageIdentity): void {
  const state = compareIdentity(parseIdentity(identity), now);
  if (state === 'ok') return;
  throw new IsodriveError('image-changed', `Image "${image}" is ${state}, expected it as it was mounted`);
}
