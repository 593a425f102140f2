// Makes one mount: anew, or from what a daemon that died has left. Whatever fails leaves nothing behind.
import { closeSync } from 'node:fs';
import { IsodriveError } from '../../src/base/error.js';
import type { IndexBudget } from '../../src/index/index-budget.js';
import type { IndexMemory } from '../../src/index/index-memory.js';
import type {
  ActiveMount,
  CallerDescriptors,
  HeldDescriptors,
  MountDriver,
  MountRequest,
} from '../../src/mount/mount-driver.js';
import type { DriverName } from '../../src/options/driver-names.js';
import { prepareMountPoint, restoreMountPoint } from '../../src/mount/mount-point.js';
import type { MountPoint } from '../../src/mount/mount-point.js';
import { shownOptions } from '../../src/options/mount-options.js';
import type { ShownValues, WantedValues } from '../../src/options/mount-options.js';
import { pickValues } from '../../src/options/option-values.js';
import { mountByFirst, selectDrivers } from '../../src/mount/select-driver.js';
import { compareIdentity, readIdentity } from '../reader/image-identity.js';
import type { ImageIdentity } from '../reader/image-identity.js';
import { sourceNameOf } from '../takeover/mount-record.js';
import type { MountRecord, WantedMount } from '../takeover/mount-record.js';
import { noteKernelMount, settleImage } from './kernel-mounts.js';
import { closeHeld } from '../takeover/mount-persistence.js';
import type { MountPersistence } from '../takeover/mount-persistence.js';
import { MountedImage } from './mounted-image.js';
import type { ShownImage } from './mounted-image.js';
import { ImageFile } from '../reader/image-file.js';
import { MountFindings } from '../reader/mount-findings.js';
import type { ReaderPool } from '../reader/reader-pool.js';
import { RemoteImage } from '../reader/remote-image.js';
import { CallerFiles } from '../users/caller-files.js';

const SHOWN = shownOptions();

/** What a mount is made from. */
export interface MakeOptions {
  /** Absolute path of the image, without symlinks; where there are `files`, only what it is called. */
  readonly path: string;
  /** What the caller has opened; absent, the image is opened by its path. */
  readonly files?: CallerFiles | undefined;
  readonly budget?: IndexBudget | undefined;
  /** Where to mount, ready to use; absent, it is made ready: `directory`, or a folder named after the label. */
  readonly point?: MountPoint | undefined;
  readonly directory?: string | undefined;
  /** Of a mount that a daemon which died has left: how often it was begun. */
  readonly attempts?: number;
  readonly signal: AbortSignal;
}

/** What a mount holds open while it is made. */
interface Opened {
  readonly image: RemoteImage;
  readonly point: MountPoint;
  readonly files?: CallerFiles | undefined;
}

export class MountFactory {
  readonly #drivers: readonly MountDriver[];
  readonly #persistence: MountPersistence;
  readonly #readers: ReaderPool;
  /** Mount points that are about to be used. */
  readonly #takenPoints = new Set<string>();

  /** `drivers`: best first. */
  constructor(drivers: readonly MountDriver[], persistence: MountPersistence, readers: ReaderPool) {
    this.#drivers = drivers;
    this.#persistence = persistence;
    this.#readers = readers;
  }

