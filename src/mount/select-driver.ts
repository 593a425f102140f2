// Chooses the driver: `auto` takes the fastest that works here, a name forces one or fails with the reason.
import { IsodriveError } from '../base/error.js';
import type { DriverName, MountDriver } from './mount-driver.js';

/** Rejects with `policy` when no driver, or not the wanted one, works on this machine for this user. */
export async function selectDriver(
  wanted: DriverName | 'auto',
  drivers: readonly MountDriver[],
): Promise<MountDriver> {
  const refusals: string[] = [];
  let fix: string | undefined;
  for (const driver of drivers) {
    if (wanted !== 'auto' && driver.name !== wanted) continue;
    const { available, reason, fix: driverFix } = await driver.check();
    if (available) return driver;
    refusals.push(`${driver.name}: ${reason ?? 'no reason given'}`);
    fix ??= driverFix;
  }
  throw new IsodriveError('policy', `Cannot mount with driver "${wanted}": ${refusals.join('; ')}`, {
    action: fix ?? 'Run isodrive doctor',
  });
}
