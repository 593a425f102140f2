// Makes one mount: anew, or from what a daemon that died has left. Whatever fails leaves nothing behind.
import { closeSync } from 'node:fs';
import { IsodriveError } from '../../src/base/error.js';
import type { TreeKind } from '../../src/filesystem/contract/file-tree.js';
import type { IndexBudget } from '../../src/index/index-budget.js';
import type { IndexMemory } from '../../src/index/index-memory.js';
import type {
  ActiveMount,
  CallerDescriptors,
  DriverName,
  HeldDescriptors,
  MountDriver,
  MountRequest,
} from '../../src/mount/mount-driver.js';
import { restoreMountPoint } from '../../src/mount/mount-point.js';
import type { MountPoint } from '../../src/mount/mount-point.js';
import { mountByFirst, selectDrivers } from '../../src/mount/select-driver.js';
import { compareIdentity, formatIdentity, parseIdentity, readIdentity } from '../reader/image-identity.js';
import type { ImageIdentity } from '../reader/image-identity.js';
import { sourceNameOf } from '../takeover/journal.js';
import type { JournalEntry } from '../takeover/journal.js';
import { noteKernelMount, settleImage } from './kernel-mounts.js';
import { closeHeld } from '../takeover/mount-persistence.js';
import type { MountPersistence } from '../takeover/mount-persistence.js';
import { MountedImage } from './mounted-image.js';
import type { ShownImage } from './mounted-image.js';
import { ImageFile } from '../reader/image-file.js';
import { MountFindings } from '../reader/mount-findings.js';
import type { ViewParams } from '../reader/reader-requests.js';
import type { ReaderPool } from '../reader/reader-pool.js';
import { RemoteImage } from '../reader/remote-image.js';
import { CallerFiles } from '../users/caller-files.js';

export interface MountPlan {
  readonly id: string;
  /** Absolute path of the image, without symlinks. */
  readonly path: string;
  readonly tree: TreeKind | 'auto';
  readonly driver: DriverName | 'auto';
  readonly view: ViewParams;
  readonly allowOther: boolean;
  /** What the caller has opened; absent, the image is opened by its path. */
  readonly files?: CallerFiles | undefined;
  readonly budget?: IndexBudget | undefined;
  readonly traceFuse: boolean;
  readonly bound: boolean;
  /** Of a mount that a daemon which died has left: how often it was begun. */
  readonly attempts?: number;
  readonly preparePoint: (label: string) => Promise<MountPoint>;
  /** Last look, in the turn in which the mount is given: throws when it is wanted no more. */
  readonly check: () => void;
  readonly signal?: AbortSignal;
}

export class MountFactory {
  readonly #drivers: readonly MountDriver[];
  readonly #persistence: MountPersistence;
  readonly #readers: ReaderPool;