  /** Mounts. Rejects with what opening, the driver or the mount point reports, or with `cancelled`. */
  async create({ id, wanted }: WantedMount, options: MakeOptions): Promise<MountedImage> {
    const { files, signal } = options;
    const selection = await selectDrivers(wanted.driver ?? 'auto', this.#drivers);
    const memory = selection.createMemory();
    const image = await this.#open(wanted, options, memory);
    let point: MountPoint | undefined;
    let active: ActiveMount | undefined;
    try {
      const { directory, attempts } = options;
      point = options.point ?? (await prepareMountPoint(directory, image.facts.label, this.#takenPoints));
      const opened = { image, point, files };
      const planned = planRecord({ id, wanted }, selection.drivers[0]!.name, opened, attempts);
      this.#persistence.begin(planned);
      const made = await mountByFirst(selection, {
        ...request(planned, opened),
        keep: (held) => this.#persistence.hold(id, { ...held, ...files?.descriptors }),
        signal,
      });
      active = made.active;
      const { driver, device } = active;
      const record = { ...planned, made: { ...planned.made, driver, device, passedOver: made.passedOver } };
      const shown = await this.#settle(record, image, active);
      // The last look, in the turn in which the mount is given.
      if (signal.aborted) throw new IsodriveError('cancelled', 'Mount was interrupted');
      if (shown === image) this.#persistence.complete(id, record.made);
      return new MountedImage(record, { image: shown, active, point });
    } catch (thrown) {
      await active?.unmount({ lazy: true });
      await active?.ended;
      this.#persistence.forget(id);
      await point?.release();
      await image[Symbol.asyncDispose]();
      memory.discard?.();
      throw thrown;
    }
  }

  /** Gives the memory back on rejection. */
  async #open(
    wanted: WantedValues,
    { path, files, budget, signal }: MakeOptions,
    memory: IndexMemory,
  ): Promise<RemoteImage> {
    try {
      const [file, view] = [await openFile(path, files, signal), viewOf(wanted)];
      const readers = this.#readers;
      return await RemoteImage.open({ readers, file, view, memory, isAdopted: false, budget, signal });
    } catch (thrown) {
      memory.discard?.();
      throw thrown;
    }
  }

  /** What is left of an image that the kernel serves: the note on its mount then stands for the journal's entry. */
  async #settle(record: MountRecord, image: RemoteImage, active: ActiveMount): Promise<ShownImage> {
    if (active.servedByKernel !== true) return image;
    await noteKernelMount(active, record, image);
    this.#persistence.forget(record.id);
    return settleImage(image);
  }

  /** Goes on with a mount whose descriptors were kept; closes them on rejection. */
  async takeOver(
    record: MountRecord,
    held: HeldDescriptors & Partial<CallerDescriptors>,
    budget?: IndexBudget,
  ): Promise<MountedImage> {
    const { made } = record;
    const driver = this.#drivers.find(({ name }) => name === made.driver);
    let image: RemoteImage | undefined;
    let files: CallerFiles | undefined;
    try {
      if (driver?.adoptMemory === undefined || driver.takeOver === undefined) {
        closeSync(held.index);
        throw new IsodriveError('internal', `Driver "${made.driver}" cannot take over mounts`);
      }
      const memory = driver.adoptMemory(held.index);
      const { owner } = record.image;
      files = owner === undefined ? undefined : CallerFiles.restore(owner, held, made.directory);
      image = await this.#reopen(record, memory, files, budget);
      const point = files?.point ?? (await restoreMountPoint(made.directory, made.created));
      const active = await driver.takeOver(request(record, { image, point, files }), held.device);
      return new MountedImage(record, { image, active, point });
    } catch (thrown) {
      closeSync(held.device);
      if (files === undefined) closeHeld({ ...held, device: undefined, index: undefined });
      else files.close();
      await image?.[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** The image of an index that is in memory: read only by and by, where the record says enough of it. */
  async #reopen(
    record: MountRecord,
    memory: IndexMemory,
    files: CallerFiles | undefined,
    budget: IndexBudget | undefined,
  ): Promise<RemoteImage> {
    const { wanted, image, made, facts } = record;
    const { identity, beside } = image;
    const findings = new MountFindings(record.findings, record.findingCount);
    const names = beside.map(({ name }) => name);
    const file = await openFile(image.path, files, undefined, names);
    // What `auto` has chosen stays.
    const view = { ...viewOf(wanted), tree: made.tree };
    const options = { readers: this.#readers, file, view, memory, isAdopted: true, findings, budget };
    try {
      checkIdentity(image.path, identity, await readIdentity(file.descriptor, file.io));
      for (const one of beside) {
        const descriptor = file.besideNamed(one.name);
        const now = descriptor === undefined ? undefined : await readIdentity(descriptor, file.io);
        checkIdentity(image.path, one, now);
      }
    } catch (thrown) {
      await file.close();
      throw thrown;
    }
    if (facts === undefined) return RemoteImage.open(options);
    const reopened = new RemoteImage(options, { ...facts, kind: made.tree, identity, beside });
    if (budget !== undefined) reopened.table.limitBy(budget);
    return reopened;
  }
}

/** What its reader has to know of what was asked for. */
function viewOf(wanted: WantedValues): ShownValues {
  return pickValues<ShownValues>(SHOWN, wanted);
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

function request(record: MountRecord, { image, files }: Opened): MountRequest {
  const { directory, device } = record.made;
  const { allowOther = false } = record.wanted;
  return {
    ...{ image, directory, sourceName: sourceNameOf(record), label: image.facts.label, allowOther },
    ...(device === undefined ? {} : { device }),
    ...(files === undefined ? {} : { owner: files.owner, point: files.descriptors.point }),
  };
}

/** The record of a mount that is about to be made. */
function planRecord(
  { id, wanted }: WantedMount,
  driver: DriverName,
  { image, point, files }: Opened,
  attempts: number | undefined,
): MountRecord {
  const { identity, beside, kind, ...facts } = image.facts;
  const { directory, created } = point;
  return {
    id,
    // One that was told of is made again by the next daemon, should this one die over it.
    state: attempts === undefined ? 'making' : 'mounted',
    attempts: attempts ?? 0,
    wanted,
    image: { path: image.name, identity, beside, owner: files?.owner },
    made: { tree: kind, driver, directory, created, mountedAt: new Date().toISOString(), passedOver: [] },
    facts,
    findings: [],
    findingCount: 0,
    isLoaded: false,
  };
}

/** An index describes files byte for byte: with others it must not go on. */
function checkIdentity(path: string, mounted: ImageIdentity, now: ImageIdentity | undefined): void {
  const state = compareIdentity(mounted, now);
  if (state === 'ok') return;
  throw new IsodriveError('image-changed', `Image "${path}" is ${state}, expected it as it was mounted`);
}
