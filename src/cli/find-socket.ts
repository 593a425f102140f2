// Which daemon a command talks to: the user's own, or with --system, or the socket of that name, the one of the machine.
import { SYSTEM_SOCKET, controlSocketPath } from '../protocol/socket-path.js';
import type { CommandArguments } from './command-spec.js';

export interface ChosenSocket {
  readonly path: string;
  /** It opens nothing for its callers, and is nobody's to start. */
  readonly isSystem: boolean;
}

/** Throws `usage` as controlSocketPath does. */
export function findSocket(args: CommandArguments): ChosenSocket {
  const isWanted = args.flag('system');
  const path = controlSocketPath(args.text('socket') ?? (isWanted ? SYSTEM_SOCKET : undefined));
  return { path, isSystem: isWanted || path === SYSTEM_SOCKET };
}
