// Who gets the control socket: the first daemon, the one after a dead one, and nobody else.
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bindSocket } from '../../../daemon/control/bind-socket.js';

describe('bindSocket', () => {
  let folder: string;
  let path: string;
  const servers: Server[] = [];
  const makeServer = (): Server => {
    const server = createServer((socket) => socket.destroy());
    servers.push(server);
    return server;
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-bind-'));
    path = join(folder, 'run', 'c.sock');
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) server.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Leaves a socket that nobody listens on, as a killed daemon does. */
  const leaveDeadSocket = async (): Promise<void> => {
    const bound = await bindSocket(makeServer(), path);
    bound.remove();
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 9))`;
    spawnSync(process.execPath, ['-e', script]);
    expect(statSync(path).isSocket()).toBe(true);
  };

  it('makes a socket of mode 0600 in a folder of mode 0700, and leaves nothing else there', async () => {
    await bindSocket(makeServer(), path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(await readdir(dirname(path))).toEqual(['c.sock']);
  });

  it('takes a path as long as one can be', async () => {
    const rest = 107 - Buffer.byteLength(join(folder, 'c.sock')) - 1;
    path = join(folder, 'x'.repeat(rest), 'c.sock');
    const bound = await bindSocket(makeServer(), path);
    expect(statSync(path).isSocket()).toBe(true);
    expect(await readdir(dirname(path))).toEqual(['c.sock']);
    bound.remove();
  });

  it('refuses where a daemon listens, which it leaves alone', async () => {
    await bindSocket(makeServer(), path);
    const { ino } = statSync(path);
    await expect(bindSocket(makeServer(), path)).rejects.toMatchObject({ code: 'busy' });
    expect(statSync(path).ino).toBe(ino);
    expect(await readdir(dirname(path))).toEqual(['c.sock']);
  });

  it('takes the place of a dead socket', async () => {
    await leaveDeadSocket();
    await bindSocket(makeServer(), path);
    await expect(bindSocket(makeServer(), path)).rejects.toMatchObject({ code: 'busy' });
    expect(await readdir(dirname(path))).toEqual(['c.sock']);
  });

  it('refuses to remove what is no socket', async () => {
    path = join(folder, 'file');
    await writeFile(path, 'precious');
    await expect(bindSocket(makeServer(), path)).rejects.toMatchObject({ code: 'policy' });
    expect(statSync(path).size).toBe(8);
  });

  it('says that a folder cannot be made', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(bindSocket(makeServer(), join(folder, 'file', 'c.sock'))).rejects.toMatchObject({
      code: 'policy',
      message: expect.stringContaining('expected a directory where sockets can be made') as string,
    });
  });

  it('removes its own socket only', async () => {
    const first = await bindSocket(makeServer(), path);
    first.remove();
    expect(existsSync(path)).toBe(false);
    await bindSocket(makeServer(), path);
    first.remove();
    expect(existsSync(path)).toBe(true);
  });

  it('lets exactly one of many win that start at the same moment over a dead socket', async () => {
    const script = `
      import { createServer } from 'node:net';
      import { bindSocket } from ${JSON.stringify(join(import.meta.dirname, '../../../dist/daemon/control/bind-socket.js'))};
      const server = createServer((socket) => socket.destroy());
      try { await bindSocket(server, process.argv[1]); console.log('won'); }
      catch (error) { console.log(error.code); process.exit(); }
      process.stdin.on('end', () => process.exit()).resume();`;
    for (let round = 0; round < 3; round += 1) {
      await rm(path, { force: true });
      await leaveDeadSocket();
      const children = Array.from({ length: 6 }, () =>
        spawn(process.execPath, ['--input-type=module', '-e', script, path], {
          stdio: ['pipe', 'pipe', 'inherit'],
        }),
      );
      const closed = children.map((child) => new Promise((resolve) => child.once('close', resolve)));
      const words = await Promise.all(
        children.map(
          (child) =>
            new Promise<string>((resolve) =>
              child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim())),
            ),
        ),
      );
      for (const child of children) child.stdin.on('error', () => undefined).end();
      await Promise.all(closed);
      expect(words.sort()).toEqual(['busy', 'busy', 'busy', 'busy', 'busy', 'won']);
      expect(await readdir(dirname(path))).toEqual(['c.sock']);
    }
  });
});
