// isodrive verify beside the programs that made the evidence: implantisomd5 and checkisomd5, xorriso, sha256sum, gpgv,
// minisign and signify, on good, damaged and unsigned images.
import { appendFile, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import type { CommandResult } from '../../scripts/support/run-command.js';
import { encodeMode1Sector } from '../../src/disc/sector-code.js';
import { isFailure } from '../../src/imaging/verify/check.js';
import type { Check } from '../../src/imaging/verify/check.js';
import { expectFailure } from '../support/judges/command-failure.js';
import { findCorpus, unpackImage } from '../support/corpus.js';
import { findExtent, makeSampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js');
const FILES = { 'early/first.bin': 300_000, 'late/big.bin': 3_000_000, 'late/last.bin': 700_000 };
const corpus = findCorpus();

describe('isodrive verify', needs('xorriso', 'isoinfo'), () => {
  let root: string;
  let image: string;
  let tree: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'isodrive-verify-'));
    ({ image, tree } = await makeSampleImage(root, FILES));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  /** A copy of the image in a folder of its own. */
  const copyImage = async (from = image): Promise<string> => {
    const copy = join(await mkdtemp(join(root, 'case-')), 'disc.iso');
    await copyFile(from, copy);
    return copy;
  };
  const verify = (path: string, ...args: string[]): Promise<CommandResult> =>
    runCommand(process.execPath, [MAIN, 'verify', path, '--json', ...args], { timeout: 60_000 });
  const checksOf = (result: CommandResult): Check[] =>
    (JSON.parse(result.stdout.toString()) as { checks: Check[] }).checks;
  const of = (checks: readonly Check[], kind: Check['kind']): Check[] =>
    checks.filter((check) => check.kind === kind);
  const statuses = (checks: readonly Check[]): string[] => checks.map(({ status }) => status);
  const damage = async (path: string, position: number): Promise<void> => {
    const bytes = await readFile(path);
    bytes[position]! ^= 0xff;
    await writeFile(path, bytes);
  };

  it('says that it had nothing to go by', async () => {
    const result = await runCommand(process.execPath, [MAIN, 'verify', await copyImage()]);
    expect(result.status).toBe(11);
    expect(result.stderr).toContain('found no checksum or signature that can be checked');
  });

  it.each([
    ['md5sum', [], 'MD5SUMS'],
    ['sha1sum', [], 'disc.iso.sha1'],
    ['sha256sum', ['--tag'], 'SHA256SUMS'],
    ['sha512sum', [], 'sha512sum.txt'],
    ['b2sum', [], 'B2SUMS'],
  ])('agrees with %s on a good and a damaged image', async (program, args, list) => {
    const path = await copyImage();
    const cwd = join(path, '..');
    await writeFile(join(cwd, list), (await mustRun(program, [...args, 'disc.iso'], { cwd })).stdout);
    const good = await verify(path);
    expect(good.status).toBe(0);
    expect(of(checksOf(good), 'checksum')).toMatchObject([
      { evidence: list, subject: 'disc.iso', status: 'ok' },
    ]);
    await damage(path, 1_000_000);
    expect((await runCommand(program, ['-c', list], { cwd })).status).toBe(1);
    const bad = await verify(path);
    expect(expectFailure(bad)).toMatchObject({ code: 'verification-failed', exit: 10 });
    expect(statuses(of(checksOf(bad), 'checksum'))).toEqual(['mismatch']);
  });

  it('computes several digests in threads, with every other program, of a good and an unreadable image', async () => {
    const path = join(await mkdtemp(join(root, 'large-')), 'disc.iso');
    const bytes = Buffer.alloc(24 * 1_048_576 + 4096);
    const sample = await readFile(image);
    for (let at = 0; at < bytes.length; at += sample.length) sample.copy(bytes, at);
    await writeFile(path, bytes);
    const programs = ['md5', 'sha1', 'sha256', 'sha512', 'b2'];
    for (const name of programs)
      await writeFile(`${path}.${name}`, (await mustRun(`${name}sum`, [path])).stdout);
    const good = await verify(path);
    const lists = of(checksOf(good), 'checksum');
    expect(lists.map(({ evidence }) => evidence).sort()).toEqual(
      programs.map((name) => `disc.iso.${name}`).sort(),
    );
    expect(new Set(statuses(lists))).toEqual(new Set(['ok']));
    const algorithms = ['--hash', 'md5,sha1,sha256,sha512,blake2b'];
    const told = await mustRun(process.execPath, [MAIN, 'checksum', path, ...algorithms]);
    for (const program of ['md5sum', 'sha1sum', 'sha256sum', 'sha512sum', 'b2sum']) {
      const list = join(path, '..', 'tagged');
      await writeFile(list, told.stdout);
      expect((await runCommand(program, ['--check', '--ignore-missing', list])).status, program).toBe(0);
    }
    await writeFile(`${path}.map`, `0x0 + 1\n0x0 0x900000 +\n0x900000 0x800 -\n0x900800 0xf00800 +\n`);
    expect(new Set(statuses(of(checksOf(await verify(path)), 'checksum')))).toEqual(new Set(['unreadable']));
    const refused = await runCommand(process.execPath, [MAIN, 'checksum', path, '--json', ...algorithms]);
    expect(expectFailure(refused).message).toContain('byte 9437184');
  });

  it('names the files of a disc that its own list does not agree with', async () => {
    const folder = await mkdtemp(join(root, 'debian-'));
    const list = await mustRun('sh', ['-c', 'find . -type f | sort | xargs md5sum'], { cwd: tree });
    const text = `${list.stdout.toString()}${'0'.repeat(32)}  ./gone\n`;
    await writeFile(join(folder, 'md5sum.txt'), text);
    const disc = join(folder, 'disc.iso');
    await mustRun('xorriso', [
      '-as',
      'mkisofs',
      '-quiet',
      '-R',
      '-o',
      disc,
      tree,
      join(folder, 'md5sum.txt'),
    ]);
    await damage(disc, (await findExtent(disc, '/late/big.bin')) + 1_234_567);
    const result = await verify(disc);
    expect(result.status).toBe(10);
    const found = of(checksOf(result), 'checksum').map(({ subject, status }) => `${subject} ${status}`);
    expect(found).toEqual([
      // The list beside the disc is of its files, not of it.
      'disc.iso unchecked',
      '/early/first.bin ok',
      '/late/big.bin mismatch',
      '/late/last.bin ok',
      '/gone missing',
    ]);
  });

  it(
    'agrees with checkisomd5, and names what lies in the first bad fragment',
    needs('implantisomd5', 'checkisomd5'),
    async () => {
      const path = await copyImage();
      const check = async (): Promise<number | undefined> => (await runCommand('checkisomd5', [path])).status;
      // Unsigned: neither has anything to say.
      const { stdout, stderr } = await runCommand('checkisomd5', [path]);
      expect(`${stdout.toString()}${stderr}`).toMatch(/no checksum information/i);
      expect(of(checksOf(await verify(path)), 'implanted-md5')).toEqual([]);
      await mustRun('implantisomd5', [path]);
      expect(await check()).toBe(0);
      expect(of(checksOf(await verify(path)), 'implanted-md5')).toMatchObject([{ status: 'ok' }]);
      const offset = (await findExtent(path, '/late/big.bin')) + 1_500_000;
      await damage(path, offset);
      expect(await check()).toBe(1);
      const result = await verify(path);
      expect(result.status).toBe(10);
      const [found] = of(checksOf(result), 'implanted-md5');
      expect(found).toMatchObject({ status: 'mismatch', files: ['/late/big.bin'] });
      const [from, to] = Array.from(found!.detail.matchAll(/byte (\d+)/g), ([, number]) => Number(number));
      expect(from).toBeLessThanOrEqual(offset);
      expect(to).toBeGreaterThan(offset);
      expect(to! - from!).toBeLessThan(400_000);
    },
  );

  it('agrees with xorriso on the tags that libisofs writes', async () => {
    const path = join(await mkdtemp(join(root, 'tags-')), 'disc.iso');
    await mustRun('xorriso', ['-md5', 'on', '-outdev', `stdio:${path}`, '-map', tree, '/', '-commit']);
    const good = of(checksOf(await verify(path)), 'libisofs');
    expect(good.map(({ subject }) => subject)).toContain('session');
    expect(new Set(statuses(good))).toEqual(new Set(['ok']));
    const files = good.filter(({ evidence }) => evidence === 'sums of libisofs');
    expect(files.map(({ subject }) => subject)).toEqual(Object.keys(FILES).map((name) => `/${name}`));
    const media = async (): Promise<string> => {
      const { stdout, stderr } = await runCommand('xorriso', [
        ...['-md5', 'on', '-indev', `stdio:${path}`],
        ...['-check_md5', 'FAILURE', '--', '-check_media', 'use=indev', '--'],
      ]);
      return `${stdout.toString()}${stderr}`;
    };
    expect(await media()).not.toMatch(/MD5 MISMATCH|md5_mismatch/i);
    await damage(path, (await findExtent(path, '/late/big.bin')) + 2_000_000);
    const result = await verify(path);
    expect(result.status).toBe(10);
    const bad = of(checksOf(result), 'libisofs').filter(({ status }) => status === 'mismatch');
    expect(bad.map(({ subject }) => subject)).toEqual(['session', '/late/big.bin']);
    expect(await media()).toMatch(/MISMATCH/i);
    // File by file, in xorriso's own words.
    const each = await runCommand('xorriso', [
      ...['-md5', 'on', '-indev', `stdio:${path}`, '-check_md5_r', 'FAILURE', '/', '--'],
    ]);
    const told = `${each.stdout.toString()}${each.stderr}`;
    expect(told.match(/mismatch.*'(.*)'/gi)?.join()).toContain('/late/big.bin');
    expect(told).not.toContain('/late/last.bin');
    // The array of sums itself lies before the tag of the session.
    const tag = good.find(({ subject }) => subject === 'session')!;
    const sector = Number(/tag in sector (\d+)/.exec(tag.evidence)![1]);
    await damage(path, (sector - 1) * 2048 + 20);
    const worse = of(checksOf(await verify(path)), 'libisofs').map(({ detail }) => detail);
    expect(worse).toContain('the array of sums is damaged');
  });

  it('agrees with gpgv on a signed list, detached and clear', needs('gpg', 'gpgv'), async () => {
    const path = await copyImage();
    const cwd = join(path, '..');
    const home = await mkdtemp(join(tmpdir(), 'gpg-'));
    const keyring = join(cwd, 'keys.gpg');
    const gpg = (...args: string[]): Promise<CommandResult> =>
      mustRun(
        'gpg',
        ['--homedir', home, '--batch', '--quiet', '--passphrase', '', '--pinentry-mode', 'loopback', ...args],
        {
          cwd,
        },
      );
    try {
      await gpg('--quick-generate-key', 'Publisher <p@example.org>', 'ed25519', 'sign', 'never');
      await gpg('--output', keyring, '--export');
      await writeFile(join(cwd, 'SHA256SUMS'), (await mustRun('sha256sum', ['disc.iso'], { cwd })).stdout);
      await gpg('--armor', '--output', 'SHA256SUMS.asc', '--detach-sign', 'SHA256SUMS');
      await copyFile(join(cwd, 'SHA256SUMS'), join(cwd, 'plain'));
      await gpg('--output', 'CHECKSUM', '--clear-sign', 'plain');
    } finally {
      await runCommand('gpgconf', ['--homedir', home, '--kill', 'all']);
      await rm(home, { recursive: true, force: true });
    }
    const without = of(checksOf(await verify(path)), 'signature');
    expect(statuses(without)).toEqual(['unchecked', 'unchecked']);
    const good = await verify(path, '--keyring', keyring);
    expect(good.status).toBe(0);
    const signed = of(checksOf(good), 'signature');
    expect(signed.map(({ evidence, status }) => `${evidence} ${status}`)).toEqual([
      'CHECKSUM ok',
      'SHA256SUMS.asc ok',
    ]);
    for (const { detail } of signed) expect(detail).toContain('Publisher');
    await appendFile(join(cwd, 'SHA256SUMS'), '\n');
    expect(
      (await runCommand('gpgv', ['--keyring', keyring, 'SHA256SUMS.asc', 'SHA256SUMS'], { cwd })).status,
    ).toBe(1);
    const bad = await verify(path, '--keyring', keyring);
    expect(bad.status).toBe(10);
    const [found] = of(checksOf(bad), 'signature').filter(({ subject }) => subject === 'SHA256SUMS');
    expect(found?.status).toBe('mismatch');
  });

  it.each([[[]], [['-l']]])('agrees with minisign %j', needs('minisign'), async (options) => {
    const path = await copyImage();
    const cwd = join(path, '..');
    await mustRun('minisign', ['-G', '-W', '-p', 'key.pub', '-s', 'key.sec'], { cwd });
    await mustRun('minisign', ['-S', ...options, '-s', 'key.sec', '-t', 'release 1', '-m', 'disc.iso'], {
      cwd,
    });
    const key = join(cwd, 'key.pub');
    const [good] = of(checksOf(await verify(path, '--key', key)), 'signature');
    expect(good).toMatchObject({ status: 'ok', subject: 'disc.iso' });
    expect(good!.detail).toContain('release 1');
    const signature = `${path}.minisig`;
    const text = await readFile(signature, 'utf8');
    await writeFile(signature, text.replace('release 1', 'release 2'));
    expect((await runCommand('minisign', ['-V', '-p', key, '-m', 'disc.iso'], { cwd })).status).toBe(1);
    expect((await verify(path, '--key', key)).status).toBe(10);
    await writeFile(signature, text);
    await damage(path, 1_000_000);
    expect((await verify(path, '--key', key)).status).toBe(10);
    expect(statuses(of(checksOf(await verify(path)), 'signature'))).toEqual(['unchecked']);
  });

  it('agrees with signify on a signed list', needs('signify-openbsd'), async () => {
    const path = await copyImage();
    const cwd = join(path, '..');
    await writeFile(
      join(cwd, 'SHA256SUMS'),
      (await mustRun('sha256sum', ['--tag', 'disc.iso'], { cwd })).stdout,
    );
    await mustRun('signify-openbsd', ['-G', '-n', '-p', 'key.pub', '-s', 'key.sec'], { cwd });
    await mustRun('signify-openbsd', ['-S', '-s', 'key.sec', '-m', 'SHA256SUMS', '-x', 'SHA256SUMS.sig'], {
      cwd,
    });
    const key = join(cwd, 'key.pub');
    const good = await verify(path, '--key', key);
    expect(good.status).toBe(0);
    expect(of(checksOf(good), 'signature')).toMatchObject([{ status: 'ok', subject: 'SHA256SUMS' }]);
    await appendFile(join(cwd, 'SHA256SUMS'), '\n');
    expect((await verify(path, '--key', key)).status).toBe(10);
  });

  it('says which sectors of a raw image do not fit their codes', async () => {
    const folder = await mkdtemp(join(root, 'raw-'));
    const path = join(folder, 'disc.bin');
    const sectors = Array.from({ length: 200 }, (_, block) =>
      encodeMode1Sector(Buffer.alloc(2048, `${block} `), block),
    );
    await writeFile(path, Buffer.concat(sectors));
    await writeFile(`${path}.md5`, (await mustRun('md5sum', [path])).stdout);
    expect((await verify(path)).status).toBe(0);
    await damage(path, 2352 * 77 + 500);
    const result = await verify(path);
    expect(result.status).toBe(10);
    const found = checksOf(result).map(({ kind, status }) => `${kind} ${status}`);
    expect(found).toEqual(['checksum mismatch', 'sectors mismatch', 'sectors ok', 'structure unchecked']);
    expect(of(checksOf(result), 'sectors')[0]!.detail).toMatch(/^sector 77, mode 1/);
  });

  it(
    'finds a damaged UDF descriptor that nobody reads, and none in a file',
    needs('mkudffs', 'genisoimage'),
    async () => {
      const folder = await mkdtemp(join(root, 'udf-'));
      const path = join(folder, 'disc.udf');
      await mustRun('mkudffs', ['--new-file', '--blocksize=2048', '--media-type=dvd', path, '2048']);
      const good = of(checksOf(await verify(path)), 'udf-tags');
      expect(statuses(good)).toEqual(['ok']);
      const bytes = await readFile(path);
      // The reserve sequence lies behind the main one: its primary volume descriptor is the last.
      const blocks = Array.from({ length: bytes.length / 2048 }, (_, block) => block * 2048);
      const primary = blocks.filter(
        (at) => bytes.readUInt16LE(at) === 1 && bytes.readUInt32LE(at + 12) === at / 2048,
      );
      expect(primary).toHaveLength(2);
      await damage(path, primary[1]! + 100);
      const result = await verify(path);
      expect(result.status).toBe(10);
      const [bad] = of(checksOf(result), 'udf-tags');
      expect(bad).toMatchObject({ status: 'mismatch' });
      expect(bad!.detail).toContain(`at byte ${primary[1]!}`);
      // A disc that holds the damaged image as a file is as it should be.
      const outer = join(folder, 'outer.iso');
      await mustRun('genisoimage', ['-quiet', '-udf', '-R', '-o', outer, path]);
      expect(statuses(of(checksOf(await verify(outer)), 'udf-tags'))).toEqual(['ok']);
    },
  );

  it('says what no checksum speaks for', async () => {
    const folder = await mkdtemp(join(root, 'part-'));
    const list = await mustRun('md5sum', ['late/last.bin'], { cwd: tree });
    await writeFile(join(folder, 'md5sum.txt'), list.stdout);
    const disc = join(folder, 'disc.iso');
    const sources = [tree, join(folder, 'md5sum.txt')];
    await mustRun('xorriso', ['-as', 'mkisofs', '-quiet', '-R', '-o', disc, ...sources]);
    const result = await verify(disc);
    expect(result.status).toBe(0);
    const [coverage] = of(checksOf(result), 'coverage');
    expect(coverage).toMatchObject({
      status: 'unchecked',
      detail: '3 of 4 files are under none that agrees',
      files: ['/early/first.bin', '/late/big.bin', '/md5sum.txt'],
    });
  });

  it('sees that an image is shorter than it says', async () => {
    const path = await copyImage();
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, (await findExtent(path, '/late/last.bin')) + 5000));
    const result = await verify(path);
    expect(result.status).toBe(10);
    const faults = of(checksOf(result), 'structure');
    expect(faults.map(({ subject }) => subject)).toContain('/late/last.bin');
    expect(faults.some(({ evidence }) => evidence === 'declared size')).toBe(true);
  });

  it('finds nothing wrong with discs that Debian ships', needs('../shared/corpus'), async () => {
    for (const name of ['debian--grub-rescue-cdrom.iso', 'debian--memtest86+x64.iso']) {
      const path = await unpackImage(corpus!, 'images', name);
      const result = await verify(path);
      // Neither carries checksums.
      expect(result.status, `${basename(path)}: ${result.stdout.toString()}`).toBe(11);
      expect(checksOf(result).filter(isFailure)).toEqual([]);
    }
  });
});
