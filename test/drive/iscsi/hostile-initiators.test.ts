// Initiators that keep to nothing: what they do costs their own session at most, and no memory without end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { chooseDigest } from '../../../src/drive/iscsi/crc32c.js';
import { openIscsiTarget } from '../../../src/drive/iscsi/iscsi-target.js';
import { LogicalUnits } from '../../../src/drive/iscsi/logical-units.js';
import { MAX_RECEIVED_DATA } from '../../../src/drive/iscsi/pdu.js';
import { PIECE } from '../../../src/drive/net/server-memory.js';
import { DriveState } from '../../../src/drive/mmc/drive-state.js';
import { Medium } from '../../../src/drive/mmc/medium.js';
import type { DriveListener } from '../../../src/drive/net/drive-listener.js';
import { MAX_CONNECTIONS } from '../../../src/drive/net/connection-room.js';
import { patternedBytes, plainDisc } from '../../support/fakes/drive.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import { answer, command, KEYS, NAME, openSession, pdu } from '../../support/programs/iscsi-initiator.js';
import { RawConnection } from '../../support/programs/raw-connection.js';
import { needs } from '../../support/needs.js';

const IMAGE = patternedBytes(2048 * 2048);
const BLOCKS = IMAGE.length / 2048;
const [TEST_UNIT_READY, READ_12] = [0x00, 0xa8];
const [ABORT_TASK, COMPLETE] = [1, 0];
/** Opcodes of answers. */
const [NOP_IN, RESPONSE, MANAGED, TEXT, DATA_IN, LOGGED_OUT] = [0x20, 0x21, 0x22, 0x24, 0x25, 0x26];
const DEAF = join(import.meta.dirname, '..', '..', 'support', 'fakes', 'deaf-initiator.py');
let source: FaultySource;
let listener: DriveListener;
let refused: number;

beforeEach(async () => {
  source = new FaultySource(IMAGE);
  refused = 0;
  const drives = [new DriveState('TEST', new Medium(plainDisc(source)))];
  const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
  listener = await openIscsiTarget({ address, name: NAME, drives, onFull: () => (refused += 1) });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await listener[Symbol.asyncDispose]();
});

const readAll = (number: number): Buffer =>
  command([READ_12, 0, 0, 0, 0, 0, 0, 0, BLOCKS >> 8, BLOCKS & 0xff], {
    ...{ number, tag: number, length: IMAGE.length },
  });

/** A session that was told of the reset; its next command has number 2. */
async function ready(session = 1, keys = KEYS): Promise<RawConnection> {
  const connection = await openSession(listener.address, session, keys);
  connection.send(command([TEST_UNIT_READY], { number: 1 }));
  await answer(connection);
  return connection;
}

async function expectAlive(connection: RawConnection, number = 2): Promise<void> {
  connection.send(command([TEST_UNIT_READY], { number, tag: 77 }));
  const { header } = await answer(connection);
  expect([header[0], header[3], header.readUInt32BE(16)]).toEqual([RESPONSE, 0, 77]);
}

