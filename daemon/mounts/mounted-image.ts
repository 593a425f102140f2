// One mount and everything it holds, with the one order in which that is given back: the file system is detached,
// then the mount point is removed; the image stays open until the last user of the mount is gone.
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Finding } from '../../src/base/finding.js';
import type { ActiveMount, FileOwner } from '../../src/mount/mount-driver.js';
import type { MountPoint } from '../../src/mount/mount-point.js';
import type {
  MountParams,
  MountSummary,
  UnmountedSummary,
  VerifiedFiles,
} from '../../src/protocol/messages.js';
import { comparedOptions } from '../../src/options/mount-options.js';
import { isSame } from '../../src/options/option-values.js';
import type { MountRecord } from '../takeover/mount-record.js';
import { findChange } from '../reader/image-identity.js';
import type { ChangedFile, ImageIdentity, NamedState } from '../reader/image-identity.js';
import type { MountFindings } from '../reader/mount-findings.js';
import type { ImageFacts } from '../reader/reader-requests.js';
import { summarizeCounters } from './summarize-counters.js';
import { summarizeDamage } from './summarize-damage.js';

/** Milliseconds that whoever mounts a damaged image waits to be told how much of it is. */
const DAMAGE_PATIENCE = 2000;

/** What a mount needs of its image once it is made: all that is left of one that the kernel serves. */
export interface ShownImage extends AsyncDisposable {
  readonly facts: Pick<ImageFacts, 'label' | 'kind' | 'sessions' | 'session'> &
    Partial<Pick<ImageFacts, 'volumeSize' | 'dataSize'>>;
  /** Of the drive with its disc, which may leave it at any time; absent for images. */
  readonly driveDescriptor?: number | undefined;
  readonly table: { readonly rowCount: number };
  readonly findings: MountFindings;
  /** Loads the rest of the index in the background; gives whether all is loaded, and never rejects. */
  prefetch(): Promise<boolean>;
  /** What verification says so far of its files; absent where none is wanted. */
  verified?(): Promise<VerifiedFiles | undefined>;
  /** What has the image's path now: undefined for nothing, `unknown` when its medium does not answer. */
  look(): Promise<ImageIdentity | 'unknown' | undefined>;
  /** What is now where the files beside it were; absent where there are none. */
  lookBeside?(): Promise<readonly NamedState[]>;
}

/** What a mount holds, and gives back when it ends. */
export interface MountHoldings {
  readonly image: ShownImage;
  readonly active: ActiveMount;
  readonly point: MountPoint;
}

const COMPARED = comparedOptions();

export class MountedImage {
  /** As it was made; what is met of it afterwards is in the journal. */
  readonly #record: MountRecord;
  readonly #image: ShownImage;
  readonly #point: MountPoint;
  readonly active: ActiveMount;
  /** Somebody has asked us to unmount it, so its end is no surprise. */
  isUnmounting = false;
  /** Its disc has left the drive, which unmounts it. */
  isEjected = false;
  #prefetch: Promise<unknown> = Promise.resolve();
  #released: Promise<void> | undefined;
  #isLoaded: boolean;

  constructor(record: MountRecord, { image, active, point }: MountHoldings) {
    this.#record = record;
    this.#image = image;
    this.#point = point;
    this.active = active;
    this.#isLoaded = record.isLoaded;
  }

  get id(): string {
    return this.#record.id;
  }

  /** Absolute path of the image, without symlinks. */
  get path(): string {
    return this.#record.image.path;
  }

  get identity(): ImageIdentity {
    return this.#record.image.identity;
  }