  /** `drivers`: best first. */
  constructor(drivers: readonly MountDriver[], persistence: MountPersistence, readers: ReaderPool) {
    this.#drivers = drivers;
    this.#persistence = persistence;
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
      this.#persistence.begin(planned);
      const made = await mountByFirst(selection, {
        ...request(image, planned, plan.files),
        keep: (held) => this.#persistence.hold(plan.id, { ...held, ...plan.files?.descriptors }),
        ...(plan.signal === undefined ? {} : { signal: plan.signal }),
      });
      active = made.active;
      const { driver, device } = active;
      const passedOver = [...made.passedOver];
      const entry = { ...planned, driver, passedOver };
      const shown = await this.#settle(entry, image, active);
      plan.check();
      if (shown === image) this.#persistence.complete(plan.id, { driver, device, passedOver });
      return build(entry, identity, shown, active, point, plan.files);
    } catch (thrown) {
      await active?.unmount({ lazy: true });
      await active?.ended;
      this.#persistence.forget(plan.id);
      await point?.release();
      await image[Symbol.asyncDispose]();
      memory.discard?.();
      throw thrown;
    }
  }

  /** Gives the memory back on rejection. */
  async #open(plan: MountPlan, memory: IndexMemory): Promise<RemoteImage> {
    const { path, tree, view, files, budget, signal } = plan;
    try {
      const file = await openFile(path, files, signal);
      const readers = this.#readers;
      return await RemoteImage.open({ readers, file, tree, view, memory, isAdopted: false, budget, signal });
    } catch (thrown) {
      memory.discard?.();
      throw thrown;
    }
  }

  /** What is left of an image that the kernel serves: the note on its mount then stands for the journal's entry. */
  async #settle(entry: JournalEntry, image: RemoteImage, active: ActiveMount): Promise<ShownImage> {
    if (active.servedByKernel !== true) return image;
    await noteKernelMount(active, entry, image);
    this.#persistence.forget(entry.id);
    return settleImage(image);
  }

  /** Goes on with a mount whose descriptors were kept; closes them on rejection. */
  async takeOver(
    entry: JournalEntry,
    held: HeldDescriptors & Partial<CallerDescriptors>,
    budget?: IndexBudget,
  ): Promise<MountedImage> {
    const driver = this.#drivers.find(({ name }) => name === entry.driver);
    let image: RemoteImage | undefined;
    let files: CallerFiles | undefined;
    try {
      if (driver?.adoptMemory === undefined || driver.takeOver === undefined) {
        closeSync(held.index);
        throw new IsodriveError('internal', `Driver "${entry.driver}" cannot take over mounts`);
      }
      const memory = driver.adoptMemory(held.index);
      const { owner, directory } = entry;
      files = owner === undefined ? undefined : CallerFiles.restore(owner, held, directory);
      image = await this.#reopen(entry, memory, files, budget);
      const point = files?.point ?? (await restoreMountPoint(directory, entry.created));
      const active = await driver.takeOver(request(image, entry, files), held.device);
      return build(entry, image.facts.identity, image, active, point, files);
    } catch (thrown) {
      closeSync(held.device);
      if (files === undefined) closeHeld({ ...held, device: undefined, index: undefined });
      else files.close();
      await image?.[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** The image of an index that is in memory: read only by and by, where the journal says enough of it. */
  async #reopen(
    entry: JournalEntry,
    memory: IndexMemory,
    files: CallerFiles | undefined,
    budget: IndexBudget | undefined,
  ): Promise<RemoteImage> {
    const { tree, view, facts } = entry;
    const identity = parseIdentity(entry.identity);
    const findings = new MountFindings(entry.findings, entry.findingCount);
    const file = await openFile(
      entry.image,
      files,
      undefined,
      entry.beside.map(({ name }) => name),
    );
    const options = { readers: this.#readers, file, tree, view, memory, isAdopted: true, findings, budget };
    try {
      checkIdentity(entry, identity, await readIdentity(file.descriptor, file.io));
      for (const [i, one] of entry.beside.entries()) {
        const descriptor = file.beside[i]?.descriptor;
        const now = descriptor === undefined ? undefined : await readIdentity(descriptor, file.io);
        checkIdentity(entry, parseIdentity(one), now);
      }
    } catch (thrown) {
      await file.close();
      throw thrown;
    }
    if (facts === undefined) return RemoteImage.open(options);
    const { session, ...rest } = facts;
    const image = new RemoteImage(options, {
      ...rest,
      session,
      kind: tree,
      identity,
      beside: entry.beside.map((one) => ({ name: one.name, ...parseIdentity(one) })),
    });
    if (budget !== undefined) image.table.limitBy(budget);
    return image;
  }
}

/** What its user has opened, or what has the path. */
async function openFile(
  path: string,
  files: CallerFiles | undefined,
  signal?: AbortSignal,
  beside?: readonly string[],
): Promise<ImageFile> {
  return files === undefined
    ? ImageFile.open(path, signal, beside)
    : ImageFile.adopt(path, files.descriptors);
}

function request(image: RemoteImage, entry: JournalEntry, files: CallerFiles | undefined): MountRequest {
  const { directory, allowOther, device } = entry;
  return {
    ...{ image, directory, sourceName: sourceNameOf(entry), label: image.facts.label, allowOther },
    ...(device === undefined ? {} : { device }),
    ...(files === undefined ? {} : { owner: files.owner, point: files.descriptors.point }),
  };
}

function describe(plan: MountPlan, driver: DriverName, image: RemoteImage, point: MountPoint): JournalEntry {
  const { identity, beside, kind, ...facts } = image.facts;
  return {
    id: plan.id,
    // One that was told of is made again by the next daemon, should this one die over it.
    state: plan.attempts === undefined ? 'making' : 'mounted',
    attempts: plan.attempts ?? 0,
    image: plan.path,
    identity: formatIdentity(identity),
    beside: beside.map((one) => ({ name: one.name, ...formatIdentity(one) })),
    wantedTree: plan.tree,
    tree: kind,
    wantedDriver: plan.driver,
    view: plan.view,
    driver,
    allowOther: plan.allowOther,
    bound: plan.bound,
    directory: point.directory,
    created: point.created,
    ...(plan.files === undefined ? {} : { owner: plan.files.owner }),
    mountedAt: new Date().toISOString(),
    passedOver: [],
    findings: [],
    findingCount: 0,
    facts: { ...facts, plannedFiles: [...facts.plannedFiles], sessions: [...facts.sessions] },
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
  files: CallerFiles | undefined,
): MountedImage {
  const { id, image: path, wantedTree, wantedDriver, view, allowOther, bound } = entry;
  const { passedOver, traceFuse, isLoaded } = entry;
  const mountedAt = new Date(entry.mountedAt);
  return new MountedImage({
    id,
    path,
    identity,
    wantedTree,
    wantedDriver,
    view,
    allowOther,
    files,
    bound,
    image,
    active,
    point,
    passedOver,
    mountedAt,
    traceFuse,
    isLoaded,
  });
}

/** An index describes files byte for byte: with others it must not go on. */
function checkIdentity(
  { image }: JournalEntry,
  mounted: ImageIdentity,
  now: ImageIdentity | undefined,
): void {
  const state = compareIdentity(mounted, now);
  if (state === 'ok') return;
  throw new IsodriveError('image-changed', `Image "${image}" is ${state}, expected it as it was mounted`);
}
