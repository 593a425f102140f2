// What each method of the control socket does, apart from `watch`, which belongs to its connection.
import type { DaemonProgram, MethodName, Methods } from '../../src/protocol/messages.js';
import type { MountService } from '../mounts/mount-service.js';
import type { ProcessHealth } from './render-metrics.js';
import { parseParams } from './params.js';
import { requireRoot } from '../users/caller.js';
import type { Caller } from '../users/caller.js';
import type { ReceivedDescriptors } from '../users/received-descriptors.js';

/** What the daemon is, as its methods tell it. */
export interface DaemonFacts {
  readonly version: string;
  readonly socketPath: string;
  readonly logPath: string | undefined;
  /** How those do without whom a fault would cost mounts, or not be told. */
  readonly health: () => ProcessHealth;
}

/** The program that is to take over, this one where none is named; `force` even where mounts would be lost. */
export interface UpgradeRequest {
  readonly successor: DaemonProgram | undefined;
  readonly force: boolean;
}

export interface MethodContext {
  readonly manager: MountService;
  readonly facts: DaemonFacts;
  /** Ends the daemon, once the answer is out. */
  readonly requestShutdown: () => void;
  /**
   * Has a successor take over, once the answer is out. Throws `unsupported` where nobody would start one, unless
   * `force`.
   */
  readonly requestUpgrade: (request: UpgradeRequest) => void;
  /** Runs `then` when the caller's connection is gone, at once if it is already. */
  readonly whenGone: (then: () => void) => void;
  /** Sends events to the caller from now on. */
  readonly watch: () => void;
  readonly signal: AbortSignal;
  /** Who calls the system service; undefined where the daemon is of one user. */
  readonly caller: Caller | undefined;
  /** What came with the call. */
  readonly received: ReceivedDescriptors;
}

type Handler<M extends MethodName> = (
  params: Methods[M]['params'],
  context: MethodContext,
) => Methods[M]['result'] | Promise<Methods[M]['result']>;

const HANDLERS: { readonly [M in MethodName]: Handler<M> } = {
  mount: async (params, { manager, signal, caller, received, whenGone }) => {
    const result = await manager.mount(
      params,
      signal,
      caller === undefined ? undefined : { caller, received },
    );
    if (params.bound === true) whenGone(() => void manager.release(result.mount.id));
    return result;
  },
  unmount: (params, { manager, caller }) => manager.unmount(params, caller),
  bind: async ({ id }, { manager, caller, whenGone }) => {
    const mount = await manager.bind(id, caller);
    whenGone(() => void manager.release(mount.id));
    return { mount };
  },
  list: async (_, { manager, caller }) => ({ mounts: await manager.list(caller) }),
  status: async (_, { manager, facts, caller }) => ({
    pid: process.pid,
    version: facts.version,
    socket: facts.socketPath,
    ...(facts.logPath === undefined ? {} : { log: facts.logPath }),
    uptime: Math.round(process.uptime()),
    // What others do shows in it.
    ...(caller?.isAdministrator === false ? {} : { memory: process.memoryUsage.rss(), ...facts.health() }),
    mounts: await manager.list(caller),
  }),
  watch: (_, { watch }) => {
    watch();
    return { watching: true };
  },
  version: (_, { facts }) => ({
    version: facts.version,
    pid: process.pid,
    ...(process.argv[1] === undefined ? {} : { program: process.argv[1] }),
  }),
  shutdown: async ({ force = false }, { manager, requestShutdown, caller }) => {
    requireRoot(caller);
    if (!force) await manager.refuseWhileUsed();
    requestShutdown();
    return { pid: process.pid };
  },
  upgrade: ({ successor, force = false }, { requestUpgrade, caller }) => {
    requireRoot(caller);
    // What runs as the machine's service is its administrator's choice, not its caller's.
    requestUpgrade({ successor: caller === undefined ? successor : undefined, force });
    return { pid: process.pid };
  },
};

/** Calls a method with parameters as they came. Rejects with `usage` when they are wrong. */
export async function callMethod<M extends MethodName>(
  method: M,
  params: unknown,
  context: MethodContext,
): Promise<Methods[M]['result']> {
  return HANDLERS[method](parseParams(method, params), context);
}
