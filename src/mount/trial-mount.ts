// Tries a driver on a disc of one file, in memory, at a private folder: the only way to know that mounting works here.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { IsodriveError } from '../base/error.js';
import { FindingLog } from '../base/finding.js';
import { DiscIndex } from '../index/disc-index.js';
import type { ByteSource } from '../source/byte-source.js';
import { LocalImage } from './local-image.js';
import type { MountDriver } from './mount-driver.js';
import { readMountTable } from './mount-table.js';
import { TRIAL_BYTES, TRIAL_FILE, trialTree } from './trial-tree.js';
import { unmountByHelper } from './unmount-by-helper.js';

/** Milliseconds that the file may take to be read, and the mount to end. */
const PATIENCE = 5000;
const NAME = 'isodrive doctor';
/** Of its folders, whose names go on with the process. */
const PREFIX = 'isodrive-doctor-';

/** Resolves when the file was read through the mount. Rejects as the driver does, or with `timeout`. */
export async function tryMount(driver: MountDriver): Promise<void> {
  await clearTrials();
  const directory = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const memory = driver.createMemory();
  try {
    const index = await DiscIndex.open(trialTree(), memory, new FindingLog(), NAME);
    const image = new LocalImage({ index, source: createSource() });
    const mount = await driver.mount({ image, directory, sourceName: NAME, label: '', allowOther: false });
    try {
      await within(readFile(join(directory, TRIAL_FILE)), 'Mount does not answer');
    } finally {
      await mount.unmount({ lazy: true });
      await within(mount.ended, 'Mount does not end');
    }
  } finally {
    memory.discard?.();
    await rmdir(directory);
  }
}

/** Takes away the mounts of doctors that were killed: nobody serves them any more. */
async function clearTrials(): Promise<void> {
  const start = join(tmpdir(), PREFIX);
  for (const { source, directory } of readMountTable()) {
    if (source !== NAME || !directory.startsWith(start)) continue;
    if (existsSync(`/proc/${parseInt(directory.slice(start.length), 10)}`)) continue;
    // Another user's stays.
    await unmountByHelper(directory, true)
      .then(() => rmdir(directory))
      .catch(() => undefined);
  }
}

async function within(work: Promise<unknown>, message: string): Promise<void> {
  const isLate = Symbol('late');
  const end = await Promise.race([work, sleep(PATIENCE, isLate, { ref: false })]);
  if (end === isLate) throw new IsodriveError('timeout', `${message} within ${PATIENCE / 1000} s`);
}

function createSource(): ByteSource {
  return {
    name: NAME,
    size: TRIAL_BYTES,
    read: (target, position) => {
      const length = Math.max(0, Math.min(target.length, TRIAL_BYTES - position));
      target.fill(0, 0, length);
      return Promise.resolve(length);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
