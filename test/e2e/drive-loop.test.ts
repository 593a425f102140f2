// `isodrive drive serve --loop`, and the list of what is served.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import { findOrdinaryUser } from '../support/machines/ordinary-user.js';
import { waitUntil } from '../support/programs/private-isodrive.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { ServedDrive } from '../support/programs/served-drive.js';
import { needs } from '../support/needs.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js');

describe(
  'An image served as a loop device (needs root and loop devices)',
  needs('loop devices', 'xorriso'),
  () => {
    let folder: string;
    let image: string;
    const sysfs = (device: string, name: string): Promise<string> =>
      readFile(`/sys/class/block/${basename(device)}/${name}`, 'utf8');

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'isodrive-loop-'));
      ({ image } = await makeSampleImage(folder, { large: 2_000_000 }));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    it('is read-only, has sectors of 2048 bytes, and is free again at the end', async () => {
      const env = { XDG_RUNTIME_DIR: folder };
      await using drive = await ServedDrive.start([image, '--loop'], env);
      const [device] = drive.uris as [string];
      expect(device).toMatch(/^\/dev\/loop\d+$/);
      expect(await sysfs(device, 'ro')).toBe('1\n');
      expect(await sysfs(device, 'queue/logical_block_size')).toBe('2048\n');
      expect(await sysfs(device, 'loop/autoclear')).toBe('1\n');
      await mustRun('cmp', [device, image]);
      const listed = await runCommand(process.execPath, [MAIN, 'drives', '--json'], {
        env: { ...process.env, ...env },
      });
      expect((JSON.parse(listed.stdout.toString()) as { served: unknown }).served).toEqual([
        {
          process: expect.any(Number) as number,
          ids: [expect.stringMatching(/^[0-9a-f]{4}$/) as string],
          uris: [device],
          images: [image],
          open: [],
        },
      ]);
      expect(await drive.end('SIGTERM')).toBe(143);
      await waitUntil(() => !existsSync(`/sys/class/block/${basename(device)}/loop/backing_file`));
    });

    it('is forgotten when its server was killed', async () => {
      const env = { XDG_RUNTIME_DIR: folder };
      const drive = await ServedDrive.start([image, '--nbd', '--listen', join(folder, 'nbd')], env);
      await drive.end('SIGKILL');
      const listed = await runCommand(process.execPath, [MAIN, 'drives', '--json'], {
        env: { ...process.env, ...env },
      });
      expect((JSON.parse(listed.stdout.toString()) as { served: unknown }).served).toEqual([]);
    });

    it('is refused to an ordinary user with what to do, where udisks2 does not serve either', async () => {
      const program = join(folder, 'bin');
      await mustRun('cp', [image, join(folder, 'users.iso')]);
      await mustRun('chmod', ['a+rx', folder]);
      await using user = await findOrdinaryUser();
      const main = join(user.options.project, 'dist', 'src', 'cli', 'main.js');
      const { status, stderr } = await runCommand(
        process.execPath,
        [main, 'drive', 'serve', join(folder, 'users.iso'), '--loop'],
        { env: { PATH: program, HOME: folder }, cwd: '/', ...user.identity },
      );
      expect(status).toBe(6);
      expect(stderr).toContain('udisksctl is not installed');
      expect(stderr).toContain('hint: Run it as root, or start udisks2');
    });
  },
);
