// Two ordinary users of one system service, of whom one does all that a user can do to the other: passes what hangs,
// holds copies of mounts, stops in the middle of a call, floods. The other's calls and reads go on meanwhile.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readResidentMemory } from '../../scripts/support/process-memory.js';
import { mountBadSector } from '../support/fakes/bad-sector-mount.js';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { needs } from '../support/needs.js';
import { PrivateIsodrive, waitUntil } from '../support/programs/private-isodrive.js';
import { SystemService } from '../support/machines/system-service.js';
import type { TestUser } from '../support/machines/system-service.js';

const ADA = 61_001;
const BOB = 61_002;
/** Milliseconds that somebody may hang for the other's sake, beside what a round takes on this machine as it is. */
const HANG = 2000;
const LOAD_FACTOR = 10;
const PATIENCE = 60_000;
const CONNECTIONS = 1000;
const MIB = 1024 * 1024;
const PASS_UNCLOSABLE = join(import.meta.dirname, '..', 'support', 'fakes', 'pass-unclosable.py');
/** Says what it has sent, and is then stopped. */
const HALF_A_CALL = `
const socket = require('node:net').connect(process.argv[1]);
socket.on('connect', () => socket.write('{"jsonrpc":"2.0","id":1,"method":"mo', () => console.log('sent')));
socket.on('error', () => undefined);
setInterval(() => undefined, 1000);
`;

