// What users do all day: mounts come and go, several at once, lazily under readers, and while other mount namespaces
// hold a copy; images are served as drives.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasProgram, mustRun } from '../../support/run-command.js';
import { choose } from '../plan.js';
import type { SoakEvent } from '../soak-event.js';

/** Milliseconds within which an unmount ends although others hold a copy. */
const UNMOUNT_DEADLINE = 20_000;
const NOBODY = 65_534;

const mountCycles: SoakEvent = {
  name: 'mount-cycles',
  summary: 'images are mounted, read and unmounted, several at once, by all drivers',
  async run(soak, random) {
    const image = soak.images.small;
    const rounds = random.between(2, 5);
    const drivers = Array.from({ length: random.between(1, 4) }, () =>
      choose(random, [...soak.drivers, 'auto'] as const),
    );
    for (let round = 0; round < rounds; round += 1) {
      await Promise.all(
        drivers.map(async (driver) => {
          const mount = await soak.mount(image.path, { driver });
          await soak.readSome(`a new mount by ${driver}`, mount.mountPoint, image, 10);
          await soak.unmount(mount.id);
        }),
      );
    }
    return `${rounds} rounds of ${drivers.join(', ')}`;
  },
};

const lazyUnmount: SoakEvent = {
  name: 'lazy-unmount',
  summary: 'a mount is detached under a program that has a file of it open, and goes when that ends',
  async run(soak, random) {
    const driver = choose(
      random,
      soak.drivers.filter((name) => name !== 'fuse-native'),
    );
    const kills = random.between(0, 1) === 1;
    const mount = await soak.mount(soak.images.small.path, { driver });
    const file = join(mount.mountPoint, 'large.bin');
    const holder = spawn('sh', ['-c', 'exec 3< "$1"; echo open; read -r line; cat <&3', 'sh', file], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(holder, 'close');
    const chunks: Buffer[] = [];
    const opened = once(holder.stdout, 'data');
    await opened;
    holder.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    await soak.unmount(mount.id, true);
    if (kills) await soak.kill(await soak.daemonPid());
    holder.stdin.end('go on\n');
    await ended;
    const wanted = await readFile(join(soak.images.small.tree, 'large.bin'));
    if (!Buffer.concat(chunks).equals(wanted)) throw new Error('A file of a detached mount differs');
    return `${driver}${kills ? ', the daemon killed before it is read' : ''}`;
  },
};

const namespaceCopies: SoakEvent = {
  name: 'namespaces',
  summary: 'mount namespaces hold copies while a mount is unmounted: that ends, and the list is right',
  async missing() {
    const { status } = await mustRun('unshare', ['-Urm', 'true']).catch(() => ({ status: 1 }));
    return status === 0 ? undefined : 'unshare with user namespaces';
  },
  async run(soak, random) {
    const isStranger = soak.isRoot() && random.between(0, 1) === 1;
    const count = random.between(1, 3);
    const mount = await soak.mount(soak.images.small.path, { driver: choose(random, soak.drivers) });
    const holders = Array.from({ length: count }, () =>
      spawn('unshare', ['-Urm', 'sleep', '1000'], {
        stdio: 'ignore',
        ...(isStranger ? { uid: NOBODY, gid: NOBODY } : {}),
      }),
    );
    const ends = holders.map((holder) => once(holder, 'exit'));
    try {
      for (const { pid } of holders) {
        const name = (): Promise<string> => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
        await soak.waitUntil(async () => (await name()) === 'sleep\n', 'a namespace holds a copy');
      }
      const started = performance.now();
      await soak.unmount(mount.id);
      const took = Math.round(performance.now() - started);
      if (took > UNMOUNT_DEADLINE)
        throw new Error(`Unmounting took ${took} ms, expected ${UNMOUNT_DEADLINE}`);
      await soak.expectOrder();
      return `${count} of ${isStranger ? 'another user' : 'our own'}, ${mount.driver}, ended after ${took} ms`;
    } finally {
      for (const holder of holders) holder.kill('SIGKILL');
      await Promise.all(ends);
    }
  },
};

const servedDrive: SoakEvent = {
  name: 'served-drive',
  summary:
    'an image is served by NBD; its clients get every byte, and one that dies costs nobody else anything',
  async missing() {
    return (await hasProgram('nbdcopy')) ? undefined : 'nbdcopy';
  },
  async run(soak, random) {
    const folder = await soak.makeDirectory('drive-');
    const clients = random.between(1, 3);
    const life = random.between(0, 200);
    const image = soak.images.small.path;
    const main = join(soak.project, 'dist', 'bundle', 'isodrive.cjs');
    const server = spawn(
      process.execPath,
      [main, 'drive', 'serve', image, '--nbd', '--listen', join(folder, 'nbd.sock')],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: soak.daemon.env,
      },
    );
    const ended = once(server, 'exit');
    try {
      const [uri] = (await once(createInterface({ input: server.stdout }), 'line')) as [string];
      const doomed = spawn('nbdcopy', [uri, join(folder, 'doomed')], { stdio: 'ignore' });
      const doomedEnded = once(doomed, 'exit');
      await sleep(life);
      doomed.kill('SIGKILL');
      await doomedEnded;
      await Promise.all(
        Array.from({ length: clients }, async (_, i) => {
          const copy = join(folder, `copy-${i}`);
          await mustRun('nbdcopy', [uri, copy]);
          await mustRun('cmp', [image, copy]);
        }),
      );
    } finally {
      server.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    }
    return `${clients} clients, and one killed after ${life} ms`;
  },
};

export const CYCLE_EVENTS = [mountCycles, lazyUnmount, namespaceCopies, servedDrive] as const;
