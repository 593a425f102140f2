// One mount and everything it holds, with the one order in which that is given back: the file system is detached,
// then the mount point is removed; the image stays open until the last user of the mount is gone.
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Finding } from '../src/base/finding.js';
import type { OpenedImage } from '../src/index/open-image.js';
import type { PassedOver } from '../src/mount/select-driver.js';
import type { ActiveMount, DriverName } from '../src/mount/mount-driver.js';
import type { MountPoint } from '../src/mount/mount-point.js';
import type { MountParams, MountSummary, UnmountedSummary } from '../src/protocol/messages.js';
import type { TreeKind } from '../src/filesystem/file-tree.js';
import { compareIdentity, readIdentity } from './image-identity.js';
import type { ImageIdentity } from './image-identity.js';

/** Milliseconds without a read of file content after which prefetch goes on. */
const READ_PAUSE = 20;

/** What a mount shows beside its tree. */
export type ViewParams = Pick<
  MountParams,
  'session' | 'sectorOffset' | 'map' | 'charset' | 'associated' | 'wine'
>;

/** What a mount needs of its image once it is made: all that is left of one that the kernel serves. */
export interface ShownImage extends AsyncDisposable {
  readonly tree: Pick<OpenedImage['tree'], 'label' | 'kind'>;
  readonly index: Pick<OpenedImage['index'], 'prefetch'> & { readonly table: { readonly rowCount: number } };
  readonly findings: Pick<OpenedImage['findings'], 'count' | 'findings' | 'onFinding'>;
  /** Sessions of the disc, and the one that is shown. */
  readonly sessions: readonly { readonly number: number }[];
  readonly session: { readonly number: number } | undefined;
  releaseCache(): void;
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
  /** It ends with the client that it was made for, so nobody else is given it. */
  readonly bound: boolean;
  readonly image: ShownImage;
  readonly active: ActiveMount;
  /** Faster drivers that do not serve it. */
  readonly passedOver: readonly PassedOver[];
  readonly point: MountPoint;
  readonly mountedAt: Date;
}

export class MountedImage {
  readonly id: string;
  readonly path: string;
  readonly identity: ImageIdentity;
  readonly active: ActiveMount;
  /** Somebody has asked us to unmount it, so its end is no surprise. */
  isUnmounting = false;
  readonly #parts: MountedImageParts;
  readonly #stopPrefetch = new AbortController();
  #prefetch: Promise<void> = Promise.resolve();
  /** Reads of file content when prefetch last looked. */
  #readsSeen = 0;
  #released: Promise<void> | undefined;

  constructor(parts: MountedImageParts) {
    this.#parts = parts;
    this.id = parts.id;
    this.path = parts.path;
    this.identity = parts.identity;
    this.active = parts.active;
  }

  get isBound(): boolean {
    return this.#parts.bound;
  }

  get label(): string {
    return this.#parts.image.tree.label;
  }

  /** Whether a request is answered by this mount: it shows the same view through the same driver. */
  fits({ tree = 'auto', driver = 'auto', ...view }: MountParams): boolean {
    const { wantedTree, wantedDriver, image, active } = this.#parts;
    return (
      !this.isBound &&
      (tree === wantedTree || tree === image.tree.kind) &&
      (driver === wantedDriver || driver === active.driver) &&
      this.#showsView(view)
    );
  }

  #showsView({ session, sectorOffset, map, charset, associated, wine }: ViewParams): boolean {
    const { view, image } = this.#parts;
    const last = image.sessions.at(-1)?.number;
    return (
      (session ?? last) === image.session?.number &&
      (sectorOffset ?? 0) === (view.sectorOffset ?? 0) &&
      map === view.map &&
      charset?.toLowerCase() === view.charset?.toLowerCase() &&
      (associated ?? false) === (view.associated ?? false) &&
      (wine ?? false) === (view.wine ?? false)
    );
  }

  /** Loads the rest of the index in the background. */
  startPrefetch(): void {
    const { image } = this.#parts;
    // Once the index is loaded, its sectors are wanted no more: a daemon with many mounts must not keep them all.
    const { signal } = this.#stopPrefetch;
    this.#prefetch = image.index
      .prefetch(signal, () => this.#giveWay(signal))
      .then(() => image.releaseCache());
  }

  /** Waits while files are being read: their readers want the processor now, the index can wait. */
  async #giveWay(signal: AbortSignal): Promise<void> {
    await setImmediate();
    while (!signal.aborted && (this.active.reads ?? 0) > this.#readsSeen) {
      this.#readsSeen = this.active.reads ?? 0;
      await setTimeout(READ_PAUSE);
    }
  }

  /** Calls `listener` for every fault met so far, and from now on. */
  watchFindings(listener: (finding: Finding) => void): void {
    const { findings } = this.#parts.image;
    findings.findings.forEach(listener);
    findings.onFinding = listener;
  }

  async describe(): Promise<MountSummary> {
    const { image, active, allowOther, passedOver, mountedAt } = this.#parts;
    return {
      ...this.name(),
      label: this.label,
      tree: image.tree.kind,
      driver: active.driver,
      // The kernel lets everybody in whom the permissions of the files do.
      allowOther: allowOther || active.servedByKernel === true,
      size: Number(this.identity.size),
      mountedAt: mountedAt.toISOString(),
      state: compareIdentity(this.identity, await readIdentity(this.path)),
      findings: image.findings.count,
      entries: image.index.table.rowCount,
      ...(active.counters === undefined ? {} : { counters: active.counters }),
      ...(passedOver.length === 0 ? {} : { passedOver }),
    };
  }

  name(): UnmountedSummary {
    return { id: this.id, image: this.path, mountPoint: this.active.directory };
  }

  /** Removes the mount point if it was made for this mount. Call once detached; later calls share the first's end. */
  releasePoint(): Promise<void> {
    return (this.#released ??= this.#parts.point.release());
  }

  /** Closes the image. Only once the mount has ended: its last users may still read. */
  async close(): Promise<void> {
    this.#stopPrefetch.abort();
    await this.#prefetch;
    this.#parts.image.findings.onFinding = undefined;
    await this.#parts.image[Symbol.asyncDispose]();
  }
}
