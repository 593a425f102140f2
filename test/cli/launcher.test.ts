// scripts/isodrive: how it finds itself, what it asks of node, and how it sets a checkout up.
import { chmod, cp, mkdir, mkdtemp, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandResult } from '../../scripts/support/run-command.js';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import { needs } from '../support/needs.js';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';

const PROJECT = join(import.meta.dirname, '..', '..');
/** What a clone has, apart from tests and texts. */
const CHECKOUT = ['src', 'daemon', 'native', 'scripts', 'package.json', 'package-lock.json'];
const CONFIGURATION = ['tsconfig.json', 'tsconfig.build.json'];
const BUILD_TIMEOUT = 240_000;

describe('The launcher', () => {
  let folder: string;
  let project: string;
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'isodrive launcher-')));
    project = join(folder, 'a checkout');
    for (const name of [...CHECKOUT, ...CONFIGURATION]) {
      await cp(join(PROJECT, name), join(project, name), { recursive: true, preserveTimestamps: true });
    }
    // Links to the files, never to the folder: an installation in the copy would empty the folder it leads to.
    const modules = [join(PROJECT, 'node_modules'), join(project, 'node_modules')];
    const linked = await runCommand('cp', ['-al', ...modules]);
    if (linked.status !== 0) await mustRun('cp', ['-a', '--force', ...modules]);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  // Without a C++ compiler, which would take most of the time: the command must work all the same.
  const env = { ...process.env, CXX: '/bin/false' };
  const run = (
    program = join(project, 'scripts/isodrive'),
    more: NodeJS.ProcessEnv = {},
  ): Promise<CommandResult> =>
    runCommand(program, ['ls', SMALL_IMAGE], {
      env: { ...env, ...more },
      cwd: '/',
      timeout: BUILD_TIMEOUT,
    });

  /** Newer than the build, and never in the future: that would be newer than the next build as well. */
  const changeSource = (): Promise<void> => {
    const now = new Date();
    return utimes(join(project, 'src/base/error.ts'), now, now);
  };

  it(
    'builds once when two first runs meet, and keeps stdout for the command',
    async () => {
      const results = await Promise.all([run(), run()]);
      for (const { status, stdout } of results) {
        expect(status).toBe(0);
        expect(stdout.toString().split('\n')).toContain('COPYING');
      }
      const talk = results.map(({ stderr }) => stderr).join('');
      expect(talk.match(/bundling the programs/gu)).toHaveLength(1);
      expect(talk).toContain('waiting for another build to end');
      expect(talk).toContain('the native addon was not built');
    },
    BUILD_TIMEOUT,
  );

  it('is silent, and quick, when all is built', async () => {
    const { stderr, status } = await run();
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  });

  it('finds itself through symlinks, relative and absolute, with spaces in their names', async () => {
    const bin = join(folder, 'some bin');
    await mkdir(bin);
    await symlink('../a checkout/scripts/isodrive', join(bin, 'relative'));
    await symlink(join(bin, 'relative'), join(bin, 'isodrive'));
    const { stderr, status } = await run(join(bin, 'isodrive'));
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  });

  it(
    'builds again when a source has changed',
    async () => {
      await changeSource();
      expect((await run()).stderr).toContain('bundling the programs');
    },
    BUILD_TIMEOUT,
  );

  it('tries again when there is another compiler, and only then', async () => {
    const compiler = join(folder, 'compiler');
    await writeFile(compiler, '#!/bin/sh\nexit 3\n', { mode: 0o755 });
    expect((await run(undefined, { CXX: compiler })).stderr).toContain('gave 3');
    const { stderr, status } = await run(undefined, { CXX: compiler });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  });

  it('builds nothing to say what it is, or to stop the daemon', async () => {
    await changeSource();
    for (const args of [['version'], ['--help'], ['daemon', 'stop']]) {
      const result = await runCommand(join(project, 'scripts/isodrive'), args, {
        env: { ...env, ISODRIVE_SOCKET: join(folder, 'nobody.sock') },
        timeout: BUILD_TIMEOUT,
      });
      expect(result.stderr).not.toContain('bundling');
    }
  });

  it('runs the build that is there for a user who cannot write it', needs('root', 'setpriv'), async () => {
    await chmod(folder, 0o755);
    const ids = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
    const { status, stderr } = await runCommand(
      'setpriv',
      [...ids, join(project, 'scripts/isodrive'), 'version'],
      { env, cwd: '/' },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    await chmod(join(project, 'scripts'), 0o755);
    const ls = await runCommand('setpriv', [...ids, join(project, 'scripts/isodrive'), 'ls', 'none.iso'], {
      ...{ env, cwd: '/' },
    });
    expect(ls.stderr).toContain('there is no such file');
    const build = ['node', join(project, 'scripts/build.mjs'), '--lenient'];
    const refused = await runCommand('setpriv', [...ids, ...build], { env, cwd: '/' });
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('npm run build') as string });
    expect(refused.stderr).not.toContain('    at ');
  });

  it('says which node it wants when there is none, or an old one', async () => {
    const bin = join(folder, 'old');
    await mkdir(bin);
    const tools = await mustRun('sh', ['-c', 'command -v readlink']);
    const system = dirname(tools.stdout.toString());
    const withPath = (path: string): Promise<CommandResult> =>
      runCommand('/bin/sh', [join(project, 'scripts/isodrive'), 'ls', SMALL_IMAGE], {
        env: { ...env, PATH: path },
      });
    await writeFile(join(bin, 'node'), '#!/bin/sh\necho v18.20.4\n');
    await chmod(join(bin, 'node'), 0o755);
    expect(await withPath(`${bin}:${system}`)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/is v18\.20\.4, expected version 20\.19 or newer\nhint: /) as string,
    });
    const empty = join(folder, 'empty');
    await mkdir(empty);
    for (const name of ['dirname', 'readlink', 'find', 'head']) {
      const { stdout } = await mustRun('sh', ['-c', `command -v ${name}`]);
      await symlink(stdout.toString().trim(), join(empty, name));
    }
    expect(await withPath(empty)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(
        'Node.js is not on the PATH, expected version 20.19 or newer',
      ) as string,
    });
  });
});
