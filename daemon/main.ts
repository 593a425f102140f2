#!/usr/bin/env node
// isodrived: owns every mount. Starts the control socket, says that it is ready, and on SIGTERM, SIGINT, SIGHUP or a
// `shutdown` call unmounts everything, removes its socket, and ends.
import { closeSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { toIsodriveError } from '../src/base/error.js';
import { packageVersion } from '../src/protocol/package-info.js';
import { encodeError } from '../src/protocol/rpc-error.js';
import { controlSocketPath } from '../src/protocol/socket-path.js';
import { READY_DESCRIPTOR } from '../src/protocol/start-daemon.js';
import type { ReadyMessage } from '../src/protocol/start-daemon.js';
import { ControlServer } from './control-server.js';
import { createDrivers } from './drivers.js';
import { EventBus } from './event-bus.js';
import { openLog } from './log.js';
import { MountManager } from './mount-manager.js';

/** Milliseconds after which a daemon that cannot unmount ends all the same; the kernel then ends its mounts. */
const SHUTDOWN_DEADLINE = 15_000;

interface DaemonOptions {
  readonly socketPath: string;
  readonly logPath: string | undefined;
}

async function startDaemon({ socketPath, logPath }: DaemonOptions): Promise<void> {
  process.umask(0o077);
  const log = openLog(logPath);
  const events = new EventBus();
  const manager = new MountManager({ drivers: createDrivers(), events, log });
  const facts = { version: packageVersion(), socketPath, logPath };
  let isEnding = false;
  const shutDown = async (reason: string, exitCode: number): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    log.info({ reason }, 'ending');
    setTimeout(() => {
      log.error('cannot unmount in time');
      process.exit(1);
    }, SHUTDOWN_DEADLINE).unref();
    events.emit({ event: 'shutdown', time: new Date().toISOString() });
    await manager.close();
    await server[Symbol.asyncDispose]();
    log.info('ended');
    process.exitCode = exitCode;
    // What is detached but still in use holds the loop; its users are told by the kernel when we go.
    setImmediate(() => process.exit());
  };
  const requestShutdown = (): void => void setImmediate(() => void shutDown('request', 0));
  const server = await ControlServer.listen({ facts, manager, events, log, requestShutdown });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => void shutDown(signal, 0));
  }
  for (const fault of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(fault, (error: unknown) => {
      log.fatal({ err: error }, fault);
      void shutDown(fault, 1);
    });
  }
  log.info({ socket: socketPath, version: facts.version }, 'listening');
}

function reportReady(message: ReadyMessage): void {
  writeSync(READY_DESCRIPTOR, `${JSON.stringify(message)}\n`);
  closeSync(READY_DESCRIPTOR);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      socket: { type: 'string' },
      log: { type: 'string' },
      // Set by whoever starts us in the background, and then reads our readiness from READY_DESCRIPTOR.
      background: { type: 'boolean', default: false },
    },
  });
  try {
    await startDaemon({ socketPath: controlSocketPath(values.socket), logPath: values.log });
    if (values.background) reportReady({ ready: true, pid: process.pid });
  } catch (thrown) {
    const error = toIsodriveError(thrown);
    if (values.background) reportReady({ error: encodeError(error) });
    else process.stderr.write(`isodrived: ${error.message}\nhint: ${error.action}\n`);
    process.exitCode = error.kind.exit;
  }
}

await main();
