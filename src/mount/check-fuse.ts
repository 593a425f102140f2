// What every FUSE driver needs of the machine, whoever speaks the protocol.
import type { DriverAvailability } from './mount-driver.js';
import {
  FUSE_DEVICE,
  describeDeviceFault,
  findFuseDevice,
  findProgram,
  knowsFuse,
  probeFuseDevice,
} from './probe-platform.js';
import { readRights } from './rights.js';

/** Whether FUSE mounts can be made: by root itself, by users with `helper`; `fix` says how to get that. */
export async function checkFuse(helper: string, fix: string): Promise<DriverAvailability> {
  const isRoot = process.geteuid?.() === 0;
  // For users the helper opens the device, as root.
  const fault = await (isRoot ? probeFuseDevice() : findFuseDevice());
  if (fault !== undefined) {
    const { detail, fix: deviceFix } = describeDeviceFault(fault, await knowsFuse(), readRights());
    return { available: false, reason: `${FUSE_DEVICE}: ${detail}`, fix: deviceFix, isGeneral: true };
  }
  if (isRoot || (await findProgram([helper])) !== undefined) return { available: true };
  const reason = `Found no ${helper} on the PATH, with which users mount`;
  return { available: false, reason, fix, isGeneral: true };
}
