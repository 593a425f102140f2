// A socket or named pipe that a server listens at, and whether another daemon listens there already.
import { connect } from 'node:net';
import type { Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { IsodriveError, isSystemError } from '../../src/base/error.js';
import { ENDING_PATIENCE, ENDING_PAUSE, isPeerEnding } from '../../src/endpoint/peer-ending.js';

/** Milliseconds for a living daemon to accept; the kernel does it, so even a busy one is quick. */
const PROBE_DEADLINE = 2000;

export interface BoundSocket {
  readonly path: string;
  /** Removes the socket, unless somebody else's has its place. */
  remove(): void;
}

/** Whether somebody listens at a socket or a named pipe who is not a process that cannot end. */
export async function isAlive(path: string): Promise<boolean> {
  const end = performance.now() + ENDING_PATIENCE;
  for (;;) {
    const found = await probe(path);
    if (found !== 'ending') return found === 'alive';
    // A successor may be about to listen there.
    if (performance.now() > end) return false;
    await sleep(ENDING_PAUSE);
  }
}

function probe(path: string): Promise<'alive' | 'dead' | 'ending'> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const finish = (alive: boolean): void => {
      const isEnding = alive && !socket.connecting && isPeerEnding(socket);
      socket.destroy();
      resolve(isEnding ? 'ending' : alive ? 'alive' : 'dead');
    };
    // A full backlog (EAGAIN) is a sign of life as well; only these two say that nobody listens.
    socket.once('error', (error) =>
      finish(!(isSystemError(error) && (error.code === 'ECONNREFUSED' || error.code === 'ENOENT'))),
    );
    socket.once('connect', () => finish(true));
    socket.setTimeout(PROBE_DEADLINE, () => finish(true));
  });
}

export function listen(server: Server, target: string | { readonly fd: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(target, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

export function listensAlready(path: string): IsodriveError {
  return new IsodriveError('busy', `A daemon listens at "${path}" already, expected a free socket`, {
    action: 'Use it, or stop it with isodrive daemon stop',
  });
}
