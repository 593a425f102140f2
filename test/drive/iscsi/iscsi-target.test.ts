// The iSCSI target byte by byte: what the tools do not send, and initiators that do not keep to the protocol.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nameTarget, openIscsiTarget } from '../../../src/drive/iscsi/iscsi-target.js';
import { MAX_RECEIVED_DATA } from '../../../src/drive/iscsi/pdu.js';
import { DriveState } from '../../../src/drive/mmc/drive-state.js';
import { Medium } from '../../../src/drive/mmc/medium.js';
import type { DriveListener } from '../../../src/drive/net/drive-listener.js';
import { patternedBytes, plainDisc } from '../../support/fakes/drive.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import { answer, command, KEYS, NAME, openSession, pdu } from '../../support/programs/iscsi-initiator.js';
import { RawConnection } from '../../support/programs/raw-connection.js';

const IMAGE = patternedBytes(100 * 2048);
let listener: DriveListener;
let drive: DriveState;

beforeEach(async () => {
  drive = new DriveState('TEST', new Medium(plainDisc(new FaultySource(IMAGE))));
  const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
  listener = await openIscsiTarget({ address, name: NAME, drives: [drive], loginTime: 3000 });
});
afterEach(() => listener[Symbol.asyncDispose]());

const logIn = (session?: number, keys?: string): Promise<RawConnection> =>
  openSession(listener.address, session, keys);

describe('A login', () => {
  it.each([
    ['another target', 'InitiatorName=a\0TargetName=iqn.other\0', 0x0203],
    ['no name of the initiator', `TargetName=${NAME}\0`, 0x0207],
    ['no target', 'InitiatorName=a\0', 0x0207],
  ])('with %s is refused', async (_, keys, status) => {
    using connection = await RawConnection.open(listener.address);
    connection.send(pdu(0x43, { flags: 0x87, data: Buffer.from(keys) }));
    expect((await answer(connection)).header.readUInt16BE(36)).toBe(status);
    await connection.end();
  });

  it.each([
    ['is none', pdu(0x01, {})],
    ['is longer than allowed', pdu(0x43, { data: Buffer.alloc(MAX_RECEIVED_DATA + 4) })],
    ['has text that is no list of keys', pdu(0x43, { flags: 0x87, data: Buffer.from('=x\0') })],
    ['never comes', Buffer.alloc(0)],
  ])('that %s ends the connection, and that alone', async (_, bytes) => {
    using other = await logIn();
    using connection = await RawConnection.open(listener.address);
    connection.send(bytes);
    await connection.end();
    other.send(pdu(0x40, { tag: 9, data: Buffer.from('ping') }));
    const { header, data } = await answer(other);
    expect([header[0], header.readUInt32BE(16), data.toString()]).toEqual([0x20, 9, 'ping']);
  });

  it('with the session identifier of another takes its place', async () => {
    using first = await logIn(5);
    using second = await logIn(5);
    await first.end();
    second.send(pdu(0x40, { tag: 9 }));
    expect((await answer(second)).header[0]).toBe(0x20);
  });
});

describe('A session', () => {
  it('sends data in PDUs and bursts of the size that was agreed on, with the status in the last', async () => {
    using connection = await logIn(1, `${KEYS}MaxRecvDataSegmentLength=4096\0MaxBurstLength=8192\0`);
    drive.reset();
    connection.send(command([0x00], { number: 1 }));
    expect((await answer(connection)).data[2 + 12]).toBe(0x29);
    connection.send(command([0x28, 0, 0, 0, 0, 3, 0, 0, 10, 0], { number: 2, length: 10 * 2048 }));
    const answers = [];
    for (let i = 0; i < 5; i += 1) answers.push(await answer(connection));
    expect(answers.map(({ header }) => header[1])).toEqual([0, 0x80, 0, 0x80, 0x81]);
    expect(answers.map(({ header }) => header.readUInt32BE(36))).toEqual([0, 1, 2, 3, 4]);
    const bytes = Buffer.concat(answers.map(({ data }) => data));
    expect(bytes.equals(IMAGE.subarray(3 * 2048, 13 * 2048))).toBe(true);
  });

  it('asks for parameters that do not come with their command', async () => {
    using connection = await logIn();
    connection.send(command([0x00], { number: 1 }));
    await answer(connection);
    const list = Buffer.of(0, 0, 0, 0, 1, 10, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0);
    connection.send(command([0x15, 0x10, 0, 0, 16, 0], { flags: 0xa0, number: 2, tag: 4, length: 16 }));
    const { header } = await answer(connection);
    expect([header[0], header.readUInt32BE(40), header.readUInt32BE(44)]).toEqual([0x31, 0, 16]);
    connection.send(pdu(0x05, { tag: 4, at: { 20: [...header.subarray(20, 24)] }, data: list }));
    const status = await answer(connection);
    expect([status.header[0], status.header[3]]).toEqual([0x21, 0]);
    expect(drive.pages.read(1, 'current', drive)![3]).toBe(7);
  });

  it('resets units, knows tasks that it has not, and logs out', async () => {
    using connection = await logIn();
    for (const [action, response] of [
      [1, 1],
      [5, 0],
      [8, 5],
    ] as const) {
      connection.send(pdu(0x42, { flags: 0x80 | action }));
      const { header } = await answer(connection);
      expect([header[0], header[2]]).toEqual([0x22, response]);
    }
    connection.send(pdu(0x46, { flags: 0x80 }));
    expect((await answer(connection)).header[0]).toBe(0x26);
    await connection.end();
  });

  it('rejects what it does not know, and ends after a command out of order', async () => {
    using connection = await logIn();
    connection.send(pdu(0x50, {}));
    expect((await answer(connection)).header[0]).toBe(0x3f);
    connection.send(command([0x00], { number: 17 }));
    await connection.end();
  });
});

describe('The name of a target', () => {
  it('is made of a file name', () => {
    expect(nameTarget('/tmp/My Disc (1).ISO')).toBe('iqn.2026-11.local.isodrive:my-disc-1-.iso');
    expect(nameTarget('/tmp/???')).toBe('iqn.2026-11.local.isodrive:disc');
  });
});
