// isodrive daemon run: isodrived in the foreground, for service managers and for looking on. Signals are passed on.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { IsodriveError } from '../../base/error.js';
import { findSocket } from '../find-socket.js';
import { DAEMON_NODE_OPTIONS, daemonProgram } from '../../protocol/start-daemon.js';
import type { RunCommand } from '../command-spec.js';

export const runDaemonRun: RunCommand = (args, { signal }) => {
  const { path, isSystem } = findSocket(args);
  const idle = args.text('idle-timeout');
  const options = [
    ...['--socket', path],
    ...(isSystem ? ['--system'] : []),
    ...(idle === undefined ? [] : ['--idle-timeout', idle]),
  ];
  const child = spawn(process.execPath, [...DAEMON_NODE_OPTIONS, daemonProgram(), ...options], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new IsodriveError('daemon-unreachable', `Cannot start isodrived: ${cause.message}`, { cause })),
    );
    child.once('exit', (code, ended) => resolve(code ?? 128 + constants.signals[ended ?? 'SIGTERM']));
  });
};
