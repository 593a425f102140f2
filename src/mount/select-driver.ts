// Chooses the driver: `auto` takes the fastest that works here and can serve the image, a name forces one or fails with
// the reason. Why faster ones were passed over stays known.
import { IsodriveError, toIsodriveError } from '../base/error.js';
import type { IndexMemory } from '../index/index-memory.js';
import type { ActiveMount, DriverName, MountDriver, MountRequest } from './mount-driver.js';

/** A driver that would have been better, and why it does not serve this mount. */
export interface PassedOver {
  readonly driver: DriverName;
  readonly reason: string;
}

export interface DriverSelection {
  /** Those that work here, best first; at least one. */
  readonly drivers: readonly MountDriver[];
  readonly passedOver: readonly PassedOver[];
  /** Memory for an index that each of them can mount, and other threads can share. */
  createMemory(): IndexMemory;
}

export interface DriverMount {
  readonly active: ActiveMount;
  readonly passedOver: readonly PassedOver[];
}

/**
 * Up to the first driver that serves every image. Rejects with `policy` when no driver, or not the wanted one, works on this machine for this
 * user.
 */
export async function selectDrivers(
  wanted: DriverName | 'auto',
  drivers: readonly MountDriver[],
): Promise<DriverSelection> {
  const usable: MountDriver[] = [];
  const passedOver: PassedOver[] = [];
  let fix: string | undefined;
  for (const driver of drivers) {
    if (wanted !== 'auto' && driver.name !== wanted) continue;
    const { available, reason = 'no reason given', fix: driverFix } = await driver.check();
    if (!available) {
      passedOver.push({ driver: driver.name, reason });
      fix ??= driverFix;
      continue;
    }
    usable.push(driver);
    if (driver.isPartial !== true) break;
  }
  if (usable.length > 0) {
    return { drivers: usable, passedOver, createMemory: () => usable[0]!.createMemory() };
  }
  const refusals = passedOver.map(({ driver, reason }) => `${driver}: ${reason}`).join('; ');
  throw new IsodriveError('policy', `Cannot mount with driver "${wanted}": ${refusals}`, {
    action: fix ?? 'Run isodrive doctor',
  });
}

/** Mounts by the best of them that can serve this image. Rejects as the last one does. */
export async function mountByFirst(selection: DriverSelection, request: MountRequest): Promise<DriverMount> {
  const passedOver = [...selection.passedOver];
  const last = selection.drivers.at(-1);
  for (const driver of selection.drivers) {
    try {
      return { active: await driver.mount(request), passedOver };
    } catch (thrown) {
      const { code, message } = toIsodriveError(thrown);
      if (driver === last || code === 'cancelled') throw thrown;
      passedOver.push({ driver: driver.name, reason: message });
    }
  }
  throw new RangeError('A selection has at least one driver');
}
