// The descriptor behind a socket or a listening server, for which Node has no public way.
import type { Server, Socket } from 'node:net';

/** Throws where the handle has none: what is to be checked by it then fails its check. */
export function descriptorOf(socket: Socket | Server): number {
  const { _handle: handle } = socket as { _handle?: { fd?: number } };
  if (handle?.fd === undefined || handle.fd < 0) throw new Error('Socket has no descriptor');
  return handle.fd;
}
