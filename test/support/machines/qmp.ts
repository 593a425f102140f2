// QEMU's machine protocol, as far as tests change media with it: one JSON object a line, one command at a time.
import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';

interface Answer {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

export class QmpClient {
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string, undefined>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  static async connect(path: string): Promise<QmpClient> {
    const socket = createConnection(path);
    await once(socket, 'connect');
    const client = new QmpClient(socket);
    await client.#lines.next();
    await client.execute('qmp_capabilities');
    return client;
  }

  /** Rejects with what QEMU says against it. */
  async execute(command: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: parameters })}\n`);
    for (;;) {
      const line = await this.#lines.next();
      if (line.value === undefined) throw new Error(`QEMU has closed before it answered "${command}"`);
      const answer = JSON.parse(line.value) as Answer;
      if (answer.error !== undefined) throw new Error(`QEMU refuses "${command}": ${answer.error.desc}`);
      // Anything else is an event.
      if ('return' in answer) return answer.return;
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}
