// Which daemon a command talks to: the user's own, or with --system, or the socket of that name, the one of the
// machine.
import { IsodriveError } from '../base/error.js';
import { SYSTEM_SOCKET, controlSocketPath } from '../endpoint/socket-path.js';
import type { CommandArguments } from './command-spec.js';

export interface ChosenSocket {
  readonly path: string;
  /** It opens nothing for its callers, and is nobody's to start. */
  readonly isSystem: boolean;
}

/** Throws `usage` as controlSocketPath does. */
export function findSocket(args: CommandArguments): ChosenSocket {
  const isWanted = args.flag('system');
  if (isWanted && process.platform === 'win32') throw noService();
  const path = controlSocketPath(args.text('socket') ?? (isWanted ? SYSTEM_SOCKET : undefined));
  return { path, isSystem: isWanted || path === SYSTEM_SOCKET };
}

function noService(): IsodriveError {
  return new IsodriveError(
    'unsupported',
    'Found --system, expected none: Windows has no service of isodrive',
  );
}