describe('Of two users of the system service', needs('root', 'python3'), () => {
  let service: SystemService;
  let ada: TestUser;
  let bob: TestUser;
  let image: string;
  let directory: string;
  /** What the other's processes and connections are ended by. */
  let ends: (() => unknown)[];
  let limit: number;

  beforeEach(async () => {
    service = await SystemService.start({ isKept: true });
    ada = service.user(ADA);
    bob = service.user(BOB);
    image = await ada.own(SMALL_IMAGE);
    directory = ada.makeDirectory();
    ends = [];
    await ada.mount(image, directory);
    await useAll();
    const began = performance.now();
    await useAll();
    limit = HANG + LOAD_FACTOR * (performance.now() - began);
  }, PATIENCE);
  afterEach(async () => {
    for (const end of ends.reverse()) await end();
    await service[Symbol.asyncDispose]();
  }, PATIENCE);

  let count = 0;
  /** Reads, lists, mounts and unmounts. */
  const useAll = async (): Promise<void> => {
    expect(await ada.read(join(directory, 'COPYING'))).toHaveLength(17_992);
    expect(await ada.list()).toHaveLength(1);
    const { mount } = await ada.mount(image, ada.makeDirectory(`more-${(count += 1)}`), { new: true });
    expect(await ada.unmount(mount.id)).toBeUndefined();
  };
  const isNotHeldUp = async (): Promise<void> => {
    const began = performance.now();
    await useAll();
    expect(performance.now() - began).toBeLessThan(limit);
  };
  const run = (program: string, args: readonly string[]): ChildProcess => {
    const child = spawn(program, args, { uid: BOB, gid: BOB, cwd: '/', stdio: ['ignore', 'pipe', 'ignore'] });
    ends.push(() => child.kill('SIGKILL'));
    return child;
  };
  const open = (): Socket => {
    const socket = bob.act(() => connect({ path: service.socketPath }));
    socket.on('error', () => undefined);
    ends.push(() => socket.destroy());
    return socket.resume();
  };
  const parentOf = (pid: number): number =>
    Number(/^PPid:\s+(\d+)$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
  /** Names of the sockets that a process has open; '' for those without. */
  const socketsOf = (pid: number): string[] => {
    const table = readFileSync('/proc/net/unix', 'utf8').split('\n').slice(1);
    const names = new Map(table.map((line) => line.split(/\s+/u)).map((one) => [one[6], one[7] ?? '']));
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const inode = /^socket:\[(\d+)\]$/u.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode === undefined ? [] : [names.get(inode) ?? ''];
    });
  };

  it('neither finds a socket but the control socket, of daemon and keeper alike', async () => {
    const pid = await service.pid();
    const names = [pid, parentOf(pid)].flatMap(socketsOf).filter((name) => name !== '');
    // It was bound beside its path, which the kernel still tells, and renamed.
    expect(new Set(names).size).toBe(1);
    expect(dirname(names[0]!)).toBe(dirname(service.socketPath));
  });

  it('one cannot talk to a daemon of the other', async () => {
    await using own = await PrivateIsodrive.start({ uid: ADA, gid: ADA });
    const path = join(own.folder, 'home', 'isodrive', 'control.sock');
    const socket = bob.act(() => connect({ path }));
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('EACCES');
  });

  it(
    'one may pass files that cannot be closed: the other goes on, through the death of the daemon too',
    async () => {
      const copy = join(service.folder, 'copy.iso');
      copyFileSync(SMALL_IMAGE, copy);
      const medium = await mountBadSector(copy, join(service.folder, 'medium'), 0, 0, 'flush');
      ends.push(() => medium[Symbol.asyncDispose]());
      const args = [service.socketPath, medium.image, `${copy}.hang`, String(BOB)];
      const client = spawn('python3', [PASS_UNCLOSABLE, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
      ends.push(() => client.kill('SIGKILL'));
      const [answer] = (await once(client.stdout, 'data')) as [Buffer];
      expect(answer.toString()).toContain("no user's program serves");
      await isNotHeldUp();
      const pid = await service.pid();
      process.kill(pid, 'SIGKILL');
      await waitUntil(async () => (await service.pid().catch(() => pid)) !== pid, PATIENCE);
      await isNotHeldUp();
    },
    PATIENCE,
  );

  it(
    'one may hold copies of mounts in a namespace: the other unmounts, and has their quota back',
    async () => {
      const holder = run('unshare', ['-Urm', 'sleep', '1000']);
      const isHolding = (): boolean => readFileSync(`/proc/${holder.pid}/comm`, 'utf8') === 'sleep\n';
      await waitUntil(isHolding, PATIENCE);
      const [id] = await ada.list();
      expect(await ada.unmount(id!)).toBeUndefined();
      expect(await ada.list()).toEqual([]);
      // Sixteen is what the policy gives; none of them is the one that was held.
      const made = [];
      for (let i = 0; i < 16; i += 1) {
        made.push(await ada.mount(image, ada.makeDirectory(`full-${i}`), { new: true }));
      }
      for (const { mount } of made) expect(await ada.unmount(mount.id)).toBeUndefined();
      await ada.mount(image, directory);
      await isNotHeldUp();
    },
    2 * PATIENCE,
  );

  it(
    'one may stop in the middle of a call, or say half of one and no more',
    async () => {
      const client = run(process.execPath, ['-e', HALF_A_CALL, service.socketPath]);
      await once(client.stdout!, 'data');
      client.kill('SIGSTOP');
      for (let i = 0; i < 20; i += 1) open().write('{"jsonrpc":"2.0","id":1,"method":"list","pa');
      await isNotHeldUp();
    },
    PATIENCE,
  );

  it(
    `one may open ${CONNECTIONS} connections`,
    async () => {
      const sockets = Array.from({ length: CONNECTIONS }, open);
      const closed = Promise.all(sockets.slice(16).map((socket) => once(socket, 'close')));
      await isNotHeldUp();
      await closed;
      await isNotHeldUp();
    },
    PATIENCE,
  );

  it(
    'one may flood with calls and read no answer',
    async () => {
      const line = `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'status', params: {} })}\n`;
      for (let i = 0; i < 16; i += 1) open().pause().write(line.repeat(10_000));
      await isNotHeldUp();
    },
    PATIENCE,
  );

  it(
    'one may use up their quota, in mounts',
    async () => {
      const own = await bob.own(SMALL_IMAGE);
      const mountOne = (i: number): Promise<unknown> =>
        bob.mount(own, bob.makeDirectory(`m-${i}`), { new: true });
      for (let i = 0; i < 16; i += 1) await mountOne(i);
      await expect(mountOne(16)).rejects.toMatchObject({ code: 'quota' });
      await isNotHeldUp();
    },
    2 * PATIENCE,
  );

  it(
    'one may send messages without end, which cost no memory',
    async () => {
      const before = (await readResidentMemory(await service.pid())).total;
      const piece = Buffer.alloc(MIB, 0x20);
      const sockets = Array.from({ length: 8 }, open);
      for (const socket of sockets) for (let i = 0; i < 32; i += 1) socket.write(piece);
      await isNotHeldUp();
      await waitUntil(() => sockets.every((socket) => socket.closed), PATIENCE);
      expect((await readResidentMemory(await service.pid())).total - before).toBeLessThan(64 * MIB);
      await isNotHeldUp();
    },
    PATIENCE,
  );
});
