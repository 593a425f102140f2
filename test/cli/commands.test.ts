// Every command as a user runs it, through the launcher, against a daemon of its own.
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import {
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readlink,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PrivateDaemon } from '../../scripts/support/private-daemon.js';
import { mustRun } from '../../scripts/support/run-command.js';
import { runCommand } from '../../scripts/support/run-command.js';
import type { CommandResult } from '../../scripts/support/run-command.js';
import { expectFailure } from '../support/judges/command-failure.js';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { needs } from '../support/needs.js';

const PROJECT = join(import.meta.dirname, '..', '..');
const COPYING_SHA256 = '32b1062f7da84967e7019d01ab805935caa7ab7321a7ced0e30ebe75e5df1670';

describe('The command line', () => {
  let folder: string;
  let image: string;
  let daemon: PrivateDaemon;
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'isodrive-cli-')));
    image = join(folder, 'disc.iso');
    await copyFile(SMALL_IMAGE, image);
    await mkdir(join(folder, 'home'), { mode: 0o700 });
    daemon = new PrivateDaemon({ project: PROJECT, folder: join(folder, 'home') });
    // The launcher may have to build first, and says so on stderr.
    await daemon.must('list');
  });
  afterAll(async () => {
    await daemon.stop();
    // What was extracted has the modes of the disc, where directories cannot be written.
    await mustRun('chmod', ['-R', 'u+w', folder]);
    await rm(folder, { recursive: true, force: true });
  });
  const run = (...args: string[]): Promise<CommandResult> => daemon.run(args, { cwd: folder });
  const text = async (...args: string[]): Promise<string> => {
    const { stdout, stderr, status } = await run(...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout.toString();
  };
  const json = async <T = Record<string, unknown>>(...args: string[]): Promise<T> =>
    JSON.parse(await text(...args, '--json')) as T;

  describe('without a daemon', () => {
    it('lists nothing, and has nothing to unmount', async () => {
      expect(await text('list')).toBe('');
      expect(await json('list')).toEqual({ schemaVersion: 1, mounts: [] });
      expect(await text('unmount', '--all')).toBe('');
      expect(expectFailure(await run('unmount', 'x', '--json'))).toMatchObject({
        code: 'no-such-mount',
        exit: 4,
      });
    });

    it.each([['status'], ['watch'], ['daemon logs']])('says that none runs: %s', async (line) => {
      const failure = expectFailure(await run(...line.split(' '), '--json'));
      expect(failure).toMatchObject({ code: 'daemon-unreachable', exit: 8 });
    });

    it('has nothing to stop, and says so', async () => {
      const { status, stdout, stderr } = await run('daemon', 'stop');
      expect({ status, stdout: stdout.toString(), stderr }).toEqual({
        status: 0,
        stdout: '',
        stderr: 'isodrive: no daemon runs\n',
      });
    });

    it('tells a person on a terminal that a list is empty', async () => {
      const quoted = `'${daemon.program}' list; '${daemon.program}' mounts --json`;
      const child = spawn('script', ['-qec', quoted, '/dev/null'], { env: daemon.env });
      let shown = '';
      child.stdout.on('data', (data) => (shown += String(data)));
      await new Promise((resolve) => child.once('close', resolve));
      expect(shown.replaceAll('\r', '')).toBe(
        'isodrive: nothing is mounted\n{"schemaVersion":1,"mounts":[]}\n',
      );
    });

    it('fails when its standard output is closed, and only when it has something to say', async () => {
      const shell = `"$1" ls "$2" >&-; echo $?; "$1" unmount --all >&-; echo $?`;
      const { stdout, stderr } = await runCommand('sh', ['-c', shell, 'sh', daemon.program, image], {
        env: daemon.env,
      });
      expect(stdout.toString()).toBe('11\n0\n');
      expect(stderr).toContain('Cannot write to standard output: it is closed');
    });

    it('explains a command, as text and as data', async () => {
      const help = await text('help', 'mount');
      expect(help).toContain('Usage: isodrive mount [OPTION]... IMAGE... [DIR]');
      expect(await text('mount', '--help')).toBe(help);
      expect(await json('mount', '-h')).toMatchObject({ schemaVersion: 1, name: 'mount' });
      expect(await text('-h')).toBe(await text('help'));
    });

    it('says its version', async () => {
      const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
        version: string;
      };
      expect(await text('version')).toBe(`${version}\n`);
      expect(await text('--version')).toBe(`${version}\n`);
      expect(await text('-v')).toBe(`${version}\n`);
      expect(await json('version')).toMatchObject({ schemaVersion: 1, version });
    });

    it('lists names, long lines, and records with digests', async () => {
      expect(await text('ls', image)).toBe('COPYING\nCopy2\ncopy\nfd0\ntmp\nzero\n');
      expect(await text('ls', '-l', image, '/Copy2')).toMatch(
        /^lr-xr-xr-x +1 0 +0 +7 2005-03-05 .* Copy2 -> COPYING\n$/,
      );
      const lines = (await text('ls', '-R', '--json', '--hash', 'sha256', image)).trim().split('\n');
      const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(entries.map(({ path }) => path)).toEqual([
        '/',
        '/COPYING',
        '/Copy2',
        '/copy',
        '/copy/COPYING',
        '/fd0',
        '/tmp',
        '/tmp/COPYING',
        '/zero',
      ]);
      expect(entries[1]).toEqual({
        path: '/COPYING',
        type: 'file',
        mode: '0444',
        uid: 0,
        gid: 0,
        size: 17_992,
        nlink: 1,
        mtime: '2005-03-05T15:25:51Z',
        sha256: COPYING_SHA256,
      });
      expect(entries[5]).toMatchObject({ path: '/fd0', type: 'block', rdev: '2:0' });
    });

    it('shows times of this place to people, and digests of every kind', async () => {
      const at = async (zone: string): Promise<string> => {
        const { stdout } = await daemon.run(['ls', '-l', image, '/COPYING'], {
          env: { ...daemon.env, TZ: zone },
        });
        return /\d{4}-\S+ \S+/u.exec(stdout.toString())?.[0] ?? '';
      };
      expect(await at('UTC')).toBe('2005-03-05 15:25:51');
      expect(await at('Asia/Tokyo')).toBe('2005-03-06 00:25:51');
      expect(await json('ls', '--hash', 'md5,sha256', image, '/COPYING')).toMatchObject({
        md5: expect.stringMatching(/^[0-9a-f]{32}$/u) as string,
        sha256: COPYING_SHA256,
        mtime: '2005-03-05T15:25:51Z',
      });
    });

    it('draws the tree', async () => {
      expect(await text('tree', image, '/copy')).toMatch(/^\/copy\n.* COPYING -> \.\.\/COPYING\n/);
    });

    it('writes a file to stdout', async () => {
      const { stdout } = await run('cat', image, '/COPYING');
      expect((await run('cat', image, '/copy')).status).toBe(2);
      const refused = await run('cat', image, '/COPYING', '--json');
      expect(refused.stdout.toString()).toBe('');
      expect(expectFailure(refused)).toMatchObject({ code: 'usage', exit: 2 });
      expect(createHash('sha256').update(stdout).digest('hex')).toBe(COPYING_SHA256);
    });

    it('describes an image', async () => {
      expect(await text('info', image)).toContain('Rock Ridge Copy test');
      expect(await json('info', image)).toMatchObject({ schemaVersion: 1 });
    });

    it('extracts all, devices as well', needs('root'), async () => {
      const all = join(folder, 'all');
      expect(await text('extract', image, '-C', all)).toMatch(
        /^1 file, 3 directories, 3 symlinks, 2 special files, /,
      );
      expect((await lstat(join(all, 'COPYING'))).size).toBe(17_992);
      expect(await readlink(join(all, 'tmp/COPYING'))).toBe('../copying/COPYING');
    });

    it('extracts what is named', async () => {
      const some = join(folder, 'some');
      expect(await json('extract', image, 'copy', '/COPYING', '-C', some)).toMatchObject({
        schemaVersion: 1,
        directory: some,
        files: 1,
        failureCount: 0,
        failures: [],
      });
      expect(existsSync(join(some, 'zero'))).toBe(false);
    });

    it('extracts the tracks that are there, and says which are not', async () => {
      const track = (file: string, number: number): string =>
        `FILE "${file}" BINARY\nTRACK ${number} AUDIO\nINDEX 01 00:00:00\n`;
      await writeFile(join(folder, 'one.bin'), Buffer.alloc(2352, 1));
      await writeFile(join(folder, 'set.cue'), track('one.bin', 1) + track('gone.bin', 2));
      const { status, stderr } = await run('extract', 'set.cue', '-C', join(folder, 'set'));
      expect([status, stderr]).toEqual([
        0,
        'isodrive: the image is damaged: File "gone.bin", which the sheet names, is not beside it: ' +
          'its tracks cannot be read; see isodrive info IMAGE\n',
      ]);
    });

    it.each([
      ['image-not-found', 3, 'ls missing.iso'],
      ['not-in-image', 3, 'ls disc.iso /missing'],
      ['not-in-image', 3, 'extract disc.iso /missing'],
      ['usage', 2, 'checksum disc.iso --hash md5,crc'],
      ['image-unreadable', 3, 'info .'],
      ['usage', 2, 'ls disc.iso --hash md6'],
      ['usage', 2, 'mount disc.iso --at a other.iso'],
      ['usage', 2, 'daemon logs -n many'],
      ['usage', 2, 'unmount'],
      ['usage', 2, 'unmount x --all'],
      ['usage', 2, `list --socket /${'x'.repeat(200)}`],
    ])('fails with %s and exit code %i: %s', async (code, exit, line) => {
      const args = line.split(' ');
      const failure = expectFailure(await run(...args, '--json'));
      expect(failure).toMatchObject({ code, exit });
      const { stderr, status, stdout } = await run(...args);
      expect(stdout.toString()).toBe('');
      expect(stderr).toBe(`isodrive: ${failure.message}\nhint: ${failure.hint}\n`);
      expect(status).toBe(exit);
    });

    it('is quiet when its reader has had enough', async () => {
      const shell = `"$1" ls -R "$2" | head -n 1; echo "$\{PIPESTATUS[0]}"`;
      const child = spawn('bash', ['-c', shell, 'bash', daemon.program, image], { env: daemon.env });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (data) => (output += String(data)));
      await new Promise((resolve) => child.once('close', resolve));
      expect(output).toBe('/\n0\n');
    });

    it('checks the machine', async () => {
      const { status, stdout } = await run('doctor', '--json');
      const { ok, checks } = JSON.parse(stdout.toString()) as { ok: boolean; checks: { name: string }[] };
      expect(status).toBe(ok ? 0 : 6);
      expect(checks.map(({ name }) => name)).toContain('/dev/fuse');
    });
  });

  describe('with the daemon that the first mount starts', () => {
    it('prints the mount point and nothing else, and the same again', async () => {
      const { stdout, stderr, status } = await run('mount', 'disc.iso');
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout.toString()).toBe(`${join(folder, 'home', 'Discs', 'Rock Ridge Copy test')}\n`);
      expect(await text('mount', image)).toBe(stdout.toString());
      expect(await json('mount', image)).toMatchObject({ schemaVersion: 1, existing: true, image });
    });

    it('mounts at the directory that is named, also an image that is mounted elsewhere', async () => {
      const wanted = join(folder, 'wanted');
      await mkdir(wanted);
      expect(await text('mount', image, 'wanted')).toBe(`${wanted}\n`);
      expect(await text('mount', image, 'wanted')).toBe(`${wanted}\n`);
      expect(await text('unmount', 'wanted')).toBe('');
      expect(existsSync(wanted)).toBe(true);
    });

    it('tells of the daemon and its mounts', async () => {
      const status = await json<{ pid: number; uptime: number; mounts: { image: string }[] }>('status');
      expect(status).toMatchObject({
        schemaVersion: 1,
        version: (await text('version')).trim(),
        socket: join(folder, 'home', 'isodrive', 'control.sock'),
        mounts: [{ image, label: 'Rock Ridge Copy test', state: 'ok' }],
      });
      expect(process.kill(status.pid, 0)).toBe(true);
      expect(status.uptime).toBeGreaterThanOrEqual(0);
      expect(await text('status')).toContain(`process ${status.pid}`);
      expect(await text('list')).toMatch(/^ID +LABEL .*\n[0-9a-f]{8} +Rock Ridge Copy test +rock-ridge /);
    });

    it.each([
      ['image-not-found', 3, 'mount missing.iso'],
      ['image-unreadable', 3, 'mount .'],
      ['damaged or unsupported', 5, 'mount noise.iso'],
      ['usage', 2, 'mount disc.iso missing-dir --new'],
      ['busy', 7, 'mount disc.iso full --new'],
      ['no-such-mount', 4, 'unmount nothing'],
    ])('fails with %s and exit code %i: %s', async (code, exit, line) => {
      const args = line.split(' ');
      await writeFile(join(folder, 'noise.iso'), Buffer.alloc(50_000, 0x5a));
      await mkdir(join(folder, 'full/inside'), { recursive: true });
      const failure = expectFailure(await run(...args, '--json'));
      expect(failure.exit).toBe(exit);
      expect(code.split(' or ')).toContain(failure.code);
    });

    it('is started already, which is no fault', async () => {
      const { pid } = await daemon.status();
      const { status, stdout, stderr } = await run('daemon', 'start');
      expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: '' });
      expect(stderr).toBe(`isodrive: isodrived runs already, as process ${pid}\n`);
      const again = await run('daemon', 'start', '--json');
      expect(JSON.parse(again.stdout.toString())).toMatchObject({ pid, existing: true });
    });

    it('mounts several images, a line each, whatever becomes of the others', async () => {
      const second = join(folder, 'second.iso');
      await copyFile(SMALL_IMAGE, second);
      await mkdir(join(folder, 'one'), { recursive: true });
      const { status, stdout, stderr } = await run('mount', second, 'missing.iso', image);
      expect(status).toBe(11);
      const first = join(folder, 'home', 'Discs', 'Rock Ridge Copy test');
      expect(stdout.toString()).toBe(`${first} 2\n${first}\n`);
      expect(stderr).toContain('missing.iso": there is no such file');
      expect(stderr).toContain('Cannot mount 1 of 3 images');
      expect((await run('mount', 'missing.iso', 'gone.iso')).status).toBe(3);
      expect(await text('unmount', `${first} 2/copy/COPYING`)).toBe('');
      expect(await text('mount', second, '--at', 'one')).toBe(`${join(folder, 'one')}\n`);
      expect(await text('umount', second)).toBe('');
      expect(await text('mount', second, 'one')).toBe(`${join(folder, 'one')}\n`);
      expect(await text('unmount', 'one/copy')).toBe('');
    });

    it('tells whom a mount by sudo is for', async () => {
      const env = { ...daemon.env, SUDO_USER: 'ada' };
      const { stderr } = await daemon.run(['mount', image], { env });
      expect(stderr).toBe(
        process.getuid?.() === 0
          ? 'isodrive: this is mounted for root; without sudo, ada sees it in "isodrive list" and may enter it\n'
          : '',
      );
    });

    it('shows the daemon in foreground refusing with exit code 7', async () => {
      const { status, stderr } = await run('daemon', 'run');
      expect(status).toBe(7);
      expect(stderr).toContain('expected a free socket');
    });

    it('unmounts by a symlink to the image, and tells what failed beside it', async () => {
      await symlink(image, join(folder, 'link.iso'));
      const result = await run('unmount', 'link.iso', 'nothing', '--json');
      expect(JSON.parse(result.stdout.toString())).toMatchObject({
        unmounted: [{ image }],
        failed: [{ target: 'nothing', code: 'no-such-mount', exit: 4 }],
      });
      expect(expectFailure(result)).toMatchObject({ code: 'partial', exit: 11 });
      expect(await json('list')).toMatchObject({ mounts: [] });
    });

    it('prints events until it is interrupted', async () => {
      const child = spawn(daemon.program, ['watch', '--json'], { env: daemon.env });
      const lines: string[] = [];
      child.stdout.on('data', (data) => lines.push(...String(data).trim().split('\n')));
      const { setTimeout: sleep } = await import('node:timers/promises');
      // The subscription has no answer on stdout: mount until one is seen.
      while (lines.length === 0) {
        await text('mount', image);
        await text('unmount', '--all');
        await sleep(100);
      }
      const closed = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGINT');
      expect(await closed).toBe(130);
      const kinds = new Set(lines.map((line) => (JSON.parse(line) as { event: string }).event));
      expect(kinds).toContain('unmounted');
    });

    it('shows the log', async () => {
      expect(await text('daemon', 'logs')).toContain('mounted');
      const lines = (await text('daemon', 'logs', '-n', '2', '--json')).trim().split('\n');
      expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toHaveLength(2);
    });

    it('stops the daemon, mounts and all', async () => {
      const mountPoint = (await text('mount', image)).trim();
      const { pid } = await json<{ pid: number }>('status');
      expect(await text('daemon', 'stop')).toBe(`isodrived, process ${pid}, has ended\n`);
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      expect(existsSync(mountPoint)).toBe(false);
    });

    it(
      'takes no mount of others for its own, which have its number when it has gone',
      needs('root'),
      async () => {
        const mountPoint = (await text('mount', image)).trim();
        const places = await Promise.all(
          ['1', '2', '3'].map((name) => mkdtemp(join(folder, `other-${name}-`))),
        );
        const stopping = text('daemon', 'stop');
        // The kernel gives the lowest number that is free.
        while (
          readFileSync('/proc/self/mounts', 'latin1').includes(basename(mountPoint).replaceAll(' ', '\\040'))
        )
          await sleep(1);
        for (const place of places) await mustRun('mount', ['-t', 'tmpfs', 'isodrive-test', place]);
        try {
          expect(await stopping).toContain('has ended');
        } finally {
          for (const place of places) await mustRun('umount', [place]);
        }
      },
    );

    it('starts it again by hand', async () => {
      const { pid } = await json<{ pid: number }>('daemon', 'start');
      expect(await json('status')).toMatchObject({ pid, mounts: [] });
    });
  });
});
