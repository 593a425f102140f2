// How many connections a server may have. Beyond the descriptors of its process the system takes no connection at all:
// those who come then wait for nothing, and each look at them costs processor time.
import { readdirSync, readFileSync } from 'node:fs';

/** Connections at a time at most; the next are refused. */
export const MAX_CONNECTIONS = 128;
/** Descriptors that are left for images, and for questions of other commands. */
const RESERVED = 16;

/** At least 1. */
export function countRoomForConnections(): number {
  const limit = readLimit();
  if (limit === undefined) return MAX_CONNECTIONS;
  const open = readdirSync('/proc/self/fd').length;
  return Math.max(1, Math.min(MAX_CONNECTIONS, limit - open - RESERVED));
}

/** Undefined where the system does not tell, and where there is none. */
function readLimit(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    // The soft one, which Node raises to the hard one as it starts (proc(5)).
    const digits = /^Max open files\s+(\d+)/mu.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return digits === undefined ? undefined : Number(digits);
  } catch {
    return undefined;
  }
}
