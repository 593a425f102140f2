// `isodrive drive serve --nbd` with clients that nobody here wrote: libnbd's and QEMU's.
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { ServedDrive } from '../support/programs/served-drive.js';
import { needs } from '../support/needs.js';

describe(
  'An image served as a network block device',
  needs('nbdinfo', 'nbdcopy', 'qemu-img', 'qemu-io', 'xorriso'),
  () => {
    let folder: string;
    let image: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'isodrive-drive-'));
      ({ image } = await makeSampleImage(folder, { large: 20_000_000, small: 5 }));
    });

    afterAll(() => rm(folder, { recursive: true, force: true }));

    it.each(['socket', 'tcp'])('by %s is the same for nbdcopy and qemu-img, byte for byte', async (kind) => {
      const listen = kind === 'tcp' ? '127.0.0.1:0' : join(folder, 'socket');
      await using drive = await ServedDrive.start([image, '--nbd', '--listen', listen]);
      const copy = join(folder, 'copy');
      for (const client of [
        ['nbdcopy', drive.uris[0]!, copy],
        ['qemu-img', 'convert', '-f', 'raw', '-O', 'raw', drive.uris[0]!, copy],
      ]) {
        await mustRun(client[0]!, client.slice(1));
        expect((await readFile(copy)).equals(await readFile(image))).toBe(true);
        await rm(copy);
      }
    });

    it('of a disc with sound has the data, and of one with nothing else is refused', async () => {
      const sheet = (name: string, tracks: readonly string[]): Promise<string> => {
        const path = join(folder, name);
        return writeFile(path, tracks.join('\n')).then(() => path);
      };
      const sound = ['FILE "sound.bin" BINARY', 'TRACK 02 AUDIO', 'INDEX 00 00:00:00', 'INDEX 01 00:02:00'];
      await writeFile(join(folder, 'sound.bin'), Buffer.alloc(200 * 2352, 1));
      const data = [`FILE "${basename(image)}" BINARY`, 'TRACK 01 MODE1/2048', 'INDEX 01 00:00:00'];
      const mixed = await sheet('mixed.cue', [...data, ...sound]);
      const socket = join(folder, 'mixed-socket');
      await using drive = await ServedDrive.start([mixed, '--nbd', '--listen', socket]);
      expect(drive.stderr).toContain(`Of "${mixed}" only the data are served, not its sound`);
      const copy = join(folder, 'mixed-copy');
      await mustRun('nbdcopy', [drive.uris[0]!, copy]);
      expect((await readFile(copy)).equals(await readFile(image))).toBe(true);
      const only = await sheet('sound.cue', sound);
      await expect(ServedDrive.start([only, '--nbd', '--listen', join(folder, 'other')])).rejects.toThrow(
        'as blocks: all of its tracks are sound, expected a data track","hint":"Serve it with --iscsi',
      );
      for (const name of ['sound.bin', 'mixed-copy']) await rm(join(folder, name));
    });

    it('is described by nbdinfo, as are several', async () => {
      const socket = join(folder, 'socket');
      await using drive = await ServedDrive.start([image, SMALL_IMAGE, image, '--nbd', '--listen', socket]);
      const { stdout } = await mustRun('nbdinfo', ['--json', '--list', `nbd+unix:///?socket=${socket}`]);
      const { exports } = JSON.parse(stdout.toString()) as { exports: Record<string, unknown>[] };
      expect(exports.map((one) => one['export-name'])).toEqual([
        'sample.iso',
        'copying-rr.iso',
        'sample.iso-2',
      ]);
      expect(exports[1]).toMatchObject({
        'export-size': (await readFile(SMALL_IMAGE)).length,
        is_read_only: true,
        can_multi_conn: true,
        contexts: ['base:allocation'],
      });
      const map = await mustRun('nbdinfo', ['--map', drive.uris[1]!]);
      expect(map.stdout.toString()).toMatch(/^\s+0\s+\d+\s+0\s+data\n$/);
    });

    it.each(['nbd', 'iscsi', 'loop'])(
      'by --%s never gives zeros for what its map says is missing',
      async (kind) => {
        const damaged = join(folder, `${kind}.iso`);
        const [sector, size] = [2048, (await readFile(image)).length];
        await copyFile(image, damaged);
        const runs = [
          [0, 30 * sector, '+'],
          [30 * sector, sector, '-'],
          [31 * sector, size - 31 * sector, '+'],
        ];
        const lines = runs.map(([start, length, status]) => `${start} ${length} ${status}\n`).join('');
        await writeFile(`${damaged}.map`, `0 + 1\n${lines}`);
        if (kind === 'loop') {
          await expect(ServedDrive.start([damaged, '--loop'])).rejects.toThrow(
            'its map says that sectors are missing',
          );
          return;
        }
        await using drive = await ServedDrive.start([damaged, `--${kind}`, '--listen', '127.0.0.1:0']);
        const read = async (at: number): Promise<string> => {
          const command = `read ${at * sector} ${sector}`;
          const { stdout, stderr } = await runCommand('qemu-io', [
            '-r',
            '-f',
            'raw',
            '-c',
            command,
            drive.uris[0]!,
          ]);
          return stdout.toString() + stderr;
        };
        expect(await read(30)).toContain('Input/output error');
        for (const neighbour of [29, 31])
          expect(await read(neighbour)).toContain(`read ${sector}/${sector} bytes`);
      },
    );

    it('cannot be written to', async () => {
      await using drive = await ServedDrive.start([image, '--nbd', '--listen', join(folder, 'socket')]);
      expect((await runCommand('nbdcopy', [SMALL_IMAGE, drive.uris[0]!])).status).not.toBe(0);
    });

    it('ends with the signal, and leaves no socket behind', async () => {
      const socket = join(folder, 'socket');
      const drive = await ServedDrive.start([image, '--nbd', '--listen', socket]);
      expect(await drive.end('SIGINT')).toBe(130);
      await expect(readFile(socket)).rejects.toThrow('ENOENT');
    });

    it('is not offered beyond this machine without saying to whom', async () => {
      await expect(ServedDrive.start([image, '--nbd', '--listen', '0.0.0.0:0'])).rejects.toThrow(
        '"code":"policy"',
      );
    });
  },
);
