// The memory of a served drive with a hundred NBD clients that read 32 MiB each at once, in the clear and by TLS: first
// they take nothing, then everything, then they leave. Peak above what it had idle, and what is left 10 s after.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import { readResidentMemory } from '../support/process-memory.js';

const PROJECT = join(import.meta.dirname, '..', '..', '..');
const MIB = 1_048_576;
/** The most that a client may ask for at a time. */
const READ_BYTES = 32 * MIB;
/** Milliseconds between looks at the memory, in which clients take nothing, and after they have left. */
const LOOK = 20;
const STUCK = 2000;
export const REST_SECONDS = 10;
const KEY = '0123456789abcdef'.repeat(4);
/** Options of the NBD protocol, and its smallest magic numbers. */
const [EXPORT_NAME, STARTTLS] = [1, 5];
const READ_MAGIC = 0x2560_9513;

export interface ServerMemoryFigures {
  readonly protocol: 'nbd' | 'nbd with TLS';
  readonly clients: number;
  /** Resident bytes: before the first client, at most above that, and 10 s after the last one above it. */
  readonly idle: number;
  readonly peak: number;
  readonly rest: number;
}

export async function measureServerMemory(clients: number): Promise<ServerMemoryFigures[]> {
  const folder = await mkdtemp(join(tmpdir(), 'isodrive-server-memory-'));
  try {
    const image = join(folder, 'disc.iso');
    await using file = await open(image, 'w');
    await file.truncate(READ_BYTES);
    await file.write('\u0001CD001\u0001', 16 * 2048, 'latin1');
    const keys = join(folder, 'keys.psk');
    await writeFile(keys, `bench:${KEY}\n`, { mode: 0o600 });
    return [
      await measure('nbd', clients, folder, [image]),
      await measure('nbd with TLS', clients, folder, [image, '--tls-psk', keys]),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(
  protocol: ServerMemoryFigures['protocol'],
  clients: number,
  folder: string,
  args: readonly string[],
): Promise<ServerMemoryFigures> {
  const main = join(PROJECT, 'dist', 'src', 'cli', 'main.js');
  const serving = ['drive', 'serve', '--nbd', '--listen', '127.0.0.1:0', ...args];
  const server = spawn(process.execPath, [main, ...serving], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, XDG_RUNTIME_DIR: folder },
  });
  const sockets: Socket[] = [];
  try {
    const [uri] = (await once(createInterface({ input: server.stdout }), 'line')) as [string];
    const port = Number(new URL(uri.replace(/^nbds?:/u, 'http:')).port);
    const resident = async (): Promise<number> => (await readResidentMemory(server.pid!)).total;
    const idle = await resident();
    let most = idle;
    const watch = async (until: Promise<unknown>): Promise<void> => {
      const over = until.then(() => 'over');
      do most = Math.max(most, await resident());
      while ((await Promise.race([over, pause(LOOK)])) !== 'over');
    };
    for (let i = 0; i < clients; i += 1) sockets.push(await askForAll(port, protocol === 'nbd with TLS'));
    await watch(pause(STUCK));
    await watch(Promise.all(sockets.map(takeAll)));
    for (const socket of sockets) socket.destroy();
    await pause(REST_SECONDS * 1000);
    return { protocol, clients, idle, peak: most - idle, rest: (await resident()) - idle };
  } finally {
    for (const socket of sockets) socket.destroy();
    const ended = once(server, 'close');
    server.kill('SIGTERM');
    await ended;
  }
}

const pause = (time: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, time));

/** A client that has asked for the first 32 MiB of the only export, and has taken nothing of them. */
async function askForAll(port: number, hasTls: boolean): Promise<Socket> {
  let socket: Socket = connect({ port, host: '127.0.0.1' });
  await receive(socket, 18);
  socket.write(Buffer.from([0, 0, 0, 3]));
  if (hasTls) {
    socket.write(option(STARTTLS));
    await receive(socket, 20);
    const secured = connectTls({
      socket,
      ciphers: 'TLS_AES_128_GCM_SHA256:PSK',
      pskCallback: () => ({ identity: 'bench', psk: Buffer.from(KEY, 'hex') }),
      checkServerIdentity: () => undefined,
    });
    await once(secured, 'secureConnect');
    socket = secured;
  }
  socket.write(option(EXPORT_NAME));
  await receive(socket, 10);
  const request = Buffer.alloc(28);
  request.writeUInt32BE(READ_MAGIC);
  request.writeUInt32BE(READ_BYTES, 24);
  socket.write(request);
  return socket;
}

function option(number: number): Buffer {
  const header = Buffer.alloc(16);
  header.write('IHAVEOPT');
  header.writeUInt32BE(number, 8);
  return header;
}

/** Takes exactly so many bytes, and lets no others come. */
async function receive(socket: Socket, length: number): Promise<void> {
  while (socket.readableLength < length) await once(socket, 'readable');
  socket.read(length);
}

/** Resolves when the whole answer has come. */
async function takeAll(socket: Socket): Promise<void> {
  let bytes = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes >= 16 + READ_BYTES) return;
  }
  throw new Error(`A client got ${bytes} bytes, expected ${READ_BYTES}`);
}
