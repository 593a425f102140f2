// The memory of a server with a hundred peers that ask for much and take nothing.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PlanStream } from '../../../src/disc/plan-stream.js';
import { openIscsiTarget } from '../../../src/drive/iscsi/iscsi-target.js';
import { DriveState } from '../../../src/drive/mmc/drive-state.js';
import { Medium } from '../../../src/drive/mmc/medium.js';
import { openNbdServer } from '../../../src/drive/nbd/nbd-server.js';
import type { DriveListener } from '../../../src/drive/net/drive-listener.js';
import { MAX_CONNECTIONS } from '../../../src/drive/net/connection-room.js';
import { SendBuffers } from '../../../src/drive/net/send-buffers.js';
import { MAX_SERVER_BYTES, PIECE, ServerMemory } from '../../../src/drive/net/server-memory.js';
import { patternedBytes, plainDisc } from '../../support/fakes/drive.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import { answer, command, NAME, openSession } from '../../support/programs/iscsi-initiator.js';
import { numbers, RawConnection } from '../../support/programs/raw-connection.js';

const CLIENTS = 100;
const IMAGE = patternedBytes(32 * 1024 * 1024);
const BLOCKS = IMAGE.length / 2048;
const MAX_REQUESTS = 8;
const READ_12 = 0xa8;

let folder: string;
let memory: ServerMemory;
let most: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isodrive-memory-'));
  memory = new ServerMemory(0);
  most = 0;
  const take = memory.take.bind(memory);
  vi.spyOn(memory, 'take').mockImplementation((length) => {
    const bytes = take(length);
    most = Math.max(most, memory.lent);
    return bytes;
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A client past its negotiation, as every NBD client may do it (NBD_OPT_EXPORT_NAME, without zeroes). */
async function openNbdClient({ address }: DriveListener): Promise<RawConnection> {
  const connection = await RawConnection.open(address);
  await connection.receive(18);
  connection.send(numbers([32, 3]), Buffer.from('IHAVEOPT'), numbers([32, 1], [32, 0]));
  await connection.receive(10);
  return connection;
}

const nbdRead = (length: number): Buffer =>
  numbers([32, 0x2560_9513], [16, 0], [16, 0], [64, 7], [64, 0], [32, length]);

async function expectIdle(): Promise<void> {
  await expect.poll(() => memory.lent, { timeout: 30_000 }).toBe(0);
  await expect.poll(() => memory.kept, { timeout: 30_000 }).toBe(0);
}

describe('The memory of a server', () => {
  it('has one bound for a hundred NBD clients of 32 MiB a request, and a piece for one more', async () => {
    const reader = PlanStream.plain(new FaultySource(IMAGE));
    const address = { kind: 'unix', path: join(folder, 'socket') } as const;
    const exports = [{ name: 'disc', description: '', reader }];
    const listener = await openNbdServer({ address, exports, memory });
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => openNbdClient(listener)));
    for (const client of clients) {
      client.socket.pause();
      for (let i = 0; i < MAX_REQUESTS; i += 1) client.send(nbdRead(IMAGE.length));
    }
    // All have what they can have, and nobody takes it.
    const held = CLIENTS * PIECE + (MAX_SERVER_BYTES - MAX_CONNECTIONS * PIECE);
    await expect.poll(() => memory.lent, { timeout: 30_000 }).toBe(held);
    using last = await openNbdClient(listener);
    for (let i = 0; i < MAX_REQUESTS; i += 1) last.send(nbdRead(2 * PIECE));
    for (let i = 0; i < MAX_REQUESTS; i += 1) {
      const reply = await last.receive(16 + 2 * PIECE);
      expect(reply.subarray(16).equals(IMAGE.subarray(0, 2 * PIECE))).toBe(true);
    }
    expect(most).toBeLessThanOrEqual(MAX_SERVER_BYTES);
    for (const client of clients) client[Symbol.dispose]();
    await expectIdle();
    await listener[Symbol.asyncDispose]();
  });

  it('has one bound for a hundred iSCSI initiators, and goes back when they have left', async () => {
    const drives = [new DriveState('TEST', new Medium(plainDisc(new FaultySource(IMAGE))))];
    const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
    const target = await openIscsiTarget({ address, name: NAME, drives, memory });
    const sessions: RawConnection[] = [];
    for (let i = 1; i <= CLIENTS; i += 1) {
      const session = await openSession(target.address, i);
      // The first command is told of the reset.
      session.send(command([0], { number: 1 }));
      await answer(session);
      session.socket.pause();
      const cdb = [READ_12, 0, 0, 0, 0, 0, 0, 0, BLOCKS >> 8, BLOCKS & 0xff];
      for (let n = 2; n < 2 + MAX_REQUESTS; n += 1) {
        session.send(command(cdb, { number: n, tag: n, length: IMAGE.length }));
      }
      sessions.push(session);
    }
    const held = CLIENTS * PIECE + (MAX_SERVER_BYTES - MAX_CONNECTIONS * PIECE);
    await expect.poll(() => memory.lent, { timeout: 30_000 }).toBe(held);
    expect(most).toBeLessThanOrEqual(MAX_SERVER_BYTES);
    for (const session of sessions) session[Symbol.dispose]();
    await expectIdle();
    await target[Symbol.asyncDispose]();
  });

  it('lets a connection go on, piece by piece, while others hold all that is shared', async () => {
    let release = (): void => undefined;
    const stuck = new Promise<void>((resolve) => (release = resolve));
    const hold = (): Promise<void> => stuck;
    const waiting: Promise<void>[] = [];
    for (let i = 0; i < 22; i += 1) {
      const buffers = new SendBuffers(memory);
      for (let n = 0; n < 4; n += 1) waiting.push(buffers.lend(PIECE, hold));
    }
    const buffers = new SendBuffers(memory);
    const order: number[] = [];
    const work = (n: number): Promise<void> => {
      order.push(n);
      return Promise.resolve();
    };
    await Promise.all([0, 1, 2, 3, 4, 5].map((n) => buffers.lend(PIECE, () => work(n))));
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
    release();
    await Promise.all(waiting);
    await expectIdle();
  });
});
