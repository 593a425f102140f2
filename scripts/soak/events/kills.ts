// Daemon and keeper are killed, alone, together, while they start, while mounts are made, and stopped for a while.
import { setTimeout as sleep } from 'node:timers/promises';
import { IsodriveError } from '../../../src/base/error.js';
import { choose } from '../plan.js';
import type { SoakEvent } from '../soak-event.js';
import { hasEnded } from '../soak.js';
import type { Soak } from '../soak.js';

/** Milliseconds that a daemon lives at most before it is killed again: some are killed while they start. */
const LONGEST_LIFE = 400;
const LONGEST_STOP = 4000;
const FORCED_EXIT = 0;
const REFUSED_EXIT = 5;

/** Kills both at the same moment. */
async function killBoth(soak: Soak): Promise<void> {
  const pids = [await soak.keeperPid(), await soak.daemonPid()];
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await soak.waitUntil(() => pids.every(hasEnded), 'both end');
}

const killDaemon: SoakEvent = {
  name: 'kill-daemon',
  summary: 'the daemon dies, by SIGKILL or SIGSEGV: readers wait and go on',
  async run(soak, random) {
    const signal = choose(random, ['SIGKILL', 'SIGKILL', 'SIGSEGV'] as const);
    const pid = await soak.daemonPid();
    await soak.kill(pid, signal);
    await soak.waitForProgress();
    if ((await soak.daemonPid()) === pid) throw new Error('Found no new daemon');
    return signal;
  },
};

const killStarting: SoakEvent = {
  name: 'kill-starting',
  summary: 'the daemon dies several times, while it starts',
  async run(soak, random) {
    const keeper = await soak.keeperPid();
    // The keeper gives up after twelve daemons in a row that never get ready.
    const lives = Array.from({ length: random.between(2, 5) }, () => random.between(0, LONGEST_LIFE));
    for (const life of lives) {
      await soak.kill(await soak.daemonPid());
      await sleep(life);
    }
    if ((await soak.keeperPid()) !== keeper) throw new Error('Found another keeper');
    return `after ${lives.join(', ')} ms`;
  },
};

const killMounting: SoakEvent = {
  name: 'kill-mounting',
  summary: 'the daemon dies while mounts are made and unmounted: each is there or not, never half',
  async run(soak, random) {
    const count = random.between(2, 4);
    const image = await soak.copyImage();
    const directories = await Promise.all(Array.from({ length: count }, () => soak.makeDirectory()));
    const driver = choose(random, ['fuse', 'auto'] as const);
    const attempts = directories.map(async (directory) => {
      try {
        await using client = await soak.connect();
        await client.call('mount', { image: image.path, directory, driver, new: true });
      } catch (thrown) {
        const isCutOff = thrown instanceof IsodriveError && thrown.code === 'daemon-unreachable';
        if (!isCutOff) throw thrown;
      }
    });
    const life = random.between(0, LONGEST_LIFE / 2);
    await sleep(life);
    const pid = await soak.daemonPid();
    await soak.kill(pid);
    await Promise.all(attempts);
    const { mounts } = await soak.status();
    for (const mount of mounts.filter(({ mountPoint }) => directories.includes(mountPoint))) {
      await soak.readSome('kill-mounting', mount.mountPoint, image);
      await soak.unmount(mount.id);
    }
    return `${count} mounts by ${driver}, after ${life} ms`;
  },
};

const killKeeper: SoakEvent = {
  name: 'kill-keeper',
  summary:
    'the keeper dies: status tells, an upgrade is refused, and a forced one or a new start has another',
  async run(soak, random) {
    const way = choose(random, ['upgrade --force', 'kill and start'] as const);
    await soak.kill(await soak.keeperPid());
    await soak.waitUntil(
      async () => (await soak.status()).keeper === 'gone',
      'status says that the keeper is gone',
    );
    await soak.waitForProgress();
    const { status, stderr } = await soak.daemon.run(['daemon', 'upgrade']);
    if (status !== REFUSED_EXIT) {
      throw new Error(
        `An upgrade without a keeper ended with ${status ?? 'a signal'}, expected ${REFUSED_EXIT}: ${stderr}`,
      );
    }
    const endAway = soak.allowAway();
    if (way === 'upgrade --force') {
      const forced = await soak.daemon.run(['daemon', 'upgrade', '--force']);
      if (forced.status !== FORCED_EXIT) throw new Error(`The forced upgrade failed: ${forced.stderr}`);
    } else {
      await soak.kill(await soak.daemonPid());
      await soak.daemon.start();
    }
    await soak.waitForProgress();
    endAway();
    return way;
  },
};

const killBothEvent: SoakEvent = {
  name: 'kill-both',
  summary: 'daemon and keeper die: mounts are away until the next start, those of the kernel stay',
  async run(soak, random) {
    const pause = random.between(0, 1000);
    const kernelMounts = soak.mounts.filter(({ summary }) => summary.driver === 'erofs');
    const endAway = soak.allowAway();
    await killBoth(soak);
    await sleep(pause);
    await soak.waitForProgress(kernelMounts.map(({ reader }) => reader));
    await soak.daemon.start();
    await soak.waitForProgress();
    endAway();
    return `started after ${pause} ms`;
  },
};

const stopDaemon: SoakEvent = {
  name: 'stop-daemon',
  summary: 'the daemon is stopped for a while (SIGSTOP): mounts of the kernel do not notice, others wait',
  async run(soak, random) {
    const time = random.between(200, LONGEST_STOP);
    const pid = await soak.daemonPid();
    const kernelMounts = soak.mounts.filter(({ summary }) => summary.driver === 'erofs');
    process.kill(pid, 'SIGSTOP');
    try {
      await soak.waitForProgress(kernelMounts.map(({ reader }) => reader));
      await sleep(time);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await soak.waitForProgress();
    if ((await soak.daemonPid()) !== pid)
      throw new Error('Found another daemon, expected the one that was stopped');
    return `${time} ms`;
  },
};

const stopKeeper: SoakEvent = {
  name: 'stop-keeper',
  summary:
    'the keeper is stopped for a while: status tells, readers do not notice, a death is made good later',
  async run(soak, random) {
    const kills = random.between(0, 1) === 1;
    const time = random.between(200, LONGEST_STOP);
    const keeper = await soak.keeperPid();
    const pid = await soak.daemonPid();
    process.kill(keeper, 'SIGSTOP');
    try {
      await soak.waitUntil(
        async () => (await soak.status()).keeper === 'stopped',
        'status says that the keeper is stopped',
      );
      await soak.waitForProgress();
      if (kills) await soak.kill(pid);
      await sleep(time);
    } finally {
      process.kill(keeper, 'SIGCONT');
    }
    await soak.waitForProgress();
    const hasNew = (await soak.daemonPid()) !== pid;
    if (hasNew !== kills) throw new Error(`Found ${hasNew ? 'another' : 'the same'} daemon`);
    return `${time} ms${kills ? ', the daemon killed meanwhile' : ''}`;
  },
};

export const KILL_EVENTS = [
  killDaemon,
  killStarting,
  killMounting,
  killKeeper,
  killBothEvent,
  stopDaemon,
  stopKeeper,
] as const;
