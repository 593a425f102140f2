// One client: lines in, answers and events out. When the client goes, what it asked for and has not got is cancelled.
import type { Socket } from 'node:net';
import { IsodriveError, toIsodriveError } from '../../src/base/error.js';
import { LineSplitter } from '../../src/protocol/line-splitter.js';
import type { DaemonEvent, MethodName, RpcError, RpcResponse } from '../../src/protocol/messages.js';
import {
  RPC_INVALID_REQUEST,
  RPC_METHOD_NOT_FOUND,
  RPC_PARSE_ERROR,
  encodeError,
} from '../../src/protocol/rpc-error.js';
import type { DaemonLog } from '../log.js';
import type { MethodContext } from './methods.js';
import { isMethod } from './params.js';
import { MAX_PENDING } from '../limits.js';
import type { ControlInput } from '../users/control-input.js';
import { DescriptorQueue } from '../users/received-descriptors.js';
import type { DescriptorOwner } from '../users/received-descriptors.js';

const HTTP_GET = 'GET ';
/** Longest messages of answers and events that a client may leave unread before it is let go. */
const MAX_UNREAD_MESSAGES = 2;
/** Answers may be longer than messages: the list of a user's mounts. */
const LEAST_UNREAD = 512 * 1024;

type RequestId = number | string | null;

export interface ConnectionOptions {
  readonly call: (
    method: MethodName,
    params: unknown,
    context: Pick<MethodContext, 'signal' | 'watch' | 'whenGone' | 'received'>,
  ) => Promise<unknown>;
  /** The text of /metrics. */
  readonly metrics: () => Promise<string>;
  /** Hands over the events that the client may see; gives what ends that. */
  readonly subscribe: (listener: (event: DaemonEvent) => void) => () => void;
  readonly log: DaemonLog;
  /** Takes care of what is passed. */
  readonly descriptors: DescriptorOwner;
  /** Longest message that is taken, in bytes. */
  readonly messageBytes: number;
  /** What a client did wrong goes into the log only where the client is nobody to flood it. */
  readonly isTrusted: boolean;
}

/** Reads through Node's socket, which drops descriptors. */
export function readSocket(socket: Socket): ControlInput {
  const input: ControlInput = { onBytes: () => undefined, onEnd: () => undefined };
  socket.on('data', (chunk: Buffer) => input.onBytes(chunk, [], false));
  socket.on('end', () => input.onEnd());
  return input;
}

