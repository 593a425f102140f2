// One mount and everything it holds, with the one order in which that is given back: the file system is detached,
// then the mount point is removed; the image stays open until the last user of the mount is gone.
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Finding } from '../../src/base/finding.js';
import type { PassedOver } from '../../src/mount/select-driver.js';
import type { ActiveMount, DriverName, FileOwner } from '../../src/mount/mount-driver.js';
import type { MountPoint } from '../../src/mount/mount-point.js';
import type {
  ImageState,
  MountParams,
  MountSummary,
  UnmountedSummary,
  VerifiedFiles,
} from '../../src/protocol/messages.js';
import type { TreeKind } from '../../src/filesystem/contract/file-tree.js';
import { compareIdentity } from '../reader/image-identity.js';
import type { ImageIdentity } from '../reader/image-identity.js';
import type { MountFindings } from '../reader/mount-findings.js';
import type { ImageFacts, ViewParams } from '../reader/reader-requests.js';
import { summarizeCounters } from './summarize-counters.js';
import { summarizeDamage } from './summarize-damage.js';
import type { CallerFiles } from '../users/caller-files.js';

/** Milliseconds that whoever mounts a damaged image waits to be told how much of it is. */
const DAMAGE_PATIENCE = 2000;

/** What a mount needs of its image once it is made: all that is left of one that the kernel serves. */
export interface ShownImage extends AsyncDisposable {
  readonly facts: Pick<ImageFacts, 'label' | 'kind' | 'sessions' | 'session'> &
    Partial<Pick<ImageFacts, 'volumeSize' | 'beside' | 'dataSize'>>;
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
  /** What became of the files beside it; absent where there are none. */
  lookBeside?(): Promise<ImageState>;
}

export interface MountedImageParts {
  readonly id: string;
  /** Absolute path without symlinks. */
  readonly path: string;
  readonly identity: ImageIdentity;
  readonly wantedTree: TreeKind | 'auto';
  readonly wantedDriver: DriverName | 'auto';
  /** As it was asked for. */
  readonly view: ViewParams;
  readonly allowOther: boolean;
  /** What its user has opened for it; absent where the daemon opened its path. */
  readonly files?: CallerFiles | undefined;
  /** It ends with the client that it was made for, so nobody else is given it. */
  readonly bound: boolean;
  readonly image: ShownImage;
  readonly active: ActiveMount;
  /** Faster drivers that do not serve it. */
  readonly passedOver: readonly PassedOver[];
  readonly point: MountPoint;
  readonly mountedAt: Date;
  /** Its requests are written to the log from the start. */
  readonly traceFuse: boolean;
  /** The whole index is in memory. */
  readonly isLoaded: boolean;
  /** It has crashed the daemon, and only stands in the list. */
  readonly isQuarantined?: true;
  /** Whose it is, where there are no files any more. */
  readonly owner?: FileOwner | undefined;
}

export class MountedImage {
  readonly id: string;
  readonly path: string;
  readonly identity: ImageIdentity;
  readonly active: ActiveMount;
  /** Somebody has asked us to unmount it, so its end is no surprise. */
  isUnmounting = false;
  /** Its disc has left the drive, which unmounts it. */
  isEjected = false;
  readonly #parts: MountedImageParts;
  #prefetch: Promise<unknown> = Promise.resolve();
  #released: Promise<void> | undefined;
  #isLoaded: boolean;

  constructor(parts: MountedImageParts) {
    this.#parts = parts;
    this.#isLoaded = parts.isLoaded;
    this.id = parts.id;
    this.path = parts.path;
    this.identity = parts.identity;
    this.active = parts.active;
  }

  /** Whose it is in the system service. */
  get owner(): FileOwner | undefined {
    return this.#parts.files?.owner ?? this.#parts.owner;
  }

  /** Of the drive with its disc, which may leave it at any time; undefined for images. */
  get driveDescriptor(): number | undefined {
    return this.#parts.image.driveDescriptor;
  }

  get isBound(): boolean {
    return this.#parts.bound;
  }

  get label(): string {
    return this.#parts.image.facts.label;
  }

  /** Whether a request is answered by this mount: the same view through the same driver, at the place that is named. */
  fits({ tree = 'auto', driver = 'auto', directory, ...view }: Omit<MountParams, 'image'>): boolean {
    const { wantedTree, wantedDriver, image, active } = this.#parts;
    return (
      !this.isBound &&
      this.#parts.isQuarantined !== true &&
      (directory === undefined || directory === this.active.directory) &&
      (tree === wantedTree || tree === image.facts.kind) &&
      (driver === wantedDriver || driver === active.driver) &&
      this.#showsView(view)
    );
  }

