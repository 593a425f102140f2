// Sequential reading through our NBD server and iSCSI target against nbdkit's file plugin: the same file, in memory,
// the same client (QEMU's, which speaks both: requests of 2 MiB, eight at a time), in turns of another order each.
// Reports ratios within turns only: absolutes are the machine's.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { hasProgram, mustRun } from '../support/run-command.js';
import { PseudoRandom } from '../support/pseudo-random.js';

const MIB = 1_048_576;
const PROJECT = join(import.meta.dirname, '..', '..', '..');
/** By what they speak, and over what where that is not a Unix socket. */
const NAMES = ['nbdkit', 'nbdkit-tcp', 'nbd', 'nbd-tcp', 'iscsi'] as const;
type Server = (typeof NAMES)[number];
/** A copy takes a second; fewer say little on a machine that others use too. */
const LEAST_REPETITIONS = 5;
/** Milliseconds that a server may take to listen. */
const PATIENCE = 10_000;

/** MB/s by server, one for each repetition. */
export type DriveFigures = Readonly<Record<Server, readonly number[]>>;

/** Undefined where a program is missing. */
export async function measureDrives(bytes: number, repetitions: number): Promise<DriveFigures | undefined> {
  for (const program of ['nbdkit', 'qemu-img']) {
    if (!(await hasProgram(program))) return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), 'isodrive-drives-'));
  const servers: ChildProcess[] = [];
  try {
    const image = await writeImage(folder, bytes);
    const port = await findFreePort();
    const uris: Record<Server, string> = {
      nbdkit: await serveByNbdkit(servers, image, { path: join(folder, 'nbdkit.socket') }),
      'nbdkit-tcp': await serveByNbdkit(servers, image, { port }),
      nbd: await serve(servers, image, '--nbd', '--listen', join(folder, 'nbd.socket')),
      'nbd-tcp': await serve(servers, image, '--nbd', '--listen', '127.0.0.1:0'),
      iscsi: await serve(servers, image, '--iscsi', '--listen', '127.0.0.1:0'),
    };
    const rates: Record<Server, number[]> = {
      nbdkit: [],
      'nbdkit-tcp': [],
      nbd: [],
      'nbd-tcp': [],
      iscsi: [],
    };
    // One more than counts: the first reads the image into memory, and has every server do everything once.
    for (let turn = 0; turn <= Math.max(repetitions, LEAST_REPETITIONS); turn += 1) {
      // Nobody always follows the same one.
      for (let i = 0; i < NAMES.length; i += 1) {
        const name = NAMES[(turn + i) % NAMES.length]!;
        const rate = await copy(uris[name], bytes);
        if (turn > 0) rates[name].push(rate);
      }
    }
    return rates;
  } finally {
    for (const server of servers) await end(server);
    await rm(folder, { recursive: true, force: true });
  }
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'close');
  server.kill('SIGTERM');
  await ended;
}

/** Gives its URI once it takes connections. */
async function serveByNbdkit(
  servers: ChildProcess[],
  image: string,
  address: { readonly path: string } | { readonly port: number },
): Promise<string> {
  const where = 'path' in address ? ['-U', address.path] : ['-i', '127.0.0.1', '-p', String(address.port)];
  servers.push(spawn('nbdkit', ['-f', '-r', ...where, 'file', image], { stdio: 'ignore' }));
  const deadline = performance.now() + PATIENCE;
  while (!(await takesConnections(address))) {
    if (performance.now() > deadline) throw new Error('nbdkit does not listen');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return 'path' in address ? `nbd+unix:///?socket=${address.path}` : `nbd://127.0.0.1:${address.port}`;
}

async function takesConnections(address: { path: string } | { port: number }): Promise<boolean> {
  const socket = connect('path' in address ? address : { ...address, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** One that nothing listened at just now: nbdkit cannot choose by itself. */
async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Noise that begins as a disc does. */
async function writeImage(folder: string, bytes: number): Promise<string> {
  const path = join(folder, 'disc.iso');
  await using file = await open(path, 'w');
  const words = new Uint32Array(MIB / 4);
  const random = new PseudoRandom(1);
  for (let at = 0; at < bytes; at += MIB) {
    random.fill(words);
    await file.write(new Uint8Array(words.buffer), 0, Math.min(MIB, bytes - at), at);
  }
  await file.write('\u0001CD001\u0001', 16 * 2048, 'latin1');
  return path;
}

async function serve(servers: ChildProcess[], image: string, ...args: readonly string[]): Promise<string> {
  const main = join(PROJECT, 'dist', 'src', 'cli', 'main.js');
  const child = spawn(process.execPath, [main, 'drive', 'serve', image, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, XDG_RUNTIME_DIR: join(image, '..') },
  });
  servers.push(child);
  const lines = createInterface({ input: child.stdout });
  const [uri] = (await once(lines, 'line')) as [string];
  return uri;
}

/** Reads all of it and drops it. */
async function copy(uri: string, bytes: number): Promise<number> {
  const target = ['-n', '--target-image-opts', `driver=null-co,size=${bytes},read-zeroes=off`];
  const { seconds } = await mustRun('qemu-img', ['convert', '-f', 'raw', uri, ...target]);
  return bytes / 1e6 / seconds;
}
