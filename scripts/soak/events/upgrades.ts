// A new daemon takes over on purpose: of this build, and of the last release by this build, which serves a home of
// its own.
import { mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PrivateDaemon } from '../../support/private-daemon.js';
import { mustRun, runCommand } from '../../support/run-command.js';
import { choose } from '../plan.js';
import type { SoakEvent } from '../soak-event.js';
import type { Soak } from '../soak.js';

/** Of the build of the release. */
const BUILD_DEADLINE = 900_000;
const LAYOUT = join('src', 'index', 'layout.ts');

const upgrade: SoakEvent = {
  name: 'upgrade',
  summary: 'a new daemon of this build takes over, under readers',
  async run(soak, random) {
    const count = random.between(1, 3);
    for (let i = 0; i < count; i += 1) {
      const pid = await soak.daemonPid();
      await soak.daemon.must('daemon', 'upgrade');
      if ((await soak.daemonPid()) === pid) throw new Error('Found the same daemon, expected a new one');
      await soak.waitForProgress();
    }
    return `${count} times`;
  },
};

/** The commit of the last release, or of the one that was named. */
async function findRelease(soak: Soak): Promise<string | undefined> {
  const name = soak.from ?? 'HEAD';
  const args =
    soak.from === undefined
      ? ['describe', '--tags', '--abbrev=0', 'HEAD']
      : ['rev-parse', '--verify', `${name}^{commit}`];
  const { status, stdout } = await runCommand('git', args, { cwd: soak.project }).catch(() => ({
    status: 1,
    stdout: Buffer.of(),
  }));
  return status === 0 ? stdout.toString().trim() : undefined;
}

/** Its source, built, in a folder of the soak; once. */
async function buildRelease(soak: Soak, commit: string): Promise<string> {
  const folder = join(soak.folder, 'release');
  if ((await readFile(join(folder, 'built'), 'utf8').catch(() => '')) === commit) return folder;
  soak.say(`building ${commit}, to upgrade from`);
  await mkdir(folder, { recursive: true });
  const unpack = 'git -C "$1" archive "$2" | tar --extract --directory "$3"';
  await mustRun('sh', ['-c', unpack, 'sh', soak.project, commit, folder]);
  await symlink(join(soak.project, 'node_modules'), join(folder, 'node_modules'));
  await mustRun('sh', ['-c', 'node scripts/build.mjs && printf %s "$1" > built', 'sh', commit], {
    cwd: folder,
    timeout: BUILD_DEADLINE,
  });
  return folder;
}

async function indexVersionOf(project: string): Promise<string | undefined> {
  return /INDEX_VERSION = (\d+)/u.exec(await readFile(join(project, LAYOUT), 'utf8'))?.[1];
}

const upgradeRelease: SoakEvent = {
  name: 'upgrade-release',
  summary: 'a daemon of the last release is upgraded to this build, under readers',
  async missing(soak) {
    if ((await findRelease(soak)) !== undefined) return undefined;
    return soak.from === undefined ? 'a release: no tag, and no --from COMMIT' : `the commit "${soak.from}"`;
  },
  async run(soak, random) {
    const commit = (await findRelease(soak))!;
    const release = await buildRelease(soak, commit);
    const home = join(soak.folder, 'release-home');
    const env = soak.environment(home);
    const [older, newer] = [release, soak.project].map(
      (project) => new PrivateDaemon({ project, folder: home, env }),
    ) as [PrivateDaemon, PrivateDaemon];
    const names = choose(random, [['plain'], ['mapped', 'plain'], ['compressed', 'mapped']] as const);
    const isKept = (await indexVersionOf(release)) === (await indexVersionOf(soak.project));
    await older.start();
    try {
      const readers = [];
      for (const name of names) {
        const image = soak.images[name];
        const directory = await soak.makeDirectory();
        const map = image.map === undefined ? [] : ['--map', image.map];
        await older.must('mount', '--driver', 'fuse', ...map, image.path, directory);
        readers.push(soak.read(`${name}, of the release`, directory, image));
      }
      try {
        await soak.waitForProgress(readers);
        // An index of another version cannot be taken over: its mount is made again.
        if (!isKept)
          for (const reader of readers)
            reader.allow('ENOTCONN', 'ECONNABORTED', 'EIO', 'ENOENT', 'EMPTY', 'SIGBUS');
        const { pid } = await older.status();
        await newer.must('daemon', 'upgrade');
        if ((await newer.status()).pid === pid)
          throw new Error('Found the daemon of the release, expected a new one');
        await soak.waitForProgress(readers);
      } finally {
        for (const reader of readers) await soak.retire(reader);
      }
    } finally {
      await newer.stop();
      await rm(home, { recursive: true, force: true });
    }
    return `from ${commit.slice(0, 8)}, with ${names.join(' and ')}${isKept ? '' : ', whose index has another version'}`;
  },
};

export const UPGRADE_EVENTS = [upgrade, upgradeRelease] as const;
