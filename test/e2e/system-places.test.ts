// Where the system service mounts: on a directory that a mount of the caller's has already, and on paths of any bytes.
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../scripts/support/run-command.js';
import type { CommandResult } from '../../scripts/support/run-command.js';
import { decodePath } from '../../src/base/path-text.js';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { findOrdinaryUser } from '../support/machines/ordinary-user.js';
import type { OrdinaryUser } from '../support/machines/ordinary-user.js';
import { SystemService } from '../support/machines/system-service.js';
import type { TestUser } from '../support/machines/system-service.js';
import { needs } from '../support/needs.js';

const ADA = 61_003;

describe('The system service', needs('root'), () => {
  let service: SystemService;
  let ada: TestUser;
  let image: string;
  /** They cannot read a checkout in a folder of root's. */
  let stranger: OrdinaryUser;
  let cli: string;

  beforeAll(async () => {
    stranger = await findOrdinaryUser();
    cli = join(stranger.options.project, 'dist', 'src', 'cli', 'main.js');
    service = await SystemService.start();
    ada = service.user(ADA);
    image = await ada.own(SMALL_IMAGE);
  });
  afterEach(async () => {
    await using client = await ada.connect();
    await client.call('unmount', { all: true });
    expect(service.mountPoints()).toEqual([]);
  });
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
    await stranger[Symbol.asyncDispose]();
  });

  const run = (...args: string[]): Promise<CommandResult> =>
    runCommand(process.execPath, [cli, ...args, '--system', '--socket', service.socketPath], {
      ...{ uid: ADA, gid: ADA, env: { ...process.env, HOME: ada.home } },
    });

  it('gives the mount that is there to whoever mounts the same image on its directory again', async () => {
    const directory = ada.makeDirectory('again');
    const first = await ada.mount(image, directory);
    const files = await service.openFiles();
    for (let round = 0; round < 3; round += 1) {
      const again = await ada.mount(image, directory);
      expect([again.existing, again.mount.id]).toEqual([true, first.mount.id]);
    }
    expect(await run('mount', image, directory)).toMatchObject({ status: 0, stderr: '' });
    expect(await run('mount', image, `${directory}/../again`)).toMatchObject({
      ...{ status: 0, stdout: Buffer.from(`${directory}\n`) },
    });
    expect(await ada.list()).toEqual([first.mount.id]);
    // Nothing of these calls stays open.
    await expect.poll(() => service.openedSince(files)).toEqual([]);
    expect(await ada.read(join(directory, 'COPYING'))).toHaveLength(17_992);
  });

  it('refuses another view, another image, and a new mount on that directory', async () => {
    const directory = ada.makeDirectory('taken');
    await ada.mount(image, directory);
    const other = await ada.own(SMALL_IMAGE, 'other.iso');
    const refused = {
      code: 'busy',
      message: expect.stringContaining(`Cannot mount on "${directory}"`) as string,
    };
    await expect(ada.mount(image, directory, { tree: 'iso9660' })).rejects.toMatchObject(refused);
    await expect(ada.mount(image, directory, { new: true })).rejects.toMatchObject(refused);
    await expect(ada.mount(other, directory)).rejects.toMatchObject(refused);
    const printed = await run('mount', other, directory);
    expect(printed.status).toBe(7);
    expect(printed.stderr).toContain(`Cannot mount on "${directory}"`);
    expect(service.mountPoints()).toEqual([directory]);
  });

  it('takes paths of any bytes, and gives them back when it dies', async () => {
    const name = Buffer.from('mp\xe9', 'latin1');
    const point = Buffer.concat([Buffer.from(`${ada.home}/`), name]);
    ada.act(() => mkdirSync(point));
    const script = `cd && cp disc.iso "$(printf 'caf\\351.iso')" && exec "$@" "$(printf 'caf\\351.iso')" "$(printf 'mp\\351')"`;
    const words = [process.execPath, cli, '--system', '--socket', service.socketPath, 'mount'];
    const made = await promisify(execFile)('sh', ['-c', script, 'sh', ...words], {
      ...{ uid: ADA, gid: ADA, env: { ...process.env, HOME: ada.home }, encoding: 'buffer' },
    });
    expect(made.stdout.equals(Buffer.concat([point, Buffer.from('\n')]))).toBe(true);
    expect(service.mountPoints()).toEqual([decodePath(point)]);
    const list = await promisify(execFile)('sh', ['-c', 'ls "$(printf \'mp\\351\')"'], {
      ...{ uid: ADA, gid: ADA, cwd: ada.home },
    });
    expect(list.stdout).toContain('COPYING');
    expect((await run('list')).stdout.toString()).toContain('mp\\xe9');
    // The dead mount of the service that was killed is found and removed by its path.
    await service.restart();
    expect(service.mountPoints()).toEqual([]);
    expect(ada.act(() => readdirSync(point))).toEqual([]);
  });
});
