// Sequential reading through our NBD server and iSCSI target against nbdkit's file plugin: the same file, the same client
// (QEMU's, which speaks both), in turns. Reports ratios only: absolutes are the machine's.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { hasProgram, mustRun } from './run-command.js';
import { PseudoRandom } from './pseudo-random.js';
import { median } from './statistics.js';

const MIB = 1_048_576;
const PROJECT = join(import.meta.dirname, '..', '..', '..');
const NAMES = ['nbdkit', 'nbd', 'iscsi'] as const;
type Server = (typeof NAMES)[number];

/** MB/s by server, median of the repetitions. */
export type DriveFigures = Readonly<Record<Server, number>>;

/** Undefined where a program is missing. */
export async function measureDrives(bytes: number, repetitions: number): Promise<DriveFigures | undefined> {
  for (const program of ['nbdkit', 'qemu-img']) {
    if (!(await hasProgram(program))) return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), 'isodrive-drives-'));
  const servers: ChildProcess[] = [];
  try {
    const image = await writeImage(folder, bytes);
    const kit = join(folder, 'nbdkit.socket');
    servers.push(spawn('nbdkit', ['-f', '-r', '-U', kit, 'file', image], { stdio: 'ignore' }));
    const uris: Record<Server, string> = {
      nbdkit: `nbd+unix:///?socket=${kit}`,
      nbd: await serve(servers, image, '--nbd', '--listen', join(folder, 'nbd.socket')),
      iscsi: await serve(servers, image, '--iscsi', '--listen', '127.0.0.1:0'),
    };
    while ((await stat(kit).catch(() => undefined)) === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const rates: Record<Server, number[]> = { nbdkit: [], nbd: [], iscsi: [] };
    // One more than counts: the first reads the image into memory.
    for (let turn = 0; turn <= repetitions; turn += 1) {
      for (const name of NAMES) {
        const rate = await copy(uris[name], bytes);
        if (turn > 0) rates[name].push(rate);
      }
    }
    return {
      nbdkit: median(rates.nbdkit) ?? 0,
      nbd: median(rates.nbd) ?? 0,
      iscsi: median(rates.iscsi) ?? 0,
    };
  } finally {
    for (const server of servers) {
      const ended = once(server, 'close');
      server.kill('SIGTERM');
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  }
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
