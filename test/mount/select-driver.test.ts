// Which driver mounts, and what is said when none works here.
import { describe, expect, it } from 'vitest';
import { IsodriveError } from '../../src/base/error.js';
import type { DriverAvailability, MountDriver } from '../../src/mount/mount-driver.js';
import type { DriverName } from '../../src/options/driver-names.js';
import { selectDrivers } from '../../src/mount/select-driver.js';

function refusing(name: DriverName, availability: Partial<DriverAvailability>): MountDriver {
  return {
    name,
    ...(name === 'erofs' ? { isPartial: true as const } : {}),
    createMemory: () => {
      throw new Error('Not wanted');
    },
    check: () => Promise.resolve({ available: false, ...availability }),
    mount: () => Promise.reject(new Error('Not wanted')),
  };
}

const EROFS = refusing('erofs', { reason: 'only root may', fix: 'Use --driver fuse' });
const NO_ADDON = refusing('fuse', { reason: 'its addon cannot be loaded', fix: 'Install a C++ compiler' });
const NO_HELPER = refusing('fuse-native', {
  reason: 'Found no fusermount on the PATH',
  fix: 'sudo apt install fuse3',
  isGeneral: true,
});

async function refusalOf(
  wanted: DriverName | 'auto',
  drivers: readonly MountDriver[],
): Promise<IsodriveError> {
  const thrown: unknown = await selectDrivers(wanted, drivers).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(IsodriveError);
  return thrown as IsodriveError;
}

describe('selectDrivers', () => {
  it('never hints at a driver that has failed itself: the hint is of what every driver needs', async () => {
    const { code, message, action, details } = await refusalOf('auto', [EROFS, NO_ADDON, NO_HELPER]);
    expect(code).toBe('policy');
    expect(message).toBe('Cannot mount: found no driver that works here, expected one to');
    expect(action).toBe('sudo apt install fuse3 (isodrive doctor tells more)');
    expect(details).toEqual([
      'fuse: its addon cannot be loaded',
      'fuse-native: Found no fusermount on the PATH',
    ]);
  });

  it('takes the hint of the first driver for any image where the machine lacks nothing', async () => {
    const absent = refusing('fuse-native', { reason: 'is not installed', fix: 'npm install fuse-native' });
    expect((await refusalOf('auto', [EROFS, NO_ADDON, absent])).action).toContain('Install a C++ compiler');
  });

  it('says why the one driver that is asked for does not work, with its own fix', async () => {
    const { message, action, details } = await refusalOf('erofs', [EROFS, NO_ADDON]);
    expect(message).toBe('Cannot mount with driver erofs: only root may');
    expect(action).toBe('Use --driver fuse');
    expect(details).toEqual([]);
  });
});
