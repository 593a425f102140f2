// Mounts and unmounts: the flow from request to registry, in which whatever fails leaves nothing behind.
import type { ErofsDriver } from '../../src/mount/erofs/erofs-driver.js';
import type { MountDriver, MountEnd } from '../../src/mount/mount-driver.js';
import { readMountTable } from '../../src/mount/mount-table.js';
import type {
  MountParams,
  MountResult,
  MountSummary,
  UnmountParams,
  UnmountResult,
  UnmountedSummary,
} from '../../src/protocol/messages.js';
import { wantedOptions } from '../../src/options/mount-options.js';
import type { WantedValues } from '../../src/options/mount-options.js';
import { pickValues } from '../../src/options/option-values.js';
import { reportActivity } from './mount-activity.js';
import { waitForRemoval } from './drive-watch.js';
import type { EventBus } from './event-bus.js';
import { FindingReports } from './finding-reports.js';
import { HolderDeadline } from './holder-deadline.js';
import { statesOf } from '../reader/image-identity.js';
import { imageChanged } from './image-changed.js';
import { restoreKernelMounts } from './kernel-mounts.js';
import { KeyedLock } from './keyed-lock.js';
import type { DaemonLog } from '../log.js';
import { MountFactory } from './mount-factory.js';
import type { MountPersistence } from '../takeover/mount-persistence.js';
import { daemonIsEnding } from './mount-service.js';
import type { MountService } from './mount-service.js';
import { MountRegistry } from './mount-registry.js';
import { refuseWhileUsed } from './mount-usage.js';
import type { MountedImage } from './mounted-image.js';
import { lookOnce, prepareByPath, prepareForCaller } from './prepare-mount.js';
import type { MountCaller, PreparedMount } from './prepare-mount.js';
import type { Caller } from '../users/caller.js';
import { ownerOfDaemon } from '../users/policy.js';
import type { Policy } from '../users/policy.js';
import { UserLedger } from '../users/user-ledger.js';
import type { ReaderPool } from '../reader/reader-pool.js';
import { restoreMounts } from './restore-mounts.js';
import { TraceLog } from './trace-log.js';
import { unmountOne, unmountSurely } from './unmount-mount.js';
import type { Surroundings } from './unmount-mount.js';
import { unmountTargets } from './unmount-targets.js';

/** Milliseconds that a daemon which ends waits for the last users of a detached mount. */
const END_DEADLINE = 500;
/** Milliseconds that calls wait at most for the mounts of the daemon before. */
const RESTORE_DEADLINE = 3000;

const WANTED = wantedOptions();

/** What the system service knows of its users. */
export interface UserAccounts {
  readonly policy: Policy;
  readonly ledger: UserLedger;
}

export interface MountManagerOptions {
  /** Best first. */
  readonly drivers: readonly MountDriver[];
  /** The one of them whose mounts outlive a daemon by themselves; none in the system service. */
  readonly erofs: ErofsDriver | undefined;
  /** Counts what each user has; absent where the daemon is of one user. */
  readonly users?: UserAccounts | undefined;
  readonly persistence: MountPersistence;
  readonly readers: ReaderPool;
  readonly events: EventBus;
  readonly log: DaemonLog;
}

export class MountManager implements MountService {
  readonly #factory: MountFactory;
  readonly #erofs: ErofsDriver | undefined;
  readonly #users: UserAccounts | undefined;
  readonly #ledger: UserLedger;
  /** Whose mounts all are, in a daemon of one user. */
  readonly #owner: Pick<Caller, 'uid' | 'limits'> | undefined;
  readonly #persistence: MountPersistence;
  readonly #readers: ReaderPool;
  readonly #traces: TraceLog;
  readonly #findings: FindingReports;
  readonly #stopReports: () => void;
  /** Settled once the mounts of the last daemon are back, or are late. */
  restored: Promise<void> = Promise.resolve();
  readonly #events: EventBus;
  readonly #log: DaemonLog;
  readonly #registry = new MountRegistry();
  readonly #lock = new KeyedLock();
  /** Mounts being made, and mounts being given back: the daemon does not end before they are settled. */
  readonly #creating = new Set<Promise<MountedImage>>();
  readonly #closing = new Set<Promise<void>>();
  /** Bound mounts of a daemon before us, whose clients have not said yet that they are still there. */
  readonly #unheld = new HolderDeadline();
  /** Aborted when the daemon ends: mounts that are being made are given up. */
  readonly #stop = new AbortController();

