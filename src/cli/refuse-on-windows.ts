// Commands that need what Windows has not.
import { IsodriveError } from '../base/error.js';

/** Throws `unsupported` on Windows. `action`: what to do there instead. */
export function refuseOnWindows(command: string, action: string): void {
  if (process.platform !== 'win32') return;
  throw new IsodriveError('unsupported', `Found "${command}", expected a command that Windows can do`, {
    action,
  });
}
