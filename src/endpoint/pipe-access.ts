// Whose a named pipe is, and who may connect to it. Without a list of its own, a pipe may be read, though not written
// to, by everybody (CreateNamedPipe), and any user may be the first to take its name.
import { isWindowsError } from '../../native/windows/index.js';
import { IsodriveError } from '../base/error.js';
import { requireWindowsAddon } from '../io/load-windows-addon.js';
import { ERROR_FILE_NOT_FOUND } from '../io/system-errors.js';

/**
 * Throws `permission` for a pipe that another user has made: what we send would go to them. One that is not there
 * passes. Throws `policy` where the addon was not built: then nobody can say.
 */
export function checkPipeOwner(path: string): void {
  if (ownsPipe(path)) return;
  throw new IsodriveError(
    'permission',
    `"${path}" is the pipe of another user, expected a daemon of this one`,
    {
      action: 'Find out who runs it, or set ISODRIVE_SOCKET to another name',
    },
  );
}

function ownsPipe(path: string): boolean {
  try {
    return requireWindowsAddon().ownsPipe(path);
  } catch (thrown) {
    if (isWindowsError(thrown) && thrown.systemCode === ERROR_FILE_NOT_FOUND) return true;
    throw thrown;
  }
}

/** Lets only this user, administrators and the system connect to a pipe that this process serves. */
export function restrictPipe(path: string): void {
  requireWindowsAddon().restrictPipe(path);
}
