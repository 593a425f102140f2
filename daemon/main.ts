#!/usr/bin/env node
// isodrived: owns every mount. Starts the control socket, brings back the mounts of a daemon that died, says that it is
// ready, and on SIGTERM, SIGINT, SIGHUP or a `shutdown` call unmounts everything, removes its socket, and ends.
import { closeSync, statSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { IsodriveError, toIsodriveError } from '../src/base/error.js';
import { tryToLoadAddon } from '../src/source/load-addon.js';
import type { DaemonProgram } from '../src/protocol/messages.js';
import { packageVersion } from '../src/protocol/package-info.js';
import { encodeError } from '../src/protocol/rpc-error.js';
import { SYSTEM_SOCKET, controlSocketPath, defaultJournalPath } from '../src/protocol/socket-path.js';
import { READY_DESCRIPTOR } from '../src/protocol/start-daemon.js';
import type { ReadyMessage } from '../src/protocol/start-daemon.js';
import { ControlServer } from './control-server.js';
import { createMounts } from './create-mounts.js';
import { EventBus } from './event-bus.js';
import { startIdleTimer } from './idle-timer.js';
import { openLog } from './log.js';
import { ServiceManager } from './service-manager.js';
import { loadPolicy } from './users/policy.js';
import type { Policy } from './users/policy.js';
import { UserLedger } from './users/user-ledger.js';

/** Milliseconds after which a daemon that cannot unmount ends all the same; the kernel then ends its mounts. */
const SHUTDOWN_DEADLINE = 15_000;
/** Milliseconds that being ready waits for mounts that are brought back: an image may be on a medium that hangs. */
const RESTORE_DEADLINE = 5000;
/** Asks whoever runs us to start a successor at once (EX_TEMPFAIL); native/keeper/main.cc and the units know it. */
const EXIT_RESTART = 75;

interface DaemonOptions {
  readonly socketPath: string;
  readonly logPath: string | undefined;
  /** Where the journal of mounts is kept. */
  readonly journalPath: string;
  /** Seconds without mounts and clients after which the daemon ends; undefined: never. */
  readonly idleTimeout: number | undefined;
  /** Of the system service; undefined for a daemon of one user. */
  readonly policy: Policy | undefined;
}

async function startDaemon(options: DaemonOptions, service: ServiceManager): Promise<void> {
  const { socketPath, logPath } = options;
  process.umask(0o077);
  tryToLoadAddon()?.noteCrashes();
  const log = openLog(logPath);
  service.onFault = (err) => log.error({ err }, 'cannot speak to the service manager');
  const events = new EventBus();
  const users = options.policy && { policy: options.policy, ledger: new UserLedger() };
  const { journalPath } = options;
  const manager = await createMounts({ socketPath, journalPath, users, service, events, log });
  const facts = { version: packageVersion(), socketPath, logPath };
  let isEnding = false;
  const shutDown = async (reason: string, exitCode: number): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    log.info({ reason }, 'ending');
    service.stopping();
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
  const requestUpgrade = (successor: DaemonProgram | undefined): void => {
    if (!service.isPresent) throw refuseUpgrade();
    if (successor !== undefined) {
      checkSuccessor(successor);
      service.nameSuccessor(successor);
    }
    setImmediate(() => {
      log.info({ ...successor }, 'making way for a successor');
      // As if killed: the kernel hands the successor what is unanswered, and the journal what is half made.
      process.exit(EXIT_RESTART);
    });
  };
  const server = await ControlServer.listen({
    facts,
    manager,
    service,
    events,
    log,
    users,
    requestShutdown,
    requestUpgrade,
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => void shutDown(signal, 0));
  }
  for (const fault of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(fault, (error: unknown) => {
      log.fatal({ err: error }, fault);
      // A successor goes on with the mounts, and does better.
      if (service.isPresent) process.exit(1);
      void shutDown(fault, 1);
    });
  }
  // Only now: who has bound the socket is the only daemon, so that the mounts in the journal are nobody else's.
  const late = new Promise<void>((resolve) => setTimeout(resolve, RESTORE_DEADLINE).unref());
  await Promise.race([manager.restore(), late]);
  if (options.idleTimeout !== undefined) {
    startIdleTimer(
      options.idleTimeout,
      () => server.connectionCount === 0 && !manager.isBusy,
      () => void shutDown('idle', 0),
    );
  }
  log.info({ socket: socketPath, version: facts.version }, 'listening');
  service.ready();
  service.startWatchdog(() => {
    const neglected = manager.findNeglected();
    if (neglected.length > 0) log.error({ neglected }, 'requests wait and no thread takes them');
    return neglected.length === 0;
  });
  manager.prepare();
}

function refuseUpgrade(): IsodriveError {
  return new IsodriveError(
    'unsupported',
    'Cannot hand the mounts over: nobody keeps them, expected isodrive-keeper or systemd',
    { action: 'Stop the daemon with isodrive daemon stop, and start it again' },
  );
}

/** Nobody makes way for what is not there. */
function checkSuccessor({ executable, program }: DaemonProgram): void {
  for (const path of [executable, program]) {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) continue;
    throw new IsodriveError('usage', `Cannot make way for "${path}": found no such file, expected a daemon`, {
      action: 'Build it first: npm run build',
    });
  }
}

function reportReady(descriptor: number | undefined, message: ReadyMessage): void {
  if (descriptor === undefined) return;
  writeSync(descriptor, `${JSON.stringify(message)}\n`);
  closeSync(descriptor);
}

function preparePolicy(path: string | undefined): Policy {
  if (process.geteuid?.() === 0) return loadPolicy(path);
  throw new IsodriveError('permission', 'Cannot serve all users as an ordinary one, expected to be root', {
    action: 'Leave --system out, or have an administrator enable isodrived.socket of the system',
  });
}

function parseSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/u.test(text)) return Number(text);
  throw new IsodriveError('usage', `Idle timeout is "${text}", expected a whole number of seconds`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      socket: { type: 'string' },
      log: { type: 'string' },
      journal: { type: 'string' },
      'idle-timeout': { type: 'string' },
      // Serves all users of the machine, within the policy.
      system: { type: 'boolean', default: false },
      policy: { type: 'string' },
      // Set by whoever starts us in the background without a keeper, and then reads READY_DESCRIPTOR.
      background: { type: 'boolean', default: false },
    },
  });
  const service = ServiceManager.fromEnvironment();
  const ready = service.take('ready') ?? (values.background ? READY_DESCRIPTOR : undefined);
  try {
    const socketPath = controlSocketPath(values.socket ?? (values.system ? SYSTEM_SOCKET : undefined));
    const journalPath = values.journal ?? defaultJournalPath(socketPath);
    const idleTimeout = parseSeconds(values['idle-timeout']);
    const policy = values.system ? preparePolicy(values.policy) : undefined;
    await startDaemon({ socketPath, logPath: values.log, journalPath, idleTimeout, policy }, service);
    reportReady(ready, { ready: true, pid: process.pid });
  } catch (thrown) {
    const error = toIsodriveError(thrown);
    if (ready === undefined) process.stderr.write(`isodrived: ${error.message}\nhint: ${error.action}\n`);
    else reportReady(ready, { error: encodeError(error) });
    process.exitCode = error.kind.exit;
  }
}

await main();
