// The command line and the daemon on Windows' Node under Wine: what needs no mount, and virtual disks as far as the
// system's own driver, in whose place a library records the calls.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import type { MountSummary } from '../../src/protocol/messages.js';
import { waitUntil } from '../support/programs/private-isodrive.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import type { SampleImage } from '../support/builders/sample-image.js';
import { WINDOWS_PATIENCE, WindowsMachine, WINDOWS_NEEDS } from '../support/machines/windows-machine.js';
import type { TerminalProcess } from '../support/machines/windows-machine.js';
import { needs } from '../support/needs.js';

/** Wine knows the device number of its own disk. */
const KNOWN_DEVICE = '\\\\.\\C:';
const OPEN_ISO = 'OpenVirtualDisk device=1 vendor=ec984aec';
const ATTACH = `${OPEN_ISO} access=90000 flags=0 name=sample.iso`;
const DETACH = `${OPEN_ISO} access=40000 flags=0 name=sample.iso`;
const PIPE = /^\\\\\.\\pipe\\isodrive-[\w-]+$/u;

describe('isodrive on Windows', needs(...WINDOWS_NEEDS), () => {
  let windows: WindowsMachine;
  let sample: SampleImage;
  let facts: string;
  const run: WindowsMachine['run'] = (...args) => windows.run(...args);
  const fail: WindowsMachine['fail'] = (...args) => windows.fail(...args);
  const status = async (): Promise<{ pid: number; socket: string; mounts: MountSummary[] }> =>
    JSON.parse((await run('status', '--json')).stdout) as never;
  const mounts = async (): Promise<MountSummary[]> =>
    (JSON.parse((await run('list', '--json')).stdout) as { mounts: MountSummary[] }).mounts;

  const targetOf = async (letter: string): Promise<string> =>
    (await windows.prefix.run(facts, 'target', letter)).stdout.toString().trim();

  beforeAll(async () => {
    windows = await WindowsMachine.make();
    [sample, facts] = await Promise.all([
      makeSampleImage(windows.prefix.folder, { 'folder/setup.bin': 5000 }),
      windows.compile('system-facts.c', 'facts.exe', '-ladvapi32'),
    ]);
  }, WINDOWS_PATIENCE);
  beforeEach(async () => {
    await run('unmount', '--all');
    await windows.setUp(KNOWN_DEVICE);
  });
  afterAll(() => windows[Symbol.asyncDispose](), WINDOWS_PATIENCE);

  it('lists, prints, checks and tells of an image', async () => {
    expect((await run('ls', 'sample.iso', '-R')).stdout).toBe('/\n/folder\n/folder/setup.bin\n');
    const hash = await mustRun('sha256sum', [join(sample.tree, 'folder', 'setup.bin')]);
    const printed = await run('checksum', 'sample.iso', '/folder/setup.bin');
    expect(printed.stdout.slice(0, 64)).toBe(hash.stdout.toString().slice(0, 64));
    // It carries no checksums.
    expect((await run('verify', 'sample.iso')).status).toBe(11);
    const { stdout } = await run('info', 'sample.iso', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ label: 'SAMPLE', mounts: [] });
  });

  it('extracts what the image holds', async () => {
    await mkdir(windows.at('out-folder'));
    const result = await run('extract', 'sample.iso', '-C', 'out-folder');
    expect(result).toMatchObject({ status: 0, stderr: '' });
    await mustRun('diff', ['-r', sample.tree, windows.at('out-folder')]);
  });

  it('makes an image, with its map and report, and compares it', async () => {
    expect((await run('create', 'sample.iso', 'copy.iso', '--verify')).stdout).toContain(
      'the same, all sectors read',
    );
    expect((await run('compare', 'sample.iso', 'copy.iso')).status).toBe(0);
  });

  it('extracts names that Windows has, whatever their length, and says which it has not', async () => {
    const deep = Array.from({ length: 9 }, (_, i) => `${i}`.padEnd(40, 'n')).join('/');
    const good = ['Gr\u00fc\u00dfe an alle.txt', 'README', 'console.txt', `${deep}/end`];
    const bad = ['..\\..\\escaped', 'CON', 'a:stream', 'b?', 'dot.', 'nul.txt', 'readme', 'space '];
    const tree = windows.at('odd');
    for (const name of [...good, ...bad]) {
      await mkdir(join(tree, dirname(name)), { recursive: true });
      await writeFile(join(tree, name), name);
    }
    await mustRun('xorriso', ['-as', 'mkisofs', '-quiet', '-R', '-o', windows.at('odd names.iso'), tree]);
    await mkdir(windows.at('below/out here'), { recursive: true });
    const result = await run('extract', 'odd names.iso', '-C', 'below/out here', '--json');
    expect(result.status).toBe(11);
    const { failures } = JSON.parse(result.stdout) as { failures: { path: string; code: string }[] };
    expect(failures.map(({ path }) => path.slice(1)).sort()).toEqual(bad.sort());
    expect(new Set(failures.map(({ code }) => code))).toEqual(new Set(['unsupported']));
    await Promise.all(bad.map((name) => rm(join(tree, name))));
    await mustRun('diff', ['-r', tree, windows.at('below/out here')]);
    expect(await readdir(windows.at('below'))).toEqual(['out here']);
  });

  it(
    'serves drives to other machines, lists and ejects them, and ends when it is interrupted',
    async () => {
      const image = 'Bild f\u00fcr alle.iso';
      await copyFile(windows.at('sample.iso'), windows.at(image));
      const serve = (protocol: 'nbd' | 'iscsi'): TerminalProcess =>
        windows.startOnTerminal(protocol, [
          'drive',
          'serve',
          image,
          `--${protocol}`,
          '--listen',
          '127.0.0.1:0',
        ]);
      const servers = [serve('nbd'), serve('iscsi')];
      const uris = await Promise.all(servers.map((server) => server.lines(1)));
      const [nbd, iscsi] = uris.flat() as [string, string];
      await mustRun('nbdcopy', [nbd, windows.at('nbd.copy')]);
      await mustRun('qemu-img', ['convert', '-O', 'raw', iscsi, windows.at('iscsi.copy')]);
      for (const copy of ['nbd.copy', 'iscsi.copy']) {
        await mustRun('cmp', [windows.at(image), windows.at(copy)]);
      }
      const drives = await run('drives', '--json');
      const { physical, served } = JSON.parse(drives.stdout) as {
        physical: [];
        served: { uris: string[] }[];
      };
      expect(physical).toEqual([]);
      expect(served.map((drive) => drive.uris).sort()).toEqual([[iscsi], [nbd]].sort());
      // Each name of a path behind one backslash.
      expect((await run('drives')).stdout).toMatch(/ Z:(?:\\[^\\]+)+\\Bild f\u00fcr alle\.iso$/mu);
      expect(await run('eject', iscsi)).toMatchObject({ status: 0 });
      expect(await run('eject', iscsi, '--close')).toMatchObject({ status: 0 });
      expect(await fail('eject', nbd)).toMatchObject({ code: 'usage' });
      for (const server of servers) expect(await server.interrupt()).toBe(130);
      expect(await run('drives')).toEqual({ status: 0, stdout: '', stderr: '' });
    },
    WINDOWS_PATIENCE,
  );

  it('says what Windows needs, and refuses what it cannot do', async () => {
    const { status: exit, stdout } = await run('doctor', '--json');
    expect(exit).toBe(0);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; ok: boolean }[] };
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual([
      ['addon', true],
      ['Windows', true],
    ]);
    for (const words of [
      ['run', 'sample.iso', 'true'],
      ['wine', 'sample.iso'],
      ['extract', 'sample.iso', '-C', 'never', '--xattrs'],
      ['drive', 'serve', 'sample.iso', '--loop'],
      ['drive', 'serve', 'sample.iso', '--nbd', '--listen', 'a/socket'],
    ]) {
      expect(await fail(...words)).toMatchObject({ code: 'unsupported', exit: 5 });
    }
  });

  it('says that no daemon runs, at the address of a pipe', async () => {
    expect(await fail('status')).toMatchObject({ code: 'daemon-unreachable', exit: 8 });
    expect((await run('status')).stderr).toContain('\\\\.\\pipe\\isodrive-');
    expect(await fail('status', '--system')).toMatchObject({ code: 'unsupported', exit: 5 });
  });

  it(
    'starts a daemon, attaches an image read-only and for good, and prints its drive',
    async () => {
      const { status: exit, stdout } = await windows.runAlone(['mount', 'sample.iso']);
      expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'C:\\\n' });
      expect(windows.calls()).toEqual([ATTACH, 'AttachVirtualDisk flags=5']);
      const { socket, mounts: found } = await status();
      expect(socket).toMatch(PIPE);
      expect((await run('daemon', 'start')).status).toBe(0);
      expect(found).toMatchObject([{ driver: 'windows', mountPoint: 'C:\\', state: 'ok' }]);
      expect(found[0]!.image).toMatch(/^Z:\\.*\\sample\.iso$/u);
      const { stdout: info } = await run('info', 'sample.iso', '--json');
      expect(JSON.parse(info)).toMatchObject({ mounts: found });
    },
    WINDOWS_PATIENCE,
  );

  it('lets only its user, administrators and the system connect', async () => {
    const { socket } = await status();
    const shown = await windows.prefix.run(facts, 'show', socket);
    const list = /D:.*?((?:\([^)]*\))+)/u.exec(shown.stdout.toString())![1]!;
    const users = [...list.matchAll(/\(A;;GA;;;([^)]+)\)/gu)].map(([, user]) => user!);
    expect(users.slice(0, 2)).toEqual(['SY', 'BA']);
    expect(users[2]).toMatch(/^S-1-5-21-/u);
    expect(list).toBe(users.map((user) => `(A;;GA;;;${user})`).join(''));
  });

  it('sends nothing to a pipe that another user has made', async () => {
    const name = '\\\\.\\pipe\\isodrive-foreign';
    const server = spawn('wine', [facts, 'serve', name, 'O:S-1-5-21-1-2-3-1001D:(A;;GA;;;WD)'], {
      env: windows.env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(server.stdout, 'data');
    const refused = await fail('status', '--socket', name);
    expect(refused).toMatchObject({ code: 'permission', exit: 6 });
    server.kill('SIGKILL');
    await once(server, 'exit');
  });

  it('detaches an image by its drive, its path, or its number, and gives back the one that is there', async () => {
    const names = ['c:\\', 'SAMPLE.ISO', undefined];
    for (const name of names) {
      await windows.setUp(KNOWN_DEVICE);
      const made = JSON.parse((await run('mount', 'sample.iso', '--json')).stdout) as MountSummary;
      expect(made).toMatchObject({ existing: false });
      expect(JSON.parse((await run('mount', 'sample.iso', '--json')).stdout)).toEqual({
        ...made,
        existing: true,
      });
      expect(await run('unmount', name ?? made.id)).toMatchObject({ status: 0, stderr: '' });
      expect(windows.calls().slice(-2)).toEqual([DETACH, 'DetachVirtualDisk']);
      expect(await mounts()).toEqual([]);
    }
    expect(await fail('unmount', 'sample.iso')).toMatchObject({ code: 'no-such-mount', exit: 4 });
  });

  it('takes the letter that is chosen, and takes it back', async () => {
    const { stdout } = await run('mount', 'sample.iso', '--letter', 'k:');
    expect(stdout).toBe('K:\\\n');
    expect(windows.calls()).toEqual([ATTACH, 'AttachVirtualDisk flags=7']);
    // Wine's disk C stands for the disc.
    expect(await targetOf('K:')).toMatch(/^\\Device\\/u);
    expect(await targetOf('K:')).toBe(await targetOf('C:'));
    expect(await fail('mount', 'sample.iso', '--letter', 'kk')).toMatchObject({ code: 'usage', exit: 2 });
    const other = await run('mount', 'sample.iso', '--letter', 'l');
    expect(other.stdout).toBe('K:\\\n');
    expect(other.stderr).toContain('unmount it to choose its letter');
    await copyFile(windows.at('sample.iso'), windows.at('other.iso'));
    expect(await fail('mount', 'other.iso', '--letter', 'K')).toMatchObject({ code: 'busy', exit: 7 });
    await run('unmount', 'K:\\');
    expect(await targetOf('K:')).toBe('');
  });

  it('keeps the letter when the drive is in use', async () => {
    await run('mount', 'sample.iso', '--letter', 'k');
    await windows.failCall('DetachVirtualDisk=32');
    expect(await fail('unmount', 'k:\\')).toMatchObject({ code: 'busy', exit: 7 });
    expect(await mounts()).toMatchObject([{ mountPoint: 'K:\\' }]);
    expect(await targetOf('K:')).toBe(await targetOf('C:'));
    await windows.failCall();
    expect(await run('unmount', 'k:\\')).toMatchObject({ status: 0 });
  });

  it('waits for a letter that comes late', async () => {
    await windows.setUp('\\\\.\\Q:');
    const mounting = run('mount', 'sample.iso');
    await waitUntil(() => windows.calls().includes('AttachVirtualDisk flags=5'));
    await windows.prefix.run(facts, 'define', 'Q:', await targetOf('C:'));
    // C is the same device as Q, and the first that is found.
    expect(await mounting).toMatchObject({ status: 0, stdout: 'C:\\\n' });
    await run('unmount', '--all');
    await windows.prefix.run(facts, 'define', 'Q:', '-');
  });

  it(
    'detaches again when no letter comes, or the device is not told',
    async () => {
      const socket = ['--socket', '\\\\.\\pipe\\isodrive-hasty'];
      await windows.runAlone(['daemon', 'start', ...socket], { ISODRIVE_LETTER_DEADLINE: '300' });
      await windows.setUp('\\\\.\\Q:');
      for (const more of [[], ['--letter', 'K']]) {
        const late = await fail('mount', 'sample.iso', ...more, ...socket);
        expect(late).toMatchObject({ code: 'timeout', exit: 9 });
        expect(windows.calls().at(-1)).toBe('DetachVirtualDisk');
      }
      await windows.setUp(KNOWN_DEVICE, 'GetVirtualDiskPhysicalPath=5');
      expect(await fail('mount', 'sample.iso', ...socket)).toMatchObject({ code: 'permission' });
      expect(windows.calls().at(-1)).toBe('DetachVirtualDisk');
      expect(await run('daemon', 'stop', ...socket)).toMatchObject({ status: 0 });
    },
    WINDOWS_PATIENCE,
  );

  it.each([
    ['OpenVirtualDisk=5', 'permission'],
    ['AttachVirtualDisk=1314', 'permission'],
    ['AttachVirtualDisk=32', 'busy'],
    ['OpenVirtualDisk=1392', 'damaged'],
    ['OpenVirtualDisk=50', 'unsupported'],
    ['AttachVirtualDisk=4242', 'policy'],
  ])('explains what the system answers: %s', async (fault, code) => {
    await windows.setUp(KNOWN_DEVICE, fault);
    expect(await fail('mount', 'sample.iso')).toMatchObject({ code });
  });

  it('refuses what is not there, what is on another machine, and what only file systems of ours can do', async () => {
    expect(await fail('mount', 'missing.iso')).toMatchObject({ code: 'image-not-found', exit: 3 });
    for (const more of [['folder'], ['--tree', 'udf'], ['--verify'], ['--new'], ['--session', '1']]) {
      expect(await fail('mount', 'sample.iso', ...more)).toMatchObject({ code: 'unsupported', exit: 5 });
    }
    await copyFile(windows.at('sample.iso'), windows.at('network/far.iso'));
    const remote = (await fail('mount', 'N:\\far.iso')) as { message: string };
    expect(remote).toMatchObject({ code: 'unsupported', exit: 5 });
    expect(remote.message).toContain('on another machine');
    expect(windows.calls()).toEqual([]);
  });

  it('says what is wrong with drives that are none, or take no commands', async () => {
    expect(await run('drives')).toEqual({ status: 0, stdout: '', stderr: '' });
    for (const drive of ['\\\\.\\R:', '\\\\.\\C:']) {
      expect(await fail('eject', drive)).toMatchObject({ code: 'usage', exit: 2 });
    }
    expect(await fail('eject', '\\\\.\\CdRom77')).toMatchObject({ code: 'image-not-found', exit: 3 });
    expect(await fail('info', '\\\\.\\CdRom77')).toMatchObject({ code: 'image-unreadable', exit: 3 });
  });

  it(
    'sees that somebody else has ejected a drive, and tells who watches',
    async () => {
      const watching = windows.runAlone(['watch', '--json']);
      const watched = (): string =>
        existsSync(windows.at('out')) ? readFileSync(windows.at('out'), 'utf8') : '';
      // Until the watcher has come, nobody hears of mounts.
      await waitUntil(async () => {
        await run('mount', 'sample.iso');
        await run('unmount', '--all');
        return watched().includes('mounted');
      });
      await run('mount', 'sample.iso');
      await rm(windows.at('record/attached-sample.iso'));
      await waitUntil(() => watched().includes('"outside"'));
      expect(await mounts()).toEqual([]);
      expect(await run('daemon', 'stop')).toMatchObject({ status: 0 });
      const { status: exit, stdout } = await watching;
      expect(exit).toBe(0);
      const events = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object);
      expect(events.slice(-3)).toMatchObject([
        { event: 'mounted', mount: { mountPoint: 'C:\\' } },
        { event: 'unmounted', reason: 'outside', mount: { mountPoint: 'C:\\' } },
        { event: 'shutdown' },
      ]);
    },
    WINDOWS_PATIENCE,
  );

  it(
    'starts a daemon for the drives that a killed one has left, and detaches them when it is stopped',
    async () => {
      await run('mount', 'sample.iso', '--letter', 'k');
      const [made] = await mounts();
      const { pid } = await status();
      await windows.prefix.run('taskkill', '/f', '/pid', String(pid));
      await waitUntil(async () => (await run('status')).status === 8);
      expect(made).toMatchObject({ mountPoint: 'K:\\' });
      expect(await mounts()).toEqual([made]);
      await run('daemon', 'stop');
      expect(windows.calls().at(-1)).toBe('DetachVirtualDisk');
      expect((await run('status')).status).toBe(8);
    },
    WINDOWS_PATIENCE,
  );

  it('has a daemon that ends by itself when it has nothing to do', async () => {
    const socket = ['--socket', '\\\\.\\pipe\\isodrive-idle'];
    expect(await windows.runDaemon(...socket, '--idle-timeout', '1')).toMatchObject({ status: 0 });
    expect((await run('status', ...socket)).status).toBe(8);
  });
});
