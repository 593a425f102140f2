#!/usr/bin/env node
// isodrived: owns every mount. Starts the control socket, brings back the mounts of a daemon that died, says that it is
// ready, and on SIGTERM, SIGINT, SIGHUP or a `shutdown` call unmounts everything, removes its socket, and ends.
import { closeSync, statSync, writeSync } from 'node:fs';
import { IsodriveError, toIsodriveError } from '../src/base/error.js';
import { leaveTemporaryFolder } from '../src/base/temporary-folder.js';
import { tryToLoadAddon } from '../src/io/load-addon.js';
import type { DaemonProgram } from '../src/protocol/messages.js';
import type { MethodContext } from './control/methods.js';
import { packageVersion } from '../src/protocol/package-info.js';
import { encodeError } from '../src/protocol/rpc-error.js';
import {
  SYSTEM_SOCKET,
  controlSocketPath,
  defaultJournalPath,
  servedDrivesFolder,
} from '../src/endpoint/socket-path.js';
import type { KeeperState } from '../src/protocol/messages.js';
import { READY_DESCRIPTOR } from '../src/protocol/start-daemon.js';
import type { ReadyMessage } from '../src/protocol/start-daemon.js';
import { ControlServer } from './control/control-server.js';
import { USAGE, parseDaemonOptions } from './daemon-options.js';
import type { DaemonArguments } from './daemon-options.js';
import { createMounts } from './create-mounts.js';
import { startEndWatch } from './takeover/end-watch.js';
import { EventBus } from './mounts/event-bus.js';
import type { DaemonFacts } from './control/methods.js';
import { startIdleTimer } from './control/idle-timer.js';
import { openLog } from './log.js';
import { ServiceManager } from './takeover/service-manager.js';
import { loadPolicy } from './users/policy.js';
import type { Policy } from './users/policy.js';
import { UserLedger } from './users/user-ledger.js';

/** Milliseconds after which a daemon that cannot unmount ends all the same; the kernel then ends its mounts. */
const SHUTDOWN_DEADLINE = 15_000;
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
  const addon = tryToLoadAddon();
  addon?.noteCrashes();
  // Before any image is open.
  addon?.prepareForPrograms();
  const { log, writer } = openLog(logPath);
  process.on('exit', () => writer.flush());
  service.onFault = (err) => log.error({ err }, 'cannot speak to the service manager');
  const events = new EventBus();
  const users = options.policy && { policy: options.policy, ledger: new UserLedger() };
  const { journalPath } = options;
  const manager = await createMounts({ socketPath, journalPath, users, service, events, log });
  const health = (): ReturnType<DaemonFacts['health']> => ({
    keeper: service.state,
    lostLogLines: writer.lostLines,
  });
  const facts = { version: packageVersion(), socketPath, logPath, health };
  /** A thread that waits for a dead medium would keep process.exit, and /dev/fuse of all mounts with it. */
  const endNow = (code: number): void => {
    writer.flush();
    tryToLoadAddon()?.endProcess(code);
    process.exit(code);
  };
  let isEnding = false;
  const shutDown = async (reason: string, exitCode: number): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    log.info({ reason }, 'ending');
    service.stopping();
    setTimeout(() => {
      log.error('cannot unmount in time');
      endNow(1);
    }, SHUTDOWN_DEADLINE).unref();
    events.emit({ event: 'shutdown', time: new Date().toISOString() });
    await manager.close();
    await server[Symbol.asyncDispose]();
    leaveTemporaryFolder(servedDrivesFolder(socketPath));
    log.info('ended');
    // What is detached but still in use holds the loop; its users are told by the kernel when we go.
    setImmediate(() => endNow(exitCode));
  };
  const requestShutdown = (): void => void setImmediate(() => void shutDown('request', 0));
  const requestUpgrade: MethodContext['requestUpgrade'] = ({ successor, force }) => {
    if (service.state !== 'alive' && !force) throw refuseUpgrade(service.state);
    if (successor !== undefined) {
      checkSuccessor(successor);
      service.nameSuccessor(successor);
    }
    setImmediate(() => {
      log.info({ ...successor }, 'making way for a successor');
      // As if killed: the kernel hands the successor what is unanswered, and the journal what is half made.
      endNow(EXIT_RESTART);
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
      if (service.isPresent) endNow(1);
      void shutDown(fault, 1);
    });
  }
  // Only now: who has bound the socket is the only daemon, so that the mounts in the journal are nobody else's.
  await manager.restore();
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

function refuseUpgrade(state: KeeperState): IsodriveError {
  const found = {
    none: 'nobody keeps them',
    stopped: 'their keeper is stopped',
    gone: 'their keeper has died',
    alive: 'their keeper refuses',
  }[state];
  const action =
    state === 'stopped'
      ? 'Send SIGCONT to isodrive-keeper, or force it: the mounts then hang until somebody does'
      : 'Close what is open on the mounts and force it: they end, and the next daemon makes them again';
  return new IsodriveError(
    'unsupported',
    `Cannot hand the mounts over: ${found}, expected isodrive-keeper or systemd to start a successor`,
    { action },
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

/** Undefined when the command line is answered already. */
function readOptions(argv: readonly string[]): DaemonArguments | undefined {
  try {
    const options = parseDaemonOptions(argv);
    if (typeof options === 'object') return options;
    process.stdout.write(`${options === 'help' ? USAGE : packageVersion()}\n`);
  } catch (thrown) {
    complain(toIsodriveError(thrown));
  }
  return undefined;
}

function complain(error: IsodriveError): void {
  process.stderr.write(`isodrived: ${error.message}\nhint: ${error.action}\n`);
  process.exitCode = error.kind.exit;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) return;
  const service = ServiceManager.fromEnvironment();
  // Only root may speak to systemd in another process's name.
  if (service.notifySocket !== undefined && process.geteuid?.() === 0) startEndWatch(service.notifySocket);
  const ready = service.take('ready') ?? (options.background ? READY_DESCRIPTOR : undefined);
  try {
    const socketPath = controlSocketPath(options.socket ?? (options.system ? SYSTEM_SOCKET : undefined));
    const journalPath = options.journal ?? defaultJournalPath(socketPath);
    const { idleTimeout } = options;
    const policy = options.system ? preparePolicy(options.policy) : undefined;
    await startDaemon({ socketPath, logPath: options.log, journalPath, idleTimeout, policy }, service);
    reportReady(ready, { ready: true, pid: process.pid });
  } catch (thrown) {
    const error = toIsodriveError(thrown);
    if (ready === undefined) complain(error);
    else reportReady(ready, { error: encodeError(error) });
    process.exitCode = error.kind.exit;
  }
}

await main();
