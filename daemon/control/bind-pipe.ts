// Binds the control socket on Windows: a named pipe, which goes with its process, so that none is ever left behind.
import type { Server } from 'node:net';
import { isSystemError } from '../../src/base/error.js';
import { restrictPipe } from '../../src/endpoint/pipe-access.js';
import { isAlive, listen, listensAlready } from './bound-socket.js';
import type { BoundSocket } from './bound-socket.js';

/**
 * Lets `server` listen on the pipe `path`, for its user alone. Rejects with `busy` when a daemon listens there, or
 * `policy` where the addon was not built.
 */
export async function bindPipe(server: Server, path: string): Promise<BoundSocket> {
  // Windows refuses the second pipe of a name to Node (FILE_FLAG_FIRST_PIPE_INSTANCE); Wine does not.
  if (await isAlive(path)) throw listensAlready(path);
  try {
    await listen(server, path);
  } catch (thrown) {
    if (isSystemError(thrown) && thrown.code === 'EADDRINUSE') throw listensAlready(path);
    throw thrown;
  }
  try {
    restrictPipe(path);
  } catch (thrown) {
    server.close();
    throw thrown;
  }
  return { path, remove: () => undefined };
}
