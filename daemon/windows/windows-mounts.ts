// Mounts on Windows: images that the system attaches as drives, and serves by itself. They outlive this daemon, whose
// successor finds them in its journal; what became of them meanwhile only the system knows, so it is asked.
import { randomBytes } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import type { WindowsAddon } from '../../native/windows/index.js';
import { readVariable } from '../../src/base/environment.js';
import { IsodriveError } from '../../src/base/error.js';
import type {
  MountParams,
  MountResult,
  MountSummary,
  UnmountParams,
  UnmountResult,
  UnmountTarget,
  UnmountedSummary,
} from '../../src/protocol/messages.js';
import { POOL_IO } from '../../src/io/file-io.js';
import { attachDisk, detachDisk, findDisk } from '../../src/mount/windows/virtual-disk.js';
import type { AttachedDisk } from '../../src/mount/windows/virtual-disk.js';
import { EntryFile } from '../takeover/entry-file.js';
import type { EventBus } from '../mounts/event-bus.js';
import { findTarget } from '../mounts/find-target.js';
import { formatIdentity, isSameFile, parseIdentity, readIdentity } from '../reader/image-identity.js';
import type { ImageIdentity } from '../reader/image-identity.js';
import { KeyedLock } from '../mounts/keyed-lock.js';
import type { DaemonLog } from '../log.js';
import { daemonIsEnding } from '../mounts/mount-service.js';
import type { MountService } from '../mounts/mount-service.js';
import { unmountTargets } from '../mounts/unmount-targets.js';
import { ATTACHED_IMAGE, describeAttached, diskOf, nameAttached, namesOfAttached } from './attached-image.js';
import type { AttachedImage } from './attached-image.js';
import { refuseDrive, refuseOptions } from './refuse-options.js';

/** Milliseconds for Windows to give a letter; ISODRIVE_LETTER_DEADLINE gives others. */
const LETTER_DEADLINE = 15_000;
/** Milliseconds between two looks at whether somebody else has ejected a drive. */
const LOOK_INTERVAL = 2000;
const ID_BYTES = 4;

export interface WindowsMountsOptions {
  readonly addon: WindowsAddon;
  readonly journalPath: string;
  readonly events: EventBus;
  readonly log: DaemonLog;
}

export class WindowsMounts implements MountService {
  readonly restored = Promise.resolve();
  readonly #addon: WindowsAddon;
  readonly #events: EventBus;
  readonly #log: DaemonLog;
  /** The mounts, oldest first, and their copy in a file. */
  readonly #mounts: EntryFile<AttachedImage>;
  readonly #lock = new KeyedLock();
  readonly #making = new Set<Promise<MountResult>>();
  /** Aborted when the daemon ends. */
  readonly #stop = new AbortController();
  #looks: NodeJS.Timeout | undefined;

  constructor({ addon, journalPath, events, log }: WindowsMountsOptions) {
    this.#addon = addon;
    this.#events = events;
    this.#log = log;
    this.#mounts = new EntryFile(journalPath, { schema: ATTACHED_IMAGE, encode: (mount) => mount }, log);
  }

  get isBusy(): boolean {
    return this.#mounts.entries.length + this.#making.size > 0;
  }

  restore(): Promise<void> {
    this.#mounts.load();
    this.#lookAtAll();
    return this.restored;
  }

  prepare(): void {
    this.#looks = setInterval(() => this.#lookAtAll(), LOOK_INTERVAL).unref();
  }

  findNeglected(): UnmountedSummary[] {
    return [];
  }