  #showsView({ session, sectorOffset, map, charset, associated, verify, wine }: ViewParams): boolean {
    const { view, image } = this.#parts;
    const { sessions, session: shown } = image.facts;
    return (
      (session ?? sessions.at(-1)) === shown &&
      (sectorOffset ?? 0) === (view.sectorOffset ?? 0) &&
      map === view.map &&
      charset?.toLowerCase() === view.charset?.toLowerCase() &&
      (associated ?? false) === (view.associated ?? false) &&
      (verify ?? false) === (view.verify ?? false) &&
      (wine ?? false) === (view.wine ?? false)
    );
  }

  /** Loads the rest of the index in the background, and calls `onLoaded` once all is. */
  startPrefetch(onLoaded: () => void): void {
    if (this.#parts.isLoaded) return;
    this.#prefetch = this.#parts.image.prefetch().then((isLoaded) => {
      this.#isLoaded = isLoaded;
      if (isLoaded) onLoaded();
    });
  }

  /** `now`, or what is known of a damaged image once its tree is loaded, if that is soon. */
  async describeDamage(now: MountSummary): Promise<MountSummary> {
    const { dataSize = 0, volumeSize = 0 } = this.#parts.image.facts;
    const held = dataSize > 0 ? dataSize : now.size;
    if (now.damage === undefined && volumeSize <= held) return now;
    // Loading begins in the next turn.
    await setImmediate();
    await Promise.race([this.#prefetch, sleep(DAMAGE_PATIENCE, undefined, { ref: false })]);
    return this.describe();
  }

  get traceFuse(): boolean {
    return this.#parts.traceFuse;
  }

  get findings(): MountFindings {
    return this.#parts.image.findings;
  }

  /** Calls `listener` for every fault met so far, and from now on. */
  watchFindings(listener: (finding: Finding) => void): void {
    const { findings } = this;
    findings.findings.forEach(listener);
    findings.onFinding = listener;
  }

  async describe(): Promise<MountSummary> {
    const { image, active, allowOther, passedOver, mountedAt, isQuarantined } = this.#parts;
    const verified = await image.verified?.();
    const { beside = [], dataSize = 0 } = image.facts;
    const size = [this.identity, ...beside].reduce((sum, file) => sum + Number(file.size), 0);
    const held = dataSize > 0 ? dataSize : size;
    const { volumeSize = held } = image.facts;
    const damage = summarizeDamage(image.findings, { size: held, volumeSize }, this.#isLoaded);
    const own = compareIdentity(this.identity, await image.look());
    const state = own === 'ok' ? ((await image.lookBeside?.()) ?? own) : own;
    return {
      ...this.name(),
      ...(this.owner === undefined ? {} : { owner: this.owner.uid }),
      label: this.label,
      tree: image.facts.kind,
      driver: active.driver,
      // The kernel lets everybody in whom the permissions of the files do.
      allowOther: allowOther || active.servedByKernel === true,
      size,
      mountedAt: mountedAt.toISOString(),
      state: isQuarantined === true ? 'crashed' : state === 'ok' && damage !== undefined ? 'damaged' : state,
      findings: image.findings.count,
      ...(damage === undefined ? {} : { damage }),
      entries: image.table.rowCount,
      ...(active.counters === undefined ? {} : { counters: summarizeCounters(active.counters) }),
      ...(verified === undefined ? {} : { verified }),
      ...(passedOver.length === 0 ? {} : { passedOver }),
    };
  }

  name(): UnmountedSummary {
    const { directory, heldBy = [] } = this.active;
    const held = heldBy.length === 0 ? {} : { heldBy };
    return { id: this.id, image: this.path, mountPoint: directory, ...held };
  }

  /** Removes the mount point if it was made for this mount. Call once detached; later calls share the first's end. */
  releasePoint(): Promise<void> {
    return (this.#released ??= this.#parts.point.release());
  }

  /** Closes the image. Only once the mount has ended: its last users may still read. */
  async close(): Promise<void> {
    this.findings.onFinding = undefined;
    await this.#parts.image[Symbol.asyncDispose]();
    await this.#prefetch;
  }
}