  constructor(options: MountManagerOptions) {
    this.#persistence = options.persistence;
    this.#erofs = options.erofs;
    this.#users = options.users;
    this.#ledger = options.users?.ledger ?? new UserLedger();
    this.#owner = options.users === undefined ? ownerOfDaemon() : undefined;
    this.#readers = options.readers;
    this.#factory = new MountFactory(options.drivers, options.persistence, options.readers);
    this.#events = options.events;
    this.#log = options.log;
    this.#traces = new TraceLog(options.log);
    this.#findings = new FindingReports(options);
    this.#stopReports = reportActivity(() => this.#registry.mounts, options.events);
  }

  /** Those that a caller sees. */
  list(caller?: Caller): Promise<MountSummary[]> {
    return Promise.all(this.#registry.seenBy(caller).map((mount) => mount.describe()));
  }

  /** Mounts whose requests nobody has taken since the last call. */
  findNeglected(): UnmountedSummary[] {
    const neglected = this.#registry.mounts.filter((mount) => mount.active.isNeglected?.() === true);
    return neglected.map((mount) => mount.name());
  }

  /** Whether there is any mount, or one being made or given back. */
  get isBusy(): boolean {
    return this.#registry.mounts.length + this.#creating.size + this.#closing.size > 0;
  }

  /**
   * Mounts an image, or gives the mount it has. Rejects with what opening, the driver or the mount point reports, or
   * with `quota`. `from`: who calls the system service.
   */
  async mount(wanted: MountParams, signal: AbortSignal, from?: MountCaller): Promise<MountResult> {
    const prepared = await this.#prepare(wanted, from, signal);
    return this.#lock.run(prepared.key, async () => {
      try {
        const isOwn = wanted.new === true || wanted.bound === true;
        const existing = isOwn ? undefined : await this.#findExisting(prepared);
        if (existing !== undefined) {
          prepared.files?.close();
          if (wanted.traceFuse === true) this.#traces.start(existing);
          return { mount: await existing.describe(), existing: true };
        }
        if (prepared.refuseNew !== undefined) throw prepared.refuseNew;
        const both = AbortSignal.any([signal, this.#stop.signal]);
        const creation = this.#create(prepared, from?.caller, both);
        this.#creating.add(creation);
        const mounted = await creation.finally(() => this.#creating.delete(creation));
        const mount = await mounted.describe();
        this.#announce(mounted, mount);
        return { mount: await mounted.describeDamage(mount), existing: false };
      } catch (thrown) {
        prepared.files?.close();
        throw thrown;
      }
    });
  }

  /** Rejects with `busy`, whatever else is wrong, when the daemon ends meanwhile. */
  async #prepare(
    wanted: MountParams,
    from: MountCaller | undefined,
    signal: AbortSignal,
  ): Promise<PreparedMount> {
    try {
      if (from !== undefined)
        return await prepareForCaller(
          wanted,
          from,
          (place) => this.#registry.isAt(place, from.caller),
          signal,
        );
      return await prepareByPath(wanted, this.#ownMountPoints(), signal);
    } catch (thrown) {
      this.#checkOpen();
      throw thrown;
    }
  }

  /** Paths where our file systems are mounted, bind mounts of them included. */
  #ownMountPoints(): (path: string) => string | undefined {
    const actives = this.#registry.mounts.map((mount) => mount.active);
    const points = new Set(actives.map((active) => active.directory));
    const devices = new Set(actives.map((active) => active.device).filter((device) => device !== undefined));
    if (devices.size > 0) {
      for (const entry of readMountTable()) {
        if (devices.has(entry.device)) points.add(entry.directory);
      }
    }
    return (path) => (points.has(path) ? path : undefined);
  }

  async #findExisting({ params, owner, identities }: PreparedMount): Promise<MountedImage | undefined> {
    const now = owner === undefined ? await lookOnce(params.image) : identities?.identity;
    if (now === undefined || now === 'unknown') return undefined;
    const mounts = this.#registry.ofFile(now, owner);
    for (const mount of mounts) {
      const change = await mount.findChange(now, identities && statesOf(identities.beside));
      if (change?.state === 'unknown') return undefined;
      if (change !== undefined) throw imageChanged(params.image, mount, now, change);
    }
    return mounts.find((mount) => mount.fits(params));
  }

