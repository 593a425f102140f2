// Chooses the driver: `auto` takes the fastest that works here and can serve the image, a name forces one or fails with
// the reason. Why faster ones were passed over stays known.
import { IsodriveError, toIsodriveError } from '../base/error.js';
import type { IndexMemory } from '../index/index-memory.js';
import type { ActiveMount, DriverAvailability, MountDriver, MountRequest } from './mount-driver.js';
import type { DriverName } from '../options/driver-names.js';

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
 * Up to the first driver that serves every image. Rejects with `policy` when no driver, or not the wanted one, works
 * on this machine for this user.
 */
export async function selectDrivers(
  wanted: DriverName | 'auto',
  drivers: readonly MountDriver[],
): Promise<DriverSelection> {
  const usable: MountDriver[] = [];
  const passedOver: PassedOver[] = [];
  const refusals: Refusal[] = [];
  for (const driver of drivers) {
    if (wanted !== 'auto' && driver.name !== wanted) continue;
    const availability = await driver.check();
    if (!availability.available) {
      passedOver.push({ driver: driver.name, reason: availability.reason ?? 'no reason given' });
      refusals.push({ driver, availability });
      continue;
    }
    usable.push(driver);
    if (driver.isPartial !== true) break;
  }
  if (usable.length > 0) {
    return { drivers: usable, passedOver, createMemory: () => usable[0]!.createMemory() };
  }
  throw refuse(wanted, refusals);
}

interface Refusal {
  readonly driver: MountDriver;
  readonly availability: DriverAvailability;
}

/** The hint is about the driver that would have served any image: a faster one for some is no way out. */
function refuse(wanted: DriverName | 'auto', refusals: readonly Refusal[]): IsodriveError {
  const whole = refusals.filter(({ driver }) => driver.isPartial !== true);
  const relevant = whole.length === 0 ? refusals : whole;
  const decisive = relevant.find(({ availability }) => availability.isGeneral === true) ?? relevant[0];
  const action = decisive?.availability.fix ?? 'Run isodrive doctor';
  const reasons = relevant.map(({ driver, availability }) => `${driver.name}: ${availability.reason ?? ''}`);
  if (wanted !== 'auto') {
    return new IsodriveError('policy', `Cannot mount with driver ${reasons.join('')}`, { action });
  }
  return new IsodriveError('policy', 'Cannot mount: found no driver that works here, expected one to', {
    action: `${action} (isodrive doctor tells more)`,
    details: reasons,
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
