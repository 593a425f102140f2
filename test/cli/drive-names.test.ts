// How drives that are served are named, and the ports that they take.
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandResult } from '../../scripts/support/run-command.js';
import { runCommand } from '../../scripts/support/run-command.js';
import { IsodriveError } from '../../src/base/error.js';
import { openAtFreePort } from '../../src/cli/free-port.js';
import { driveId } from '../../src/drive/drive-id.js';
import { DriveListener } from '../../src/drive/net/drive-listener.js';
import { expectFailure } from '../support/judges/command-failure.js';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { ServedDrive } from '../support/programs/served-drive.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js');

describe('A drive that is served', () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-names-'));
    env = { ISODRIVE_SOCKET: join(folder, 'control.sock') };
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const run = (...args: string[]): Promise<CommandResult> =>
    runCommand(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env } });

  it('is loaded and ejected by its id, or the start of it', async () => {
    await using drive = await ServedDrive.start(['--iscsi', '--listen', ':0', SMALL_IMAGE], env);
    const uri = drive.uris[0]!;
    const id = driveId(uri);
    const drives = (await run('drives')).stdout.toString();
    expect(drives).toContain(`${id}  ${uri}`);
    const listed = JSON.parse((await run('drives', '--json')).stdout.toString()) as { served: object[] };
    expect(listed.served).toMatchObject([{ uris: [uri], ids: [id] }]);
    expect(await run('eject', id)).toMatchObject({ status: 0, stderr: '' });
    expect((await run('drives')).stdout.toString()).toContain('tray open');
    expect(await run('drive', 'load', id.slice(0, 3).toUpperCase(), SMALL_IMAGE)).toMatchObject({
      status: 0,
      stderr: '',
    });
    expect(await run('eject', '--close', uri)).toMatchObject({ status: 0 });
    const other = id === 'ffff' ? '0000' : 'ffff';
    expect(expectFailure(await run('drive', 'load', other, SMALL_IMAGE, '--json')).code).toBe('usage');
  });

  it('is said in words not to be there', async () => {
    const path = join(folder, 'none');
    expect(expectFailure(await run('eject', path, '--json'))).toMatchObject({
      code: 'image-not-found',
      message: `Cannot open "${path}": no such file or folder, expected an optical drive`,
    });
  });
});

describe('A port to serve at', () => {
  let taken: Server;
  let port: number;
  beforeAll(async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    ({ port } = taken.address() as AddressInfo);
  });
  afterAll(() => new Promise((resolve) => taken.close(resolve)));
  const open = (wanted: string | undefined): Promise<DriveListener> =>
    openAtFreePort(wanted, { kind: 'tcp', host: '127.0.0.1', port }, (address) =>
      DriveListener.open(address, () => Promise.resolve()),
    );

  it('is the next one that is free where none was asked for', async () => {
    await using listener = await open(undefined);
    const { address } = listener;
    expect(address.kind === 'tcp' && address.port).toBeGreaterThan(port);
  });

  it('is told to be taken where it was asked for', async () => {
    await expect(open(`:${port}`)).rejects.toMatchObject({
      code: 'busy',
      message: `Cannot listen on "127.0.0.1:${port}": another program listens there, expected an address that is free`,
    });
  });

  it('is given up when all are taken, and at once for another fault', async () => {
    const tried: number[] = [];
    const fail = (code: 'busy' | 'permission'): Promise<never> =>
      openAtFreePort('127.0.0.1', { kind: 'tcp', host: '127.0.0.1', port: 7 }, (address) => {
        if (address.kind === 'tcp') tried.push(address.port);
        return Promise.reject(new IsodriveError(code, 'Cannot listen'));
      });
    await expect(fail('permission')).rejects.toMatchObject({ code: 'permission' });
    expect(tried).toEqual([7]);
    await expect(fail('busy')).rejects.toMatchObject({ code: 'busy' });
    expect(tried).toHaveLength(17);
  });

  it.each([
    ['192.0.2.1', 'usage', 'this machine has no such address'],
    ['/nonexistent/folder/s', 'usage', 'no such directory'],
  ])('that cannot be had is refused in words: %s', async (where, code, words) => {
    const address = where.startsWith('/')
      ? ({ kind: 'unix', path: where } as const)
      : ({ kind: 'tcp', host: where, port: 0 } as const);
    await expect(DriveListener.open(address, () => Promise.resolve())).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words) as string,
    });
  });

  it('below 1024 is for root', async () => {
    const address = { kind: 'tcp', host: '127.0.0.1', port: 80 } as const;
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid!('nobody');
    try {
      await expect(DriveListener.open(address, () => Promise.resolve())).rejects.toMatchObject({
        code: 'permission',
        message: expect.stringContaining('ports below 1024 are for root') as string,
      });
    } finally {
      if (isRoot) process.seteuid!(0);
    }
  });
});
