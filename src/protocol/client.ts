// The client's end of the control socket: calls, their cancellation, and events. One connection carries them all.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadAddon } from '../../native/index.js';
import { IsodriveError, isSystemError } from '../base/error.js';
import { LineSplitter } from './line-splitter.js';
import { MAX_LINE_BYTES } from './messages.js';
import type { DaemonEvent, MethodName, Methods, RpcError } from './messages.js';
import { decodeError } from './rpc-error.js';
import { ENDING_PATIENCE, ENDING_PAUSE, isPeerEnding } from '../endpoint/peer-ending.js';
import { descriptorOf } from '../endpoint/socket-descriptor.js';
import { SYSTEM_SOCKET, checkSocketOwner } from '../endpoint/socket-path.js';

/** Milliseconds for a daemon that many clients want to accept one, and between two tries. */
const CONNECT_PATIENCE = 10_000;
const CONNECT_PAUSE = 5;

interface PendingCall {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: IsodriveError) => void;
}

interface ServerMessage {
  readonly id?: number | null;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: RpcError;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds until the call is given up with `timeout` and cancelled; for ever where absent. */
  readonly deadline?: number;
  /** Open files that go with the call, which stay the caller's; its parameters name them. Needs the addon. */
  readonly descriptors?: readonly number[];
}

/** A connection to isodrived. Disposing closes it, which cancels its calls in the daemon. */
export class ControlClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #splitter = new LineSplitter(MAX_LINE_BYTES);
  readonly #pending = new Map<number, PendingCall>();
  /** Called for every event after `watch`. */
  onEvent: ((event: DaemonEvent) => void) | undefined;
  /** Settles when the connection is gone, whoever closed it. */
  readonly closed: Promise<void>;
  #nextId = 1;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#failAll();
        resolve();
      });
    });
  }

  /**
   * Rejects with `daemon-unreachable` (cause: the socket's own error) or `permission`. `open` makes each try, several
   * where the daemon has no room.
   */
  static async connect(path: string, open = openSocket): Promise<ControlClient> {
    if (process.platform === 'win32') (await import('../endpoint/pipe-access.js')).checkPipeOwner(path);
    else checkSocketOwner(path);
    const start = performance.now();
    const end = start + CONNECT_PATIENCE;
    for (;;) {
      let socket: Socket;
      try {
        socket = await open(path);
      } catch (thrown) {
        // EAGAIN: more clients wait to be accepted than the kernel keeps; the daemon lives.
        const isFull = isSystemError(thrown) && thrown.code === 'EAGAIN';
        if (!isFull || performance.now() > end) throw connectError(path, thrown as Error);
        await sleep(CONNECT_PAUSE);
        continue;
      }
      if (!isPeerEnding(socket)) return new ControlClient(socket);
      socket.destroy();
      if (performance.now() - start > ENDING_PATIENCE)
        throw connectError(path, new Error('the daemon there was killed and cannot end'));
      await sleep(ENDING_PAUSE);
    }
  }

  /** For a process that shall keep the connection when this one is gone. Throws once it is closed. */
  get descriptor(): number {
    return descriptorOf(this.#socket);
  }

  /**
   * Calls a method. Rejects with the daemon's own error, `cancelled`, `timeout`, or `daemon-unreachable` when it goes
   * away.
   */
  async call<M extends MethodName>(
    method: M,
    params: Methods[M]['params'],
    options: CallOptions = {},
  ): Promise<Methods[M]['result']> {
    const id = this.#nextId;
    this.#nextId += 1;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    const { descriptors } = options;
    if (descriptors === undefined) this.#send({ jsonrpc: '2.0', id, method, params });
    else await this.#sendWith({ jsonrpc: '2.0', id, method, params }, descriptors);
    const cancel = (error: IsodriveError): void => {
      this.#send({ jsonrpc: '2.0', method: 'cancel', params: { id } });
      this.#settle(id)?.reject(error);
    };
    const onAbort = (): void => cancel(new IsodriveError('cancelled', `Call "${method}" was interrupted`));
    options.signal?.addEventListener('abort', onAbort, { once: true });
    const { deadline } = options;
    const timer =
      deadline === undefined ? undefined : setTimeout(() => cancel(late(method, deadline)), deadline);
    try {
      if (options.signal?.aborted === true) onAbort();
      return (await answer) as Methods[M]['result'];
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.closed;
  }

  #send(message: unknown): void {
    if (this.#socket.destroyed) this.#failAll();
    else this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  /** Past Node's socket, which cannot send descriptors: what it has still to write goes first. */
  async #sendWith(message: unknown, descriptors: readonly number[]): Promise<void> {
    while (this.#socket.writableLength > 0 && !this.#socket.destroyed) await sleep(CONNECT_PAUSE);
    if (this.#socket.destroyed) {
      this.#failAll();
      return;
    }
    const line = Buffer.from(`${JSON.stringify(message)}\n`);
    const sent = loadAddon().sendDescriptors(descriptorOf(this.#socket), line, descriptors);
    if (sent < line.length) this.#socket.write(line.subarray(sent));
  }

  #receive(chunk: Buffer): void {
    try {
      for (const line of this.#splitter.push(chunk)) this.#dispatch(JSON.parse(line) as ServerMessage);
    } catch {
      // What does not speak our protocol is not our daemon: closing fails every pending call.
      this.#socket.destroy();
    }
  }

  #dispatch(message: ServerMessage): void {
    if (message.method === 'event') {
      this.onEvent?.(message.params as DaemonEvent);
      return;
    }
    // JSON-RPC 2.0 section 5: an error without a number is about what came before, and the daemon hangs up.
    if (message.id === null && message.error !== undefined) this.#failAll(decodeError(message.error));
    if (typeof message.id !== 'number') return;
    const call = this.#settle(message.id);
    if (message.error === undefined) call?.resolve(message.result);
    else call?.reject(decodeError(message.error));
  }

  #settle(id: number): PendingCall | undefined {
    const call = this.#pending.get(id);
    this.#pending.delete(id);
    return call;
  }

  #failAll(error: IsodriveError = hungUp()): void {
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(error);
  }
}

export function openSocket(path: string): Promise<Socket> {
  const socket = connect(path);
  return new Promise((resolve, reject) => {
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

function hungUp(): IsodriveError {
  return new IsodriveError(
    'daemon-unreachable',
    'Daemon closed the connection before it answered, expected an answer',
  );
}

function late(method: string, deadline: number): IsodriveError {
  return new IsodriveError('timeout', `Daemon did not answer "${method}" within ${deadline / 1000} s`);
}

function connectError(path: string, cause: Error): IsodriveError {
  if (isSystemError(cause) && (cause.code === 'EACCES' || cause.code === 'EPERM')) {
    return new IsodriveError(
      'permission',
      `Cannot connect to "${path}": permission denied, expected a daemon of this user`,
      {
        cause,
      },
    );
  }
  const found = isSystemError(cause) && cause.code === 'ENOENT' ? 'no such socket' : cause.message;
  return new IsodriveError(
    'daemon-unreachable',
    `Cannot reach isodrived at "${path}": ${found}, expected a running daemon`,
    {
      cause,
      action:
        path === SYSTEM_SOCKET
          ? 'Have an administrator run systemctl enable --now isodrived.socket'
          : 'Start it with isodrive daemon start',
    },
  );
}
