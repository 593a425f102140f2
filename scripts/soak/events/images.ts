// The image's file changes under its mount: the state says so, and readers see its old content or an error, never
// wrong bytes.
import { copyFile, open, rename, rm, truncate, utimes } from 'node:fs/promises';
import type { MountState } from '../../../src/protocol/messages.js';
import type { PseudoRandom } from '../../support/pseudo-random.js';
import { mustRun } from '../../support/run-command.js';
import { choose } from '../plan.js';
import type { SoakEvent } from '../soak-event.js';
import type { Fault } from '../soak-reader.js';
import type { SoakImage } from '../soak-images.js';

interface Change {
  readonly state: MountState;
  /** What readers may meet. */
  readonly faults: readonly Fault[];
  apply(image: SoakImage, random: PseudoRandom): Promise<void>;
}

const CHANGES: Readonly<Record<string, Change>> = {
  truncated: {
    state: 'truncated',
    faults: ['EIO', 'SIGBUS'],
    apply: async ({ path }, random) => truncate(path, random.between(100_000, 2_000_000)),
  },
  replaced: {
    state: 'replaced',
    faults: [],
    apply: async ({ path, tree }) => {
      const other = `${path}.other`;
      await copyFile(`${tree}.iso`, other);
      await rename(other, path);
    },
  },
  deleted: { state: 'deleted', faults: [], apply: async ({ path }) => rm(path) },
  touched: { state: 'changed', faults: [], apply: async ({ path }) => utimes(path, 1, 1) },
  rewritten: {
    state: 'changed',
    faults: [],
    apply: async ({ path }) => {
      await using file = await open(path, 'r+');
      const bytes = Buffer.alloc(65_536);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      await file.write(bytes, 0, bytesRead, 0);
      await file.utimes(1, 1);
    },
  },
};

const imageChanges: SoakEvent = {
  name: 'image-changes',
  summary: 'an image is truncated, replaced, deleted or written to under its mount: its state says so',
  async run(soak, random) {
    const name = choose(random, Object.keys(CHANGES));
    const change = CHANGES[name]!;
    const image = await soak.copyImage();
    const mount = await soak.mount(image.path, { driver: choose(random, soak.drivers) });
    const reader = soak.read(`an image that is ${name}`, mount.mountPoint, image);
    try {
      await soak.readSome('an image before it changes', mount.mountPoint, image);
      reader.allow(...change.faults);
      // Directories that nobody has listed are not read from an image that has changed.
      await mustRun('find', [mount.mountPoint]);
      await change.apply(image, random);
      await soak.waitUntil(async () => {
        const own = (await soak.status()).mounts.find(({ id }) => id === mount.id);
        return own?.state === change.state;
      }, `the state of the mount becomes "${change.state}"`);
      await soak.waitForProgress([reader]);
    } finally {
      await soak.retire(reader);
      await soak.unmount(mount.id);
    }
    return `${name}, by ${mount.driver}`;
  },
};

export const IMAGE_EVENTS = [imageChanges] as const;
