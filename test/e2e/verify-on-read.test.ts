// mount --verify: damaged copies of discs that carry sums of their files, in each of the ways that discs do, as
// programs that read the mount meet them.
import { copyFile, mkdir, mkdtemp, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import type { MountSummary } from '../../src/protocol/messages.js';
import { expectFailure } from '../support/judges/command-failure.js';
import { PrivateIsodrive, waitUntil } from '../support/programs/private-isodrive.js';
import { findExtent, makeSampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';

const FILES = { 'early/first.bin': 300_000, 'late/big.bin': 3_000_000, 'late/last.bin': 700_000 };
const PATHS = Object.keys(FILES);

describe('mount --verify', needs('xorriso', 'isoinfo', 'getfattr'), () => {
  let isodrive: PrivateIsodrive;
  let image: string;
  let tree: string;

  beforeAll(async () => {
    isodrive = await PrivateIsodrive.start();
    ({ image, tree } = await makeSampleImage(isodrive.folder, FILES));
  });
  afterAll(() => isodrive[Symbol.asyncDispose]());

  const fresh = (): Promise<string> => mkdtemp(join(isodrive.folder, 'disc-'));
  const damage = async (path: string, position: number): Promise<void> => {
    await using file = await open(path, 'r+');
    const byte = new Uint8Array(1);
    await file.read(byte, 0, 1, position);
    await file.write(Uint8Array.of(byte[0]! ^ 0xff), 0, 1, position);
  };
  const states = async (mount: MountSummary): Promise<Record<string, string>> => {
    const result: Record<string, string> = {};
    for (const path of PATHS) {
      const args = ['--only-values', '-n', 'user.isodrive.verified', join(mount.mountPoint, path)];
      result[path] = (await mustRun('getfattr', ['--absolute-names', ...args])).stdout.toString();
    }
    return result;
  };
  /** Whether a program can open it, and read it whole. */
  const tryFile = async (mount: MountSummary, path: string): Promise<'read' | 'opened' | 'refused'> => {
    const file = join(mount.mountPoint, path);
    if ((await runCommand('cmp', [file, join(tree, path)])).status === 0) return 'read';
    // A redirection opens the file and reads nothing.
    const opened = await runCommand('sh', ['-c', 'true < "$1"', 'sh', file]);
    return opened.status === 0 ? 'opened' : 'refused';
  };
  const verifiedOf = async (mount: MountSummary): Promise<MountSummary['verified']> => {
    await using client = await isodrive.connect();
    const { mounts } = await client.call('list', {});
    return mounts.find(({ id }) => id === mount.id)?.verified;
  };

  /** A disc with md5sum.txt at its root. */
  const makeListed = async (...options: string[]): Promise<string> => {
    const folder = await fresh();
    const list = await mustRun('sh', ['-c', 'find . -type f | sort | xargs md5sum'], { cwd: tree });
    await writeFile(join(folder, 'md5sum.txt'), list.stdout);
    const disc = join(folder, 'disc.iso');
    const sources = [tree, join(folder, 'md5sum.txt')];
    await mustRun('xorriso', ['-as', 'mkisofs', '-quiet', '-R', ...options, '-o', disc, ...sources]);
    return disc;
  };
  const makeRecorded = async (): Promise<string> => {
    const disc = join(await fresh(), 'disc.iso');
    await mustRun('xorriso', ['-md5', 'on', '-outdev', `stdio:${disc}`, '-map', tree, '/', '-commit']);
    return disc;
  };

  it.each([
    ['a list on the disc', makeListed],
    ['the sums of libisofs', makeRecorded],
  ])('refuses to open a file that %s does not agree with', async (_, make) => {
    const disc = await make();
    await damage(disc, (await findExtent(disc, '/late/big.bin')) + 1_234_567);
    await using mount = await isodrive.mount(disc, { verify: true });
    expect(mount).toMatchObject({ driver: 'fuse' });
    expect(new Set(Object.values(await states(mount)))).toEqual(new Set(['pending']));
    expect(await tryFile(mount, 'late/big.bin')).toBe('refused');
    expect(await states(mount)).toMatchObject({ 'late/big.bin': 'mismatch', 'late/last.bin': 'pending' });
    expect(await tryFile(mount, 'early/first.bin')).toBe('read');
    expect(await tryFile(mount, 'late/last.bin')).toBe('read');
    expect(await verifiedOf(mount)).toMatchObject({ ok: 2, mismatch: 1, files: ['/late/big.bin'] });
    const { stdout } = await isodrive.daemon.run(['info', disc]);
    expect(stdout.toString()).toMatch(/Verified: .* 2 ok, 1 mismatch/);
    expect(stdout.toString()).toContain('mismatch: /late/big.bin');
  });

  it('hands out every file of a disc that is as it should be', async () => {
    await using mount = await isodrive.mount(await makeListed(), { verify: true });
    for (const path of PATHS) expect(await tryFile(mount, path), path).toBe('read');
    expect(new Set(Object.values(await states(mount)))).toEqual(new Set(['ok']));
    // The list itself is in no list.
    expect(await verifiedOf(mount)).toMatchObject({ ok: 3, mismatch: 0, unknown: 1, pending: 0 });
  });

  it('reads files of a disc without sums, and calls them unknown', async () => {
    await using mount = await isodrive.mount(image, { verify: true });
    for (const path of PATHS) expect(await tryFile(mount, path), path).toBe('read');
    expect(new Set(Object.values(await states(mount)))).toEqual(new Set(['unknown']));
  });

  it('keeps attributes that a file has beside its own', async () => {
    const source = await fresh();
    await writeFile(join(source, 'file'), 'content');
    await mustRun('setfattr', ['-n', 'user.mine', '-v', 'kept', join(source, 'file')]);
    const disc = join(await fresh(), 'disc.iso');
    const args = ['-xattr', 'on', '-md5', 'on', '-outdev', `stdio:${disc}`, '-map', source, '/', '-commit'];
    await mustRun('xorriso', args);
    await using mount = await isodrive.mount(disc, { verify: true });
    const file = join(mount.mountPoint, 'file');
    for (const state of ['pending', 'ok']) {
      const { stdout } = await mustRun('getfattr', ['--absolute-names', '-d', file]);
      expect(stdout.toString()).toContain('user.mine="kept"');
      expect(stdout.toString()).toContain(`user.isodrive.verified="${state}"`);
      expect((await mustRun('cat', [file])).stdout.toString()).toBe('content');
    }
  });

  it('gives EIO from the first bad fragment of implantisomd5 on', needs('implantisomd5'), async () => {
    const disc = join(await fresh(), 'disc.iso');
    await copyFile(image, disc);
    await mustRun('implantisomd5', [disc]);
    const offset = await findExtent(disc, '/late/big.bin');
    await damage(disc, offset + 2_000_000);
    await using mount = await isodrive.mount(disc, { verify: true });
    expect(await tryFile(mount, 'early/first.bin')).toBe('read');
    expect(await tryFile(mount, 'late/big.bin')).toBe('opened');
    const file = join(mount.mountPoint, 'late/big.bin');
    const { stdout } = await runCommand('sh', ['-c', 'dd if="$1" bs=4096 2>/dev/null | wc -c', 'sh', file]);
    const read = Number(stdout.toString());
    // Fragments of an image of 4 MB are 200 KB long, and end where the program's steps of 32 KiB do.
    expect(read).toBeLessThanOrEqual(2_000_000);
    expect(read).toBeGreaterThan(1_700_000);
    const start = (await mustRun('head', ['-c', '1000000', file])).stdout;
    expect(Buffer.compare(start, (await readFile(join(tree, 'late/big.bin'))).subarray(0, 1_000_000))).toBe(
      0,
    );
    expect(await states(mount)).toMatchObject({ 'early/first.bin': 'ok', 'late/big.bin': 'mismatch' });
    // What lies behind the bad fragment can be read: nothing is known of it.
    expect(await tryFile(mount, 'late/last.bin')).toBe('read');
    expect((await states(mount))['late/last.bin']).toBe('unknown');
  });

  it('verifies what a compressed file holds, and what is stored of it', async () => {
    const source = await fresh();
    await mkdir(join(source, 'late'));
    await writeFile(join(source, 'late/text'), 'a line that repeats\n'.repeat(50_000));
    const disc = join(await fresh(), 'disc.iso');
    const steps = [
      '-zisofs',
      'level=9',
      '-map',
      source,
      '/',
      '-set_filter_r',
      '--zisofs',
      '/',
      '--',
      '-commit',
    ];
    await mustRun('xorriso', ['-md5', 'on', '-outdev', `stdio:${disc}`, ...steps]);
    const read = async (): Promise<number | undefined> => {
      await using mount = await isodrive.mount(disc, { verify: true });
      return (await runCommand('cmp', [join(mount.mountPoint, 'late/text'), join(source, 'late/text')]))
        .status;
    };
    expect(await read()).toBe(0);
    // A byte of the header that no decoder looks at.
    await damage(disc, (await findExtent(disc, '/late/text')) + 15);
    expect(await read()).toBe(2);
  });

  it('refuses files by driver fuse-native as well, and is refused by erofs', async () => {
    const disc = await makeListed();
    await damage(disc, (await findExtent(disc, '/late/last.bin')) + 100);
    {
      await using mount = await isodrive.mount(disc, { verify: true, driver: 'fuse-native' });
      expect(await tryFile(mount, 'late/last.bin')).toBe('refused');
      expect(await tryFile(mount, 'late/big.bin')).toBe('read');
    }
    const directory = await isodrive.makeDirectory();
    const args = ['mount', disc, directory, '--verify', '--driver', 'erofs', '--json'];
    const failure = expectFailure(await isodrive.daemon.run(args));
    expect(['unsupported', 'policy']).toContain(failure.code);
  });

  it('does not answer a mount without verification by one that has it', async () => {
    const disc = await makeListed();
    await using first = await isodrive.mount(disc, { verify: true });
    await using second = await isodrive.mount(disc, {});
    expect(second.id).not.toBe(first.id);
  });

  it('goes on refusing after the daemon was killed', async () => {
    const disc = await makeListed();
    await damage(disc, (await findExtent(disc, '/late/last.bin')) + 100);
    await using mount = await isodrive.mount(disc, { verify: true });
    expect(await tryFile(mount, 'late/big.bin')).toBe('read');
    const { pid } = await isodrive.daemon.status();
    process.kill(pid, 'SIGKILL');
    await waitUntil(async () => (await isodrive.daemon.status().catch(() => ({ pid }))).pid !== pid);
    expect(await tryFile(mount, 'late/last.bin')).toBe('refused');
    expect(await tryFile(mount, 'early/first.bin')).toBe('read');
    expect(await states(mount)).toMatchObject({ 'early/first.bin': 'ok', 'late/last.bin': 'mismatch' });
    expect(await verifiedOf(mount)).toMatchObject({ mismatch: 1, files: ['/late/last.bin'] });
  });

  it('ends while a file is being verified', async () => {
    const folder = await fresh();
    await using file = await open(join(folder, 'large'), 'w');
    await file.truncate(600_000_000);
    const list = await mustRun('sh', ['-c', 'md5sum large'], { cwd: folder });
    await writeFile(join(folder, 'md5sum.txt'), list.stdout);
    const disc = join(await fresh(), 'disc.iso');
    await mustRun('xorriso', ['-as', 'mkisofs', '-quiet', '-R', '-o', disc, folder]);
    const mount = await isodrive.mount(disc, { verify: true });
    const reader = runCommand('head', ['-c', '1', join(mount.mountPoint, 'large')]);
    await waitUntil(async () => (await verifiedOf(mount)) !== undefined);
    {
      await using client = await isodrive.connect();
      await client.call('unmount', { targets: [{ name: mount.id, paths: [] }], lazy: true });
    }
    // The reader was let in before, and may finish.
    expect((await reader).timedOut).toBe(false);
    expect((await isodrive.daemon.status()).mounts).toEqual([]);
  });
});
