// `isodrive drive serve --iscsi` with initiators that nobody here wrote: libiscsi's tools and QEMU's.
import { copyFile, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { expectedOutcomes, parseList, parseOutcomes } from '../support/judges/iscsi-conformance.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { ServedDrive } from '../support/programs/served-drive.js';
import { has, needs } from '../support/needs.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js');
const TOOLS = [
  'iscsi-test-cu',
  'iscsi-ls',
  'iscsi-inq',
  'iscsi-readcapacity16',
  'qemu-img',
  'xorriso',
] as const;
const hasIscsi =
  has('qemu-img') && (await runCommand('qemu-img', ['--help'])).stdout.toString().includes('iscsi');

const run = async (...command: string[]): Promise<string> =>
  (await mustRun(command[0]!, command.slice(1), { timeout: 30_000 })).stdout.toString();

const sortedKeys = (map: ReadonlyMap<string, string>): string[] => [...map.keys()].sort();

describe(
  'An image served as an iSCSI drive',
  needs(...TOOLS, { what: 'qemu-img with iSCSI', isThere: hasIscsi }),
  () => {
    let folder: string;
    let image: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'isodrive-drive-'));
      ({ image } = await makeSampleImage(folder, { large: 20_000_000, small: 5 }));
    });

    afterAll(() => rm(folder, { recursive: true, force: true }));

    const serve = (...args: string[]): Promise<ServedDrive> =>
      ServedDrive.start([image, SMALL_IMAGE, '--iscsi', '--listen', '127.0.0.1:0', ...args]);

    it('is found by discovery, each image a unit, and is an MMC device of its size', async () => {
      await using drive = await serve();
      const [first, second] = drive.uris as [string, string];
      const listing = await run('iscsi-ls', '-s', `${first.slice(0, first.indexOf('/iqn'))}/`);
      expect(listing).toMatch(
        /^Target:iqn\.2026-11\.local\.isodrive:sample\.iso Portal:127\.0\.0\.1:\d+,1$/m,
      );
      expect(listing.match(/Lun:\d\s+Type:MMC/g)).toHaveLength(2);
      expect(await run('iscsi-inq', second)).toMatch(/^Peripheral Device Type:MMC$/m);
      const size = (await readFile(SMALL_IMAGE)).length;
      expect(await run('iscsi-readcapacity16', second)).toContain(
        `Total size:${Math.ceil(size / 2048) * 2048}\n`,
      );
    });

    it.each(['none', 'crc32c'])('is the same for QEMU, byte for byte, with digest %s', async (digest) => {
      await using drive = await serve();
      const [, , portal, target, unit] = drive.uris[0]!.split('/');
      const copy = join(folder, 'copy');
      const source =
        `driver=raw,file.driver=iscsi,file.transport=tcp,file.portal=${portal},file.target=${target},` +
        `file.lun=${unit},file.header-digest=${digest}`;
      await run('qemu-img', 'convert', '-O', 'raw', '--image-opts', source, copy);
      expect((await readFile(copy)).equals(await readFile(image))).toBe(true);
    });

    it('asks for the secret, and proves that it knows its own', async () => {
      const file = join(folder, 'chap');
      await writeFile(file, 'ada correct-horse-battery\nisodrive staple-staple-staple\n', { mode: 0o600 });
      await using drive = await serve('--chap', file);
      const [uri] = drive.uris as [string];
      const inquire = async (user: string, secret: string, target?: string): Promise<number | undefined> => {
        const env = {
          ...process.env,
          LIBISCSI_CHAP_USERNAME: user,
          LIBISCSI_CHAP_PASSWORD: secret,
          ...(target === undefined
            ? {}
            : { LIBISCSI_CHAP_TARGET_USERNAME: 'isodrive', LIBISCSI_CHAP_TARGET_PASSWORD: target }),
        };
        return (await runCommand('iscsi-inq', [uri], { env, timeout: 30_000 })).status;
      };
      expect(await inquire('ada', 'correct-horse-battery')).toBe(0);
      expect(await inquire('ada', 'correct-horse-battery', 'staple-staple-staple')).toBe(0);
      expect(await inquire('ada', 'wrong-wrong-wrong')).not.toBe(0);
      expect(await inquire('bob', 'correct-horse-battery')).not.toBe(0);
      expect(await inquire('ada', 'correct-horse-battery', 'wrong-wrong-wrong')).not.toBe(0);
      expect((await runCommand('iscsi-inq', [uri], { timeout: 30_000 })).status).not.toBe(0);
    });

    it('gives its disc for another, and lets go of the first', async () => {
      const env = { XDG_RUNTIME_DIR: join(folder, 'run') };
      await using drive = await ServedDrive.start([image, '--iscsi', '--listen', '127.0.0.1:0'], env);
      const [uri] = drive.uris as [string];
      const isodrive = (...args: string[]) =>
        runCommand(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env } });
      // A name as people give them.
      const other = join(folder, 'disc 2 of \u201ctwo\u201d.iso');
      await copyFile(SMALL_IMAGE, other);
      expect((await isodrive('drive', 'load', uri, other)).stderr).toBe('');
      const copy = join(folder, 'copy');
      await run('qemu-img', 'convert', '-f', 'raw', '-O', 'raw', uri, copy);
      const expected = await readFile(SMALL_IMAGE);
      expect((await readFile(copy)).subarray(0, expected.length).equals(expected)).toBe(true);
      const { stdout } = await isodrive('drives', '--json');
      const { served } = JSON.parse(stdout.toString()) as { served: { process: number; images: string[] }[] };
      expect(served.map(({ images }) => images)).toEqual([[other]]);
      const descriptors = `/proc/${served[0]!.process}/fd`;
      const open = await Promise.all(
        (await readdir(descriptors)).map((fd) => readlink(join(descriptors, fd)).catch(() => '')),
      );
      expect(open).toContain(other);
      expect(open).not.toContain(image);
      const state = async (): Promise<unknown> => {
        const { stdout: text } = await isodrive('drives', '--json');
        return (JSON.parse(text.toString()) as { served: { open: unknown }[] }).served[0]!.open;
      };
      expect(await state()).toEqual([]);
      expect((await isodrive('eject', uri)).status).toBe(0);
      expect(await state()).toEqual([uri]);
      expect((await isodrive('drive', 'load', uri, image)).status).toBe(0);
      expect(await state()).toEqual([]);
      const missing = await isodrive('drive', 'load', uri, join(folder, 'missing.iso'));
      expect(missing.status).toBe(3);
      const nobodys = await isodrive('drive', 'load', `${uri}7`, other);
      expect(nobodys.status).toBe(2);
      expect(nobodys.stderr).toContain('nobody of this user serves it');
    });

    it('passes every test of libiscsi that is for optical drives, and no test is left out without a reason', async () => {
      await using drive = await serve();
      const expected = expectedOutcomes();
      const { stdout: list } = await runCommand('iscsi-test-cu', ['--list']);
      expect(sortedKeys(expected)).toEqual([...parseList(list.toString())].sort());
      const { stdout } = await runCommand('iscsi-test-cu', ['-d', '-v', '-t', 'ALL', drive.uris[0]!]);
      const found = parseOutcomes(stdout.toString());
      expect(sortedKeys(found)).toEqual(sortedKeys(expected));
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
    });

    it('is not offered beyond this machine without a secret', async () => {
      const refused = ServedDrive.start([image, '--iscsi', '--listen', '0.0.0.0:0']);
      await expect(refused).rejects.toThrow('"code":"policy"');
    });
  },
);
