// One user attacks the system service, another uses it. ISODRIVE_CONTROL_FUZZ=100000 is the full length; it prints how
// long the calls of the other took.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_UNCLOSED } from '../../daemon/users/descriptor-closer.js';
import { readResidentMemory } from '../../scripts/support/process-memory.js';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import type { IsodriveError } from '../../src/base/error.js';
import { ControlFuzzer } from '../support/fakes/control-fuzzer.js';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { waitUntil } from '../support/programs/private-isodrive.js';
import { SystemService } from '../support/machines/system-service.js';
import type { TestUser } from '../support/machines/system-service.js';
import { needs } from '../support/needs.js';

const ADA = 61_001;
const BOB = 61_002;
const MESSAGES = Number(process.env.ISODRIVE_CONTROL_FUZZ ?? 4000);
const PATIENCE = 120_000 + MESSAGES * 20;
const ATTACKERS = 4;
/** Small calls of the honest user between two mounts. */
const CALLS = 25;
const MIB = 1024 * 1024;
/** What the collector may leave. */
const FLAT = 32 * MIB;
const FLOOD = 20_000;
/** Connects and leaves, as fast as it can. */
const FLOODER = `
import socket, sys
for i in range(int(sys.argv[2])):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.close()
`;

describe('A system service that is attacked', needs('root'), () => {
  let service: SystemService;
  let ada: TestUser;
  let bob: TestUser;

  beforeEach(async () => {
    service = await SystemService.start();
    ada = service.user(ADA);
    bob = service.user(BOB);
  });
  afterEach(() => service[Symbol.asyncDispose]());

  /** What an honest user does while `attack` is under way; gives the milliseconds of each small call. */
  const useDuring = async (attack: Promise<unknown>, isReading = true): Promise<number[]> => {
    const image = await ada.own(SMALL_IMAGE);
    const directory = ada.makeDirectory(`mnt-${Math.random()}`);
    const calls: number[] = [];
    const state = { isOver: false };
    const watched = attack.finally(() => (state.isOver = true));
    watched.catch(() => undefined);
    do {
      const { mount } = await ada.mount(image, directory);
      if (isReading) expect(await ada.read(join(directory, 'COPYING'))).toHaveLength(17_992);
      for (let i = 0; i < CALLS; i += 1) {
        const begin = performance.now();
        expect(await ada.list()).toEqual([mount.id]);
        calls.push(performance.now() - begin);
      }
      expect(await ada.unmount(mount.id)).toBeUndefined();
    } while (!state.isOver);
    await watched;
    return calls;
  };
  const tell = (what: string, idle: number[], busy: number[]): void => {
    if (process.env.ISODRIVE_CONTROL_FUZZ === undefined) return;
    const [before, during] = [idle, busy].map((calls) => calls.sort((a, b) => a - b));
    const at = (calls: number[] | undefined, part: number): string =>
      calls!.at(Math.floor((calls!.length - 1) * part))!.toFixed(1);
    process.stdout.write(
      `${what}: ${busy.length} calls of the other user, median ${at(during, 0.5)} ms, 99% ${at(during, 0.99)} ms, ` +
        `worst ${at(during, 1)} ms; before the attack ${at(before, 0.5)}, ${at(before, 0.99)}, ${at(before, 1)} ms\n`,
    );
  };
  const wait = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, milliseconds));

  it(
    'lives, serves the others, and keeps neither descriptors nor memory, whatever it is sent',
    async () => {
      const target = {
        connect: () => bob.act(() => connect({ path: service.socketPath })),
        image: await bob.own(SMALL_IMAGE),
        directory: bob.makeDirectory(),
      };
      const fuzzers = Array.from({ length: ATTACKERS }, (_, i) => new ControlFuzzer(target, 100 + i));
      const attack = (messages: number): Promise<unknown> =>
        Promise.all(fuzzers.map((fuzzer) => fuzzer.run(messages / ATTACKERS)));
      const clear = async (): Promise<void> => {
        await using client = await bob.connect();
        await client.call('unmount', { all: true, lazy: true });
      };
      /** The attack's last connections may still be all that this user may have. */
      const isCleared = (): Promise<boolean> =>
        clear().then(
          () => true,
          () => false,
        );
      const pid = await service.pid();
      const idle = await useDuring(wait(1000));
      await attack(1000);
      await waitUntil(isCleared);
      const files = await service.openFiles();
      const memory = (await readResidentMemory(pid)).total;
      const busy = await useDuring(attack(MESSAGES));
      tell('fuzz', idle, busy);
      await waitUntil(isCleared);
      fuzzers.forEach((fuzzer) => fuzzer[Symbol.dispose]());
      expect(fuzzers.reduce((sum, { sent }) => sum + sent, 0)).toBeGreaterThanOrEqual(MESSAGES);
      expect(await service.pid()).toBe(pid);
      expect(await service.log()).not.toMatch(/"level":(50|60)/);
      expect(await bob.list()).toEqual([]);
      await expect.poll(() => service.openedSince(files), { timeout: 10_000 }).toEqual([]);
      expect((await readResidentMemory(pid)).total - memory).toBeLessThan(FLAT);
    },
    PATIENCE,
  );

  it('hears others while one user has every connection that they may have, and says nothing', async () => {
    const sockets: Socket[] = [];
    const closed: Socket[] = [];
    for (let i = 0; i < 40; i += 1) {
      const socket = bob.act(() => connect({ path: service.socketPath }));
      socket.on('error', () => undefined);
      socket.on('close', () => closed.push(socket));
      socket.write('{"jsonrpc":"2.0","id":1,');
      sockets.push(socket.resume());
    }
    await expect.poll(() => closed.length).toBe(40 - 16);
    expect(await useDuring(wait(200))).not.toEqual([]);
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => bob.list().catch(() => undefined)).toEqual([]);
  });

  it('serves the others while one user floods it with connections', needs('python3'), async () => {
    const idle = await useDuring(wait(1000));
    const flood = Promise.all(
      [1, 2].map(() =>
        runCommand('python3', ['-c', FLOODER, service.socketPath, String(FLOOD)], {
          uid: BOB,
          gid: BOB,
          cwd: '/',
        }),
      ),
    );
    const busy = await useDuring(flood);
    tell('connections', idle, busy);
    expect(await flood).toMatchObject([{ status: 0 }, { status: 0 }]);
  });

  it(
    'answers the others, and that user no more, when what one has passed keeps it waiting',
    needs('fuseiso'),
    async () => {
      const place = join(service.folder, 'slow');
      mkdirSync(place);
      const server = spawn('fuseiso', ['-n', SMALL_IMAGE, place, '-f'], { stdio: 'ignore' });
      await waitUntil(() => service.mountPoints().includes(place));
      const files = Array.from({ length: 3 }, () => openSync(join(place, 'COPYING'), 'r'));
      // From now on even closing one of these waits for an answer.
      server.kill('SIGSTOP');
      try {
        // Closing each of these waits for ever, so whoever has passed enough of them is hung up on.
        await using flood = await bob.connect();
        let refused = 0;
        let code = 'policy';
        for (; code === 'policy'; refused += 1) {
          const passed = { image: '/x', descriptors: ['image', 'directory', 'map'] as const };
          const call = flood.call('mount', passed, { descriptors: files, deadline: 20_000 });
          code = await call.then(
            () => 'mounted',
            (thrown: unknown) => (thrown as IsodriveError).code,
          );
        }
        expect([code, refused]).toEqual(['daemon-unreachable', Math.ceil((MAX_UNCLOSED + 1) / 3)]);
        await expect(bob.list()).rejects.toMatchObject({ code: 'daemon-unreachable' });
        // Without a child process, which would have to close them first.
        expect(await useDuring(wait(200), false)).not.toEqual([]);
      } finally {
        server.kill('SIGCONT');
      }
      await expect.poll(() => bob.list().catch(() => undefined)).toEqual([]);
      for (const file of files) closeSync(file);
      const open = async (): Promise<readonly string[]> =>
        (await service.openFiles()).filter((path) => path.startsWith(place));
      await expect.poll(open).toEqual([]);
      await mustRun('umount', [place]);
    },
  );
});
