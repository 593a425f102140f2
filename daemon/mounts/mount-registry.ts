// Which mounts there are, and which of them a user means. Holds no resource: the manager does.
import { randomBytes } from 'node:crypto';
import { IsodriveError } from '../../src/base/error.js';
import type { FileOwner } from '../../src/mount/mount-driver.js';
import type { UnmountTarget } from '../../src/protocol/messages.js';
import { MAX_MOUNTS } from '../limits.js';
import { findTarget } from './find-target.js';
import { isSameFile } from '../reader/image-identity.js';
import type { MountTableEntry } from '../../src/mount/mount-table.js';
import type { ImageIdentity } from '../reader/image-identity.js';
import type { MountedImage } from './mounted-image.js';
import { sees } from '../users/caller.js';
import type { Caller } from '../users/caller.js';

const ID_BYTES = 4;

export class MountRegistry {
  readonly #mounts = new Map<string, MountedImage>();

  /** All mounts, oldest first. */
  get mounts(): readonly MountedImage[] {
    return [...this.#mounts.values()];
  }

  createId(): string {
    for (;;) {
      const id = randomBytes(ID_BYTES).toString('hex');
      if (!this.#mounts.has(id)) return id;
    }
  }

  add(mount: MountedImage): void {
    this.#mounts.set(mount.id, mount);
  }

  /** False when it was removed before. */
  remove(mount: MountedImage): boolean {
    return this.#mounts.delete(mount.id);
  }

  /** Throws `busy` when no more mounts are taken. */
  checkRoom(): void {
    if (this.#mounts.size < MAX_MOUNTS) return;
    throw new IsodriveError(
      'busy',
      `Daemon has ${this.#mounts.size} mounts, expected fewer than ${MAX_MOUNTS}`,
      {
        action: 'Unmount some: see isodrive list',
      },
    );
  }

  /** Those that a caller sees, oldest first. */
  seenBy(caller: Caller | undefined): MountedImage[] {
    return this.mounts.filter((mount) => sees(caller, mount.owner));
  }

  /** A user's mounts of the same file, whatever has become of its content. */
  ofFile(identity: ImageIdentity, owner: FileOwner | undefined): MountedImage[] {
    return this.mounts.filter(
      (mount) => isSameFile(mount.identity, identity) && mount.owner?.uid === owner?.uid,
    );
  }

  /** Whether a mount of that user is at a place of the mount table. */
  isAt({ device, directory }: MountTableEntry, { uid }: FileOwner): boolean {
    return this.mounts.some(
      ({ owner, active }) => owner?.uid === uid && active.device === device && active.directory === directory,
    );
  }

  /** The mount that a target means. Throws as findTarget does; a mount that the caller does not see is none. */
  find(target: UnmountTarget, caller?: Caller): MountedImage {
    return findTarget(this.seenBy(caller), target, ({ id, active, path, label }) => ({
      ...{ id, path, label },
      directory: active.directory,
    }));
  }
}