/** The flow of events has come to rest: whatever could be done was. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 200));

describe('An initiator that takes no answers', () => {
  it('is read for no further than its share of memory, and holds up nobody', async () => {
    using stuck = await ready();
    stuck.socket.pause();
    for (let number = 2; number < 62; number += 1) stuck.send(readAll(number));
    using other = await ready(2);
    await expectAlive(other);
    await settle();
    const bytes = source.reads.reduce((sum, [, length]) => sum + length, 0);
    // What the sockets of both sides hold, and the pieces that are lent to the session.
    expect(bytes).toBeLessThan(48 * PIECE);
  });

  it('is not listened to for ever', needs('python3'), async () => {
    const executed = vi.spyOn(LogicalUnits.prototype, 'execute');
    const commands = 150_000;
    const { port } = listener.address as { port: number };
    const deaf = spawn('python3', [DEAF, String(port), NAME, String(commands)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(deaf, 'close');
    await once(deaf.stdout, 'data');
    for (let before = -1; before !== executed.mock.calls.length;) {
      before = executed.mock.calls.length;
      await settle();
    }
    // The kernel holds answers for us too: 4 MiB of 48 bytes each, at most.
    expect(executed.mock.calls.length).toBeLessThan(100_000);
    using other = await ready(2);
    await expectAlive(other);
    deaf.stdin.end();
    await ended;
  });
});

describe('A session', () => {
  it('ends with a PDU of more data than it may have, and with a wrong digest of either kind', async () => {
    const digest = chooseDigest();
    const digested = `${KEYS}HeaderDigest=CRC32C\0DataDigest=CRC32C\0`;
    const ping = pdu(0x40, { tag: 9, data: Buffer.from('ping') });
    const [header, data] = [ping.subarray(0, 48), ping.subarray(48)];
    const wrong = Buffer.alloc(4, 0xa5);
    for (const bytes of [
      [header, wrong, data, digest(data)] as const,
      [header, digest(header), data, wrong],
    ]) {
      using connection = await openSession(listener.address, 1, digested);
      connection.send(header, digest(header), data, digest(data));
      const answered = await connection.receive(48 + 4 + 4 + 4);
      expect(answered.subarray(48, 52).equals(digest(answered.subarray(0, 48)))).toBe(true);
      expect(answered.subarray(56).equals(digest(answered.subarray(52, 56)))).toBe(true);
      connection.send(...bytes);
      await connection.end();
    }
    using connection = await openSession(listener.address);
    const giant = pdu(0x40, {});
    giant.writeUIntBE(MAX_RECEIVED_DATA + 4, 5, 3);
    connection.send(giant);
    await connection.end();
  });

  it('passes over further headers, the longest too', async () => {
    using connection = await ready();
    for (const [i, words] of [2, 255].entries()) {
      const [first, rest] = [command([TEST_UNIT_READY], { number: 2 + i }), Buffer.alloc(words * 4, 0xee)];
      first[4] = words;
      connection.send(first, rest);
      const { header } = await answer(connection);
      expect([header[0], header[3]]).toEqual([RESPONSE, 0]);
    }
    await expectAlive(connection, 4);
  });

  it('looks at no command outside of its window', async () => {
    using connection = await ready();
    for (const number of [1, 0, 2 + 64, 5000, 0xffff_ffff]) {
      connection.send(command([TEST_UNIT_READY], { number, tag: 5 }));
    }
    await expectAlive(connection);
  });

  it('takes text that comes in pieces, and a negotiation that goes on', async () => {
    using connection = await openSession(
      listener.address,
      1,
      'InitiatorName=iqn.test\0SessionType=Discovery\0',
    );
    connection.send(pdu(0x44, { flags: 0x40, tag: 3, data: Buffer.from('SendTar') }));
    const partial = await answer(connection);
    expect([partial.header[0], partial.header[1], partial.data.length]).toEqual([TEXT, 0, 0]);
    expect(partial.header.readUInt32BE(20)).not.toBe(0xffff_ffff);
    const at = { 20: [...partial.header.subarray(20, 24)] };
    connection.send(pdu(0x44, { tag: 3, at, data: Buffer.from('gets=All\0') }));
    const whole = await answer(connection);
    expect([whole.header[1], whole.header.readUInt32BE(20)]).toEqual([0x80, 0xffff_ffff]);
    expect(whole.data.toString()).toContain(`TargetName=${NAME}\0TargetAddress=127.0.0.1:`);
    connection.send(pdu(0x44, { flags: 0, tag: 4, data: Buffer.from('X-a=1\0') }));
    const more = await answer(connection);
    expect([more.header[1], more.data.toString()]).toEqual([0, 'X-a=NotUnderstood\0']);
    for (let i = 0; i < 2; i += 1) {
      connection.send(pdu(0x44, { flags: 0x40, data: Buffer.alloc(MAX_RECEIVED_DATA, 0x61) }));
    }
    expect((await answer(connection)).header[0]).toBe(TEXT);
    await connection.end();
  });

  it('sends no more in a PDU than the initiator has come to say', async () => {
    using connection = await ready(1, `${KEYS}MaxRecvDataSegmentLength=65536\0`);
    connection.send(pdu(0x44, { data: Buffer.from('MaxRecvDataSegmentLength=512\0'), number: 2 }));
    expect((await answer(connection)).header[0]).toBe(TEXT);
    connection.send(command([0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0], { number: 2, length: 2048 }));
    expect((await answer(connection)).data.length).toBe(512);
  });
});

describe('A read that waits for the medium', () => {
  it('is aborted without an answer, and the session goes on', async () => {
    using connection = await ready();
    let release = (): void => undefined;
    source.held = new Promise<void>((resolve) => (release = resolve));
    connection.send(readAll(2));
    connection.send(pdu(0x42, { flags: 0x80 | ABORT_TASK, tag: 3, number: 3, at: { 20: [0, 0, 0, 2] } }));
    const { header } = await answer(connection);
    expect([header[0], header[2]]).toEqual([MANAGED, COMPLETE]);
    source.held = undefined;
    await expectAlive(connection, 3);
    release();
    await expectAlive(connection, 4);
  });

  it('ends with a logout, and with the session that takes the place of its own', async () => {
    let release = (): void => undefined;
    source.held = new Promise<void>((resolve) => (release = resolve));
    using leaving = await ready(1);
    leaving.send(readAll(2), pdu(0x46, { flags: 0x80, tag: 8, number: 3 }));
    expect((await answer(leaving)).header[0]).toBe(LOGGED_OUT);
    using replaced = await ready(2);
    replaced.send(readAll(2));
    using successor = await ready(2);
    await replaced.end();
    await expectAlive(successor);
    release();
    await leaving.end();
    successor.send(command([0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0], { number: 3, length: 2048 }));
    const { header, data } = await answer(successor);
    expect([header[0], data.equals(IMAGE.subarray(0, 2048))]).toEqual([DATA_IN, true]);
  });
});

describe('A target', () => {
  it('refuses who comes when it is full, says so once, and takes others when there is room', async () => {
    const all = await Promise.all(
      Array.from({ length: MAX_CONNECTIONS }, () => RawConnection.open(listener.address)),
    );
    for (let i = 0; i < 3; i += 1) {
      using late = await RawConnection.open(listener.address);
      await late.end();
    }
    expect(refused).toBe(1);
    for (const connection of all) connection[Symbol.dispose]();
    await settle();
    using connection = await openSession(listener.address);
    connection.send(pdu(0x40, { tag: 9 }));
    expect((await answer(connection)).header[0]).toBe(NOP_IN);
  });
});
