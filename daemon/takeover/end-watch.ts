// Has a process look at this one where systemd runs it: should it ever be killed and unable to end, a successor is
// started all the same (native/keeper/end-watch.hh). isodrive-keeper does that itself.
import { spawn } from 'node:child_process';
import { keeperProgram } from '../../src/protocol/start-daemon.js';

/**
 * `socket`: systemd's NOTIFY_SOCKET. To be called before any image is open. Where the program is not there, nothing
 * happens.
 */
export function startEndWatch(socket: string): void {
  const watch = spawn(keeperProgram(), ['--watch', String(process.pid)], {
    stdio: 'ignore',
    env: { NOTIFY_SOCKET: socket },
  });
  watch.on('error', () => undefined);
  watch.unref();
}
