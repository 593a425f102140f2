// The set-up of a fresh clone where something is in the way: no network, or a set-up that was killed before.
import { spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../../scripts/support/run-command.js';
import { hasEnded } from '../support/programs/has-ended.js';
import { needs } from '../support/needs.js';
import { waitUntil } from '../support/programs/private-isodrive.js';

const PROJECT = join(import.meta.dirname, '..', '..');
/** What installing and its lock need of a clone. */
const CLONE = ['scripts', 'package.json', 'package-lock.json'];
const PATIENCE = 60_000;
/** Lasts until there is a file "go", or the test is gone. */
const NPM = `#!/bin/sh
echo $$ $PPID >>"$0.started"
while [ -e "$0" ] && [ ! -e "$0.go" ]; do sleep 0.05; done
exit 1
`;

describe('The set-up of a clone', () => {
  let folder: string;
  let launcher: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-set-up-'));
    const project = join(folder, 'clone');
    for (const name of CLONE) await cp(join(PROJECT, name), join(project, name), { recursive: true });
    launcher = join(project, 'scripts', 'isodrive');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('ends soon, and says what is missing, where there is no network', needs('root', 'unshare'), async () => {
    const cache = join(folder, 'cache');
    const env = { ...process.env, npm_config_cache: cache, npm_config_update_notifier: 'false' };
    const command = ['--net', launcher, 'ls', 'disc.iso'];
    // Without limits npm goes on for two minutes.
    const { status, stderr } = await runCommand('unshare', command, { env, timeout: PATIENCE });
    expect(status).toBe(1);
    expect(stderr).toContain('isodrive: npm cannot reach the registry, expected a network\nhint: ');
  });

  it('waits for an npm that outlives its launcher', async () => {
    const npm = join(folder, 'npm');
    await writeFile(npm, NPM);
    await chmod(npm, 0o755);
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    const started = async (): Promise<string[][]> => {
      const text = await readFile(`${npm}.started`, 'utf8').catch(() => '');
      return [...text.matchAll(/^(\d+) (\d+)\n/gmu)].map(([, own, parent]) => [own!, parent!]);
    };
    const start = (): { pid: number; said: () => string; ended: Promise<number | null> } => {
      const child = spawn(launcher, ['ls', 'disc.iso'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
      let text = '';
      child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part));
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
      return { pid: child.pid!, said: () => text, ended };
    };

    const first = start();
    try {
      await waitUntil(async () => (await started()).length > 0, PATIENCE);
      const [own, parent] = (await started())[0] as [string, string];
      for (const pid of [first.pid, Number(parent)]) process.kill(pid, 'SIGKILL');
      await first.ended;
      await waitUntil(() => hasEnded(parent), PATIENCE);
      // So old that nobody who lives can have touched it.
      await utimes(join(folder, 'clone', 'build', '.lock'), new Date(0), new Date(0));
      const second = start();
      await waitUntil(() => second.said().includes('waiting for another build to end'), PATIENCE);
      expect(await started()).toEqual([[own, parent]]);
      await mkdir(`${npm}.go`);
      expect(await second.ended).toBe(1);
      expect(await started()).toHaveLength(2);
    } finally {
      await mkdir(`${npm}.go`, { recursive: true });
    }
  });
});