/** Serves `socket` until it closes, and owns it. */
export class ControlConnection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #splitter: LineSplitter;
  readonly #descriptors: DescriptorQueue;
  readonly #pending = new Map<RequestId, AbortController>();
  #unsubscribe: (() => void) | undefined;
  #isEnding = false;
  #isGone = false;
  /** What the client has asked for and is to be given back. */
  readonly #releases: (() => void)[] = [];
  /** The client speaks HTTP: the rest of what it sends is headers. */
  #isHttp = false;

  constructor(socket: Socket, input: ControlInput, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#splitter = new LineSplitter(options.messageBytes);
    this.#descriptors = new DescriptorQueue(options.descriptors);
    input.onBytes = (bytes, descriptors, isCut) => this.#receive(bytes, descriptors, isCut);
    input.onEnd = () => this.#endWhenIdle();
    socket.on('error', (error) => options.log.debug({ err: error }, 'connection failed'));
    socket.on('close', () => this.#release());
  }

  /** Answers what came, and hangs up. */
  close(): void {
    this.#endWhenIdle();
  }

  #receive(chunk: Buffer, descriptors: readonly number[], isCut: boolean): void {
    try {
      this.#descriptors.push(descriptors, isCut);
      for (const line of this.#splitter.push(chunk)) if (line !== '') this.#take(line);
    } catch (thrown) {
      this.#send({ jsonrpc: '2.0', id: null, error: encodeError(thrown) });
      this.#descriptors[Symbol.dispose]();
      this.#socket.end();
    }
  }

  #take(line: string): void {
    if (line.startsWith(HTTP_GET)) {
      void this.#answerHttp(line.slice(HTTP_GET.length).split(' ')[0]!);
      return;
    }
    if (this.#isHttp) return;
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.#refuse(null, RPC_PARSE_ERROR, 'Line is no JSON, expected one JSON-RPC 2.0 message');
      return;
    }
    const { jsonrpc, id, method, params } = (message ?? {}) as Record<string, unknown>;
    const isId = id === undefined || id === null || typeof id === 'number' || typeof id === 'string';
    if (jsonrpc !== '2.0' || typeof method !== 'string' || !isId) {
      this.#refuse(null, RPC_INVALID_REQUEST, 'Message is no request, expected jsonrpc "2.0", id and method');
    } else if (method === 'cancel') {
      this.#pending.get((params as { id?: RequestId } | undefined)?.id ?? null)?.abort();
    } else if (id === undefined) {
      // JSON-RPC 2.0 section 4.1: a notification is never answered; `cancel` is the only one that we know.
    } else if (!isMethod(method)) {
      this.#refuse(id, RPC_METHOD_NOT_FOUND, `Method "${method}" is unknown to this daemon`);
    } else {
      void this.#answer(id, method, params);
    }
  }

  async #answer(id: RequestId, method: MethodName, params: unknown): Promise<void> {
    if (this.#pending.size >= MAX_PENDING || this.#pending.has(id)) {
      this.#refuse(
        id,
        RPC_INVALID_REQUEST,
        `Call ${String(id)} is pending already, or more than ${MAX_PENDING} are`,
      );
      return;
    }
    const controller = new AbortController();
    this.#pending.set(id, controller);
    try {
      // At once, before the next message could claim them.
      using received = this.#descriptors.claim(method === 'mount' ? params : undefined);
      const context = {
        signal: controller.signal,
        watch: () => this.#watch(),
        whenGone: (then: () => void) => this.#whenGone(then),
        received,
      };
      this.#send({ jsonrpc: '2.0', id, result: await this.#options.call(method, params, context) });
    } catch (thrown) {
      const error = toIsodriveError(thrown);
      this.#tell(method, error);
      this.#send({ jsonrpc: '2.0', id, error: encodeError(error) });
    } finally {
      this.#pending.delete(id);
      if (this.#isEnding) this.#endWhenIdle();
    }
  }

  #tell(method: MethodName, error: IsodriveError): void {
    const { log, isTrusted } = this.#options;
    if (error.code === 'internal') log.error({ err: error.cause ?? error, method }, 'call failed');
    else if (isTrusted) log.info({ method, code: error.code, message: error.message }, 'call refused');
    else log.debug({ method, code: error.code, message: error.message }, 'call refused');
  }

  /** One answer a connection: enough for `curl --unix-socket` and for Prometheus behind a proxy. */
  async #answerHttp(path: string): Promise<void> {
    this.#isHttp = true;
    let body = 'Found no such path, expected /metrics\n';
    let status = '404 Not Found';
    if (path === '/metrics') {
      try {
        body = await this.#options.metrics();
        status = '200 OK';
      } catch (thrown) {
        this.#options.log.error({ err: thrown }, 'cannot gather metrics');
        body = `${toIsodriveError(thrown).message}\n`;
        status = '500 Internal Server Error';
      }
    }
    const type = 'text/plain; version=0.0.4; charset=utf-8';
    const length = Buffer.byteLength(body);
    this.#socket.end(
      `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`,
    );
  }

  #watch(): void {
    this.#unsubscribe ??= this.#options.subscribe((event) =>
      this.#write({ jsonrpc: '2.0', method: 'event', params: event }),
    );
  }

  #refuse(id: RequestId, code: number, message: string): void {
    const { kind, action } = new IsodriveError('usage', message);
    const error: RpcError = { code, message, data: { code: 'usage', hint: action, exit: kind.exit } };
    this.#send({ jsonrpc: '2.0', id, error });
  }

  #send(response: RpcResponse): void {
    this.#write(response);
  }

  #write(message: unknown): void {
    if (!this.#socket.writable) return;
    this.#socket.write(`${JSON.stringify(message)}\n`);
    if (
      this.#socket.writableLength >
      MAX_UNREAD_MESSAGES * Math.max(this.#options.messageBytes, LEAST_UNREAD)
    ) {
      if (this.#options.isTrusted) this.#options.log.warn('client does not read its messages: let go');
      this.#socket.destroy();
    }
  }

  /** The client has nothing more to say: what it waits for is cancelled, and what completes is answered. */
  #endWhenIdle(): void {
    this.#isEnding = true;
    for (const controller of this.#pending.values()) controller.abort();
    if (this.#pending.size === 0) this.#socket.end();
  }

  #whenGone(then: () => void): void {
    if (this.#isGone) then();
    else this.#releases.push(then);
  }

  #release(): void {
    this.#isGone = true;
    this.#unsubscribe?.();
    this.#descriptors[Symbol.dispose]();
    for (const controller of this.#pending.values()) controller.abort();
    for (const release of this.#releases) release();
  }
}