  /** Makes a mount and enters it into the registry; on rejection nothing is left of it. */
  async #create(
    { params, files }: PreparedMount,
    caller: Caller | undefined,
    signal: AbortSignal,
  ): Promise<MountedImage> {
    this.#checkOpen();
    this.#registry.checkRoom();
    const id = this.#registry.createId();
    const holder = caller ?? this.#owner;
    const budget = holder && this.#ledger.takeMount(id, holder, files?.descriptors.beside.length);
    try {
      const { image: path, directory } = params;
      const wanted = pickValues<WantedValues>(WANTED, params);
      const options = { path, files, budget, directory, point: files?.point, signal };
      const mounted = await this.#factory.create({ id, wanted }, options);
      // `close` waits for mounts that are being made, and so meets this one.
      return this.#adopt(mounted);
    } catch (thrown) {
      this.#ledger.endMount(id);
      this.#checkOpen();
      throw thrown;
    }
  }

  /** Brings back the mounts of a daemon that died. Call once, before any other method; never rejects. */
  restore(): Promise<void> {
    this.#persistence.journal.load();
    for (const { id, image } of this.#persistence.recover())
      this.#log.warn({ id, image: image.path }, 'a mount that the journal has lost');
    const adopt = (mounted: MountedImage, isDetached = false): void => {
      this.#adopt(mounted, isDetached);
      this.#serve(mounted);
      if (mounted.isBound && !isDetached) this.#unheld.expect(mounted.id, () => this.release(mounted.id));
    };
    // First: a mount point that is to be released may be under one of them.
    const kernelMounts =
      this.#erofs === undefined ? Promise.resolve() : restoreKernelMounts(this.#erofs, adopt, this.#log);
    const all = kernelMounts.then(() =>
      restoreMounts({
        factory: this.#factory,
        persistence: this.#persistence,
        log: this.#log,
        signal: this.#stop.signal,
        adopt,
        count: ({ id, image: { owner, beside } }) => {
          const limits = owner && this.#users?.policy.limitsOf({ ...owner, groups: [] });
          const holder = owner && limits ? { ...owner, limits } : this.#owner;
          return holder && this.#ledger.adoptMount(id, holder, owner && beside.length);
        },
        discount: ({ id }) => this.#ledger.endMount(id),
      }),
    );
    // What is on a medium that hangs comes back when that answers; nobody else waits for it.
    const late = new Promise<void>((resolve) => setTimeout(resolve, RESTORE_DEADLINE).unref());
    this.restored = Promise.race([all, late]);
    return this.restored;
  }

  #checkOpen(): void {
    if (!this.#stop.signal.aborted) return;
    throw daemonIsEnding();
  }

  /** A detached mount serves its last users; nobody can name it any more. */
  #adopt(mounted: MountedImage, isDetached = false): MountedImage {
    if (!isDetached) this.#registry.add(mounted);
    void this.#watchDrive(mounted);
    const closing = this.#closeWhenEnded(mounted);
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
    return mounted;
  }

  /** Unmounts what its disc has left, also while files are open: nothing of it can be read any more. */
  async #watchDrive(mounted: MountedImage): Promise<void> {
    const { driveDescriptor, path, active } = mounted;
    if (driveDescriptor === undefined) return;
    const isGone = await waitForRemoval(path, driveDescriptor, active.ended);
    if (!isGone) return;
    mounted.isEjected = true;
    try {
      await unmountOne(mounted, true, this.#surroundings);
    } catch (thrown) {
      this.#log.warn({ err: thrown, ...mounted.name() }, 'cannot unmount an ejected disc');
    }
  }

  #announce(mounted: MountedImage, mount: MountSummary): void {
    this.#log.info({ ...mount }, 'mounted');
    this.#events.emit({ event: 'mounted', time: new Date().toISOString(), mount }, mounted.owner);
    this.#serve(mounted);
  }

  #serve(mounted: MountedImage): void {
    this.#findings.start(mounted);
    if (mounted.traceFuse) this.#traces.start(mounted);
    // The answer goes out first: whoever asked for the mount is about to list it.
    setImmediate(() => mounted.startPrefetch(() => this.#persistence.noteLoaded(mounted.id)));
  }

  async #closeWhenEnded(mounted: MountedImage): Promise<void> {
    const end = await mounted.active.ended;
    // At once: whoever is told that it was unmounted may mount another.
    this.#ledger.endMount(mounted.id);
    this.#traces.stop(mounted);
    this.#findings.stop(mounted);
    try {
      await this.#drop(mounted, end);
      this.#persistence.forget(mounted.id);
      await mounted.close();
    } catch (thrown) {
      this.#log.error({ err: thrown, ...mounted.name() }, 'cannot close an image');
    }
  }

  /** Forgets a mount that is detached, and removes its mount point; the second of two calls only waits for that. */
  async #drop(mounted: MountedImage, end: MountEnd): Promise<void> {
    const isFirst = this.#registry.remove(mounted);
    try {
      await mounted.releasePoint();
    } catch (thrown) {
      this.#log.warn({ err: thrown, ...mounted.name() }, 'cannot remove the mount point');
    }
    if (!isFirst) return;
    const asked = mounted.isEjected ? 'ejected' : 'requested';
    const reason = end.reason === 'failed' ? 'failed' : mounted.isUnmounting ? asked : 'outside';
    const time = new Date().toISOString();
    const event = { event: 'unmounted', time, mount: mounted.name(), reason } as const;
    this.#log.info({ ...mounted.name(), reason, err: end.error }, 'unmounted');
    this.#events.emit(
      end.error === undefined ? event : { ...event, error: end.error.message },
      mounted.owner,
    );
  }

  /** Unmounts what the targets name. Never rejects for one of them: each failure is told beside its target. */
  unmount(params: UnmountParams, caller?: Caller): Promise<UnmountResult> {
    return unmountTargets(params, {
      mounts: this.#registry.seenBy(caller),
      find: (target) => this.#registry.find(target, caller),
      unmount: (mount, lazy) => unmountOne(mount, lazy, this.#surroundings),
      name: (mount) => mount.name(),
    });
  }

  get #surroundings(): Surroundings {
    const drop = (mount: MountedImage, end: MountEnd): Promise<void> => this.#drop(mount, end);
    return { persistence: this.#persistence, log: this.#log, drop };
  }

  /** Has a reader ready for the next mount. */
  prepare(): void {
    this.#readers.prepare();
  }

  /** Says that a client holds a bound mount now. Rejects with `no-such-mount`. */
  async bind(id: string, caller?: Caller): Promise<MountSummary> {
    const mount = this.#registry.find({ name: id, paths: [] }, caller);
    this.#unheld.take(mount.id);
    return mount.describe();
  }

  /** Ends a bound mount whose client has gone, if it is there still. Never rejects. */
  async release(id: string): Promise<void> {
    const mount = this.#registry.mounts.find((one) => one.id === id && one.isBound);
    if (mount !== undefined) await unmountSurely(mount, this.#surroundings);
  }

  refuseWhileUsed(): Promise<void> {
    return refuseWhileUsed(this.#registry.mounts);
  }

  /** Unmounts everything, lazily where it is in use, and takes no more mounts. Never rejects. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#stopReports();
    await this.restored;
    await Promise.allSettled(this.#creating);
    this.#unheld.clear();
    await Promise.all(this.#registry.mounts.map((mount) => unmountSurely(mount, this.#surroundings)));
    const late = new Promise<void>((resolve) => setTimeout(resolve, END_DEADLINE).unref());
    await Promise.race([Promise.all(this.#closing), late]);
    await this.#readers.close();
    this.#persistence.forgetAll();
  }
}