  /**
   * What became of its files; undefined: they are as they were. `now`: what has the image's path; `beside`: what is
   * where the files beside it were, which is looked at where it is absent.
   */
  async findChange(
    now: ImageIdentity | 'unknown' | undefined,
    beside?: readonly NamedState[],
  ): Promise<ChangedFile | undefined> {
    const { image } = this.#record;
    const others = beside ?? (image.beside.length === 0 ? [] : await this.#image.lookBeside?.());
    return findChange(others === undefined ? { ...image, beside: [] } : image, now, others ?? []);
  }

  /** Whose it is in the system service. */
  get owner(): FileOwner | undefined {
    return this.#record.image.owner;
  }

  /** Of the drive with its disc, which may leave it at any time; undefined for images. */
  get driveDescriptor(): number | undefined {
    return this.#image.driveDescriptor;
  }

  /** It ends with the client that it was made for, so nobody else is given it. */
  get isBound(): boolean {
    return this.#record.wanted.bound === true;
  }

  get label(): string {
    return this.#image.facts.label;
  }

  /** Whether a request is answered by this mount: the same view through the same driver, at the place that is named. */
  fits({ directory, ...asked }: Omit<MountParams, 'image'>): boolean {
    const { state, wanted } = this.#record;
    const { kind: tree, sessions, session } = this.#image.facts;
    const { driver } = this.active;
    return (
      !this.isBound &&
      state !== 'crashed' &&
      (directory === undefined || directory === this.active.directory) &&
      isSame(COMPARED, {
        asked,
        wanted,
        shown: { tree, session, driver },
        usual: { session: sessions.at(-1) },
      })
    );
  }

  /** Loads the rest of the index in the background, and calls `onLoaded` once all is. */
  startPrefetch(onLoaded: () => void): void {
    if (this.#record.isLoaded) return;
    this.#prefetch = this.#image.prefetch().then((isLoaded) => {
      this.#isLoaded = isLoaded;
      if (isLoaded) onLoaded();
    });
  }

  /** `now`, or what is known of a damaged image once its tree is loaded, if that is soon. */
  async describeDamage(now: MountSummary): Promise<MountSummary> {
    const { dataSize = 0, volumeSize = 0 } = this.#image.facts;
    const held = dataSize > 0 ? dataSize : now.size;
    if (now.damage === undefined && volumeSize <= held) return now;
    // Loading begins in the next turn.
    await setImmediate();
    await Promise.race([this.#prefetch, sleep(DAMAGE_PATIENCE, undefined, { ref: false })]);
    return this.describe();
  }

  /** Its requests are written to the log from the start. */
  get traceFuse(): boolean {
    return this.#record.wanted.traceFuse === true;
  }

  get findings(): MountFindings {
    return this.#image.findings;
  }

  /** Calls `listener` for every fault met so far, and from now on. */
  watchFindings(listener: (finding: Finding) => void): void {
    const { findings } = this;
    findings.findings.forEach(listener);
    findings.onFinding = listener;
  }

  async describe(): Promise<MountSummary> {
    const image = this.#image;
    const { active } = this;
    const { wanted, made } = this.#record;
    const isCrashed = this.#record.state === 'crashed';
    const verified = await image.verified?.();
    const { beside } = this.#record.image;
    const { dataSize = 0 } = image.facts;
    const size = [this.identity, ...beside].reduce((sum, file) => sum + Number(file.size), 0);
    const held = dataSize > 0 ? dataSize : size;
    const { volumeSize = held } = image.facts;
    const damage = summarizeDamage(image.findings, { size: held, volumeSize }, this.#isLoaded);
    const state = (await this.findChange(await image.look()))?.state ?? 'ok';
    return {
      ...this.name(),
      ...(this.owner === undefined ? {} : { owner: this.owner.uid }),
      ...(beside.length === 0 ? {} : { beside: beside.map(({ name }) => name) }),
      label: this.label,
      tree: image.facts.kind,
      driver: active.driver,
      // The kernel lets everybody in whom the permissions of the files do.
      allowOther: wanted.allowOther === true || active.servedByKernel === true,
      size,
      mountedAt: made.mountedAt,
      state: isCrashed ? 'crashed' : state === 'ok' && damage !== undefined ? 'damaged' : state,
      findings: image.findings.count,
      ...(damage === undefined ? {} : { damage }),
      entries: image.table.rowCount,
      ...(active.counters === undefined ? {} : { counters: summarizeCounters(active.counters) }),
      ...(verified === undefined ? {} : { verified }),
      ...(made.passedOver.length === 0 ? {} : { passedOver: made.passedOver }),
    };
  }

  name(): UnmountedSummary {
    const { directory, heldBy = [] } = this.active;
    const held = heldBy.length === 0 ? {} : { heldBy };
    return { id: this.id, image: this.path, mountPoint: directory, ...held };
  }

  /** Removes the mount point if it was made for this mount. Call once detached; later calls share the first's end. */
  releasePoint(): Promise<void> {
    return (this.#released ??= this.#point.release());
  }

  /** Closes the image. Only once the mount has ended: its last users may still read. */
  async close(): Promise<void> {
    this.findings.onFinding = undefined;
    await this.#image[Symbol.asyncDispose]();
    await this.#prefetch;
  }
}
