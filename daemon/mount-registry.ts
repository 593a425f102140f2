// Which mounts there are, and which of them a user means. Holds no resource: the manager does.
import { randomBytes } from 'node:crypto';
import { IsodriveError } from '../src/base/error.js';
import type { FileOwner } from '../src/mount/mount-driver.js';
import type { UnmountTarget } from '../src/protocol/messages.js';
import { isSameFile } from './image-identity.js';
import type { ImageIdentity } from './image-identity.js';
import type { MountedImage } from './mounted-image.js';
import { sees } from './users/caller.js';
import type { Caller } from './users/caller.js';

/** Mounts that one daemon holds at most. */
export const MAX_MOUNTS = 1024;
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

  /**
   * The mount that a target means: exact id first, then mount point or image path, label, and unique id prefix.
   * Throws `no-such-mount`, or `usage` when it means several; a mount that the caller does not see is none.
   */
  find(target: UnmountTarget, caller?: Caller): MountedImage {
    const seen = this.seenBy(caller);
    const rules: ((mount: MountedImage) => boolean)[] = [
      (mount) => mount.id === target.name,
      (mount) => target.paths.includes(mount.active.directory),
      (mount) => target.paths.includes(mount.path),
      (mount) => mount.label !== '' && mount.label === target.name,
      (mount) => mount.id.startsWith(target.name.toLowerCase()),
    ];
    for (const rule of rules) {
      const found = seen.filter(rule);
      if (found.length > 1) throw ambiguous(target, found);
      if (found[0] !== undefined) return found[0];
    }
    throw new IsodriveError(
      'no-such-mount',
      `No mount is called "${target.name}", expected an id, a label, a mount point or an image path`,
    );
  }
}

function ambiguous(target: UnmountTarget, found: readonly MountedImage[]): IsodriveError {
  const names = found.map((mount) => `${mount.id} at "${mount.active.directory}"`).join(', ');
  return new IsodriveError('usage', `"${target.name}" means ${found.length} mounts, expected one: ${names}`, {
    action: 'Name it by its id or mount point',
  });
}