  list(): Promise<MountSummary[]> {
    this.#lookAtAll();
    return Promise.all(this.#mounts.entries.map(describeAttached));
  }

  /**
   * Attaches an image to a drive letter, or gives the drive it has. Rejects as attachDisk does, and with `unsupported`
   * for drives, and for options that only file systems of ours can follow.
   */
  async mount(wanted: MountParams, signal: AbortSignal): Promise<MountResult> {
    refuseOptions(wanted);
    await refuseDrive(wanted.image);
    if (this.#stop.signal.aborted) throw daemonIsEnding();
    const path = await realpath(wanted.image).catch(() => wanted.image);
    const both = AbortSignal.any([signal, this.#stop.signal]);
    const making = this.#lock.run(path.toLowerCase(), () => this.#mountLocked(path, wanted.letter, both));
    this.#making.add(making);
    try {
      return await making;
    } finally {
      this.#making.delete(making);
    }
  }

  async #mountLocked(path: string, letter: string | undefined, signal: AbortSignal): Promise<MountResult> {
    const identity = await readIdentity(path, POOL_IO);
    if (identity === undefined) {
      throw new IsodriveError('image-not-found', `Cannot find "${path}": no such file, expected an image`);
    }
    this.#lookAtAll();
    const known = this.#mounts.entries.find((mount) => isSameFile(parseIdentity(mount.identity), identity));
    if (known !== undefined) return { mount: await describeAttached(known), existing: true };
    // Attached in another way, or by a daemon that died before it could note it.
    const found = findDisk(this.#addon, path);
    const deadline = Number(readVariable('ISODRIVE_LETTER_DEADLINE') ?? LETTER_DEADLINE);
    const disk = found ?? (await attachDisk(this.#addon, path, { letter, deadline, signal }));
    const mount = this.#note(path, disk, identity);
    const summary = await describeAttached(mount);
    this.#log.info({ ...summary }, 'mounted');
    this.#events.emit({ event: 'mounted', time: new Date().toISOString(), mount: summary });
    return { mount: summary, existing: found !== undefined };
  }

  #note(image: string, disk: AttachedDisk, identity: ImageIdentity): AttachedImage {
    const mount: AttachedImage = {
      id: randomBytes(ID_BYTES).toString('hex'),
      image,
      identity: formatIdentity(identity),
      ...disk,
      ...this.#addon.describeVolume(disk.letter),
      mountedAt: new Date().toISOString(),
    };
    this.#mounts.set(mount);
    return mount;
  }

  unmount(params: UnmountParams): Promise<UnmountResult> {
    this.#lookAtAll();
    return unmountTargets(params, {
      mounts: this.#mounts.entries,
      find: (target) => this.#find(target),
      unmount: (mount, lazy) => this.#unmountOne(mount, lazy),
      name: nameAttached,
    });
  }

  #find({ name, paths }: UnmountTarget): AttachedImage {
    const target = { name, paths: paths.map((path) => path.toLowerCase()) };
    return findTarget(this.#mounts.entries, target, namesOfAttached);
  }

  #unmountOne(mount: AttachedImage, lazy: boolean): Promise<void> {
    return this.#lock.run(mount.image.toLowerCase(), () => {
      if (lazy) {
        throw new IsodriveError(
          'unsupported',
          'Found --lazy, expected a drive that nobody uses: Windows has no other way',
        );
      }
      detachDisk(this.#addon, mount.image, diskOf(mount));
      this.#drop(mount, 'requested');
      return Promise.resolve();
    });
  }

  #drop(mount: AttachedImage, reason: 'requested' | 'outside'): void {
    this.#mounts.delete(mount.id);
    const name = nameAttached(mount);
    this.#log.info({ ...name, reason }, 'unmounted');
    this.#events.emit({ event: 'unmounted', time: new Date().toISOString(), mount: name, reason });
  }

  /** Forgets drives that somebody else has ejected, and learns of letters that were changed. */
  #lookAtAll(): void {
    for (const mount of this.#mounts.entries) {
      try {
        if (this.#addon.findDevice(mount.image) !== mount.device) this.#drop(mount, 'outside');
        else this.#learn(mount);
      } catch (thrown) {
        // The file may not be opened at the moment, which says nothing of the drive.
        this.#log.debug({ err: thrown, ...nameAttached(mount) }, 'cannot look at a drive');
      }
    }
  }

  #learn(mount: AttachedImage): void {
    const letter = mount.kind === undefined ? this.#addon.findLetter(mount.device) : mount.letter;
    if (letter !== '' && letter !== mount.letter) this.#mounts.update(mount.id, { letter });
    // The letter may be there before the file system.
    if (mount.fileSystem === '') this.#mounts.update(mount.id, this.#addon.describeVolume(letter));
  }

  bind(id: string): Promise<MountSummary> {
    return Promise.reject(new IsodriveError('no-such-mount', `No mount "${id}" is bound to a client`));
  }

  release(): Promise<void> {
    return Promise.resolve();
  }

  /** Windows itself refuses to detach what is in use. */
  refuseWhileUsed(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    clearInterval(this.#looks);
    await Promise.allSettled(this.#making);
    for (const mount of this.#mounts.entries) {
      // What is in use stays attached, and in the journal.
      await this.#unmountOne(mount, false).catch((thrown: unknown) =>
        this.#log.error({ err: thrown, ...nameAttached(mount) }, 'cannot unmount'),
      );
    }
  }
}
