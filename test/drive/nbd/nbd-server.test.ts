// The NBD server byte by byte: negotiation, every request, and clients that do not keep to the protocol.
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PlanStream } from '../../../src/disc/plan-stream.js';
import { MAX_OPTION_BYTES, MAX_OPTIONS } from '../../../src/drive/nbd/handshake.js';
import { openNbdServer } from '../../../src/drive/nbd/nbd-server.js';
import { MAX_REQUEST_BYTES } from '../../../src/drive/nbd/protocol.js';
import { PIECE } from '../../../src/drive/net/server-memory.js';
import type { DriveListener } from '../../../src/drive/net/drive-listener.js';
import { parseAllowList } from '../../../src/drive/net/listen-address.js';
import { patternedBytes } from '../../support/fakes/drive.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import {
  choice,
  contexts,
  greet as greetAt,
  option,
  OPTION,
  reply,
  REPLY,
  request,
  simpleError,
} from '../../support/programs/nbd-client.js';
import { numbers, RawConnection } from '../../support/programs/raw-connection.js';

const IMAGE = patternedBytes(3 * 1024 * 1024);
const { EXPORT_NAME, ABORT, LIST, INFO, GO, STRUCTURED, SET_CONTEXT } = OPTION;
const { ACK, UNSUP, INVALID, UNKNOWN } = REPLY;

let folder: string;
let source: FaultySource;
let listener: DriveListener;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isodrive-nbd-'));
  source = new FaultySource(IMAGE);
  const exports = [
    { name: 'first', description: 'one', reader: PlanStream.plain(source) },
    {
      name: 'second',
      description: 'two',
      reader: PlanStream.plain(new FaultySource(Buffer.alloc(4096))),
    },
  ];
  listener = await openNbdServer({
    address: { kind: 'unix', path: join(folder, 'socket') },
    exports,
    handshakeTime: 3000,
  });
});

afterEach(async () => {
  await listener[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const greet = (flags?: number): Promise<RawConnection> => greetAt(listener.address, flags);

/** A connection past its negotiation. */
async function transmitting(structured: boolean): Promise<RawConnection> {
  const connection = await greet();
  if (structured) {
    connection.send(option(STRUCTURED), option(SET_CONTEXT, contexts('', 'base:allocation')));
    expect((await reply(connection)).type).toBe(ACK);
    expect((await reply(connection)).body.toString('latin1', 4)).toBe('base:allocation');
    expect((await reply(connection)).type).toBe(ACK);
  }
  connection.send(option(GO, choice('')));
  expect((await reply(connection)).body.readBigUInt64BE(2)).toBe(BigInt(IMAGE.length));
  expect((await reply(connection)).type).toBe(ACK);
  return connection;
}

async function chunk(connection: RawConnection): Promise<{ flags: number; type: number; body: Buffer }> {
  const header = await connection.receive(20);
  expect([header.readUInt32BE(0), header.readBigUInt64BE(8)]).toEqual([0x668e_33ef, 77n]);
  const body = await connection.receive(header.readUInt32BE(16));
  return { flags: header.readUInt16BE(4), type: header.readUInt16BE(6), body };
}

describe('Negotiation', () => {
  it('lists the exports', async () => {
    using connection = await greet();
    connection.send(option(LIST));
    expect((await reply(connection)).body.toString('latin1', 4)).toBe('first');
    expect((await reply(connection)).body.toString('latin1', 4)).toBe('second');
    expect((await reply(connection)).type).toBe(ACK);
  });

  it('tells of an export, and goes on', async () => {
    using connection = await greet();
    connection.send(option(INFO, choice('second', 3, 2, 1)));
    const infos = [];
    for (let i = 0; i < 4; i += 1) infos.push((await reply(connection)).body);
    expect(infos[0]!.readBigUInt64BE(2)).toBe(4096n);
    expect(infos[1]!.toString('latin1')).toBe('\0\x01second');
    expect(infos[2]!.toString('latin1')).toBe('\0\x02two');
    expect(infos[3]!.toString('hex')).toBe('0003' + '00000001' + '00001000' + '02000000');
    expect((await reply(connection)).type).toBe(ACK);
    connection.send(option(ABORT));
    expect((await reply(connection)).type).toBe(ACK);
    await connection.end();
  });

  it('refuses names, options and data that it does not know, and goes on', async () => {
    using connection = await greet();
    connection.send(
      option(INFO, choice('third')),
      option(99),
      option(GO, Buffer.alloc(3)),
      option(GO, numbers([32, 0xffff_ffff], [16, 0])),
      option(GO, choice('x'.repeat(4097))),
      option(LIST, Buffer.alloc(1)),
      option(SET_CONTEXT, contexts('')),
      option(STRUCTURED, Buffer.alloc(1)),
    );
    const types = [];
    for (let i = 0; i < 8; i += 1) types.push((await reply(connection)).type);
    expect(types).toEqual([UNKNOWN, UNSUP, INVALID, INVALID, INVALID, INVALID, INVALID, INVALID]);
  });

  it('serves the oldest option, with and without its zeroes', async () => {
    for (const [flags, zeroes] of [
      [1, 124],
      [3, 0],
    ] as const) {
      using connection = await greet(flags);
      connection.send(option(EXPORT_NAME, Buffer.from('second')), request(0, 0, 4));
      const head = await connection.receive(10 + zeroes);
      expect(head.readBigUInt64BE(0)).toBe(4096n);
      expect(await simpleError(connection)).toBe(0);
    }
    using connection = await greet();
    connection.send(option(EXPORT_NAME, Buffer.from('third')));
    await connection.end();
  });

  it.each([
    ['unknown client flags', numbers([32, 7])],
    ['something else than an option', Buffer.concat([numbers([32, 3]), Buffer.alloc(16, 1)])],
    [
      'an option that is too long',
      Buffer.concat([
        numbers([32, 3]),
        Buffer.from('IHAVEOPT'),
        numbers([32, 3], [32, MAX_OPTION_BYTES + 1]),
      ]),
    ],
    ['too many options', Buffer.concat([numbers([32, 3]), ...Array<Buffer>(MAX_OPTIONS).fill(option(99))])],
  ])('ends the connection after %s, and that alone', async (_, bytes) => {
    using other = await transmitting(false);
    using connection = await RawConnection.open(listener.address);
    connection.send(bytes);
    await connection.end();
    other.send(request(0, 5, 7));
    expect(await simpleError(other)).toBe(0);
    expect(await other.receive(7)).toEqual(IMAGE.subarray(5, 12));
  });

  it('ends when the client takes too long, which a chosen export does not', async () => {
    using chosen = await transmitting(false);
    using silent = await RawConnection.open(listener.address);
    await silent.end();
    chosen.send(request(0, 0, 1));
    expect(await simpleError(chosen)).toBe(0);
  });
});

describe('Transmission', () => {
  it('reads with simple replies', async () => {
    using connection = await transmitting(false);
    connection.send(request(0, 1000, 2_000_000));
    expect(await simpleError(connection)).toBe(0);
    expect((await connection.receive(2_000_000)).equals(IMAGE.subarray(1000, 2_001_000))).toBe(true);
  });

  it('reads with structured replies, in chunks', async () => {
    using connection = await transmitting(true);
    connection.send(request(0, 1000, 2_000_000));
    const data: Buffer[] = [];
    for (let at = 0; at < 2_000_000; at += PIECE) {
      const { flags, type, body } = await chunk(connection);
      expect([flags, type]).toEqual([at + PIECE < 2_000_000 ? 0 : 1, 1]);
      expect(body.readBigUInt64BE(0)).toBe(BigInt(1000 + at));
      data.push(body.subarray(8));
    }
    expect(Buffer.concat(data).equals(IMAGE.subarray(1000, 2_001_000))).toBe(true);
  });

  it('reads in one chunk where the client insists, or says that it is too much', async () => {
    using connection = await transmitting(true);
    connection.send(request(0, 0, 65_536, 4));
    const { flags, type } = await chunk(connection);
    expect([flags, type]).toEqual([1, 1]);
    connection.send(request(0, 0, 2_000_000, 4));
    expect((await chunk(connection)).body.readUInt32BE(0)).toBe(75);
  });

  it('tells that everything is allocated, and needs the context for that', async () => {
    using connection = await transmitting(true);
    connection.send(request(7, 512, 100_000));
    expect(await chunk(connection)).toEqual({
      flags: 1,
      type: 5,
      body: numbers([32, 1], [32, 100_000], [32, 0]),
    });
    using without = await transmitting(false);
    without.send(request(7, 512, 100_000));
    expect(await simpleError(without)).toBe(22);
  });

  it('refuses to write, takes what is sent, and goes on', async () => {
    using connection = await transmitting(false);
    connection.send(request(1, 0, 300_000), Buffer.alloc(300_000), request(4, 0, 512), request(6, 0, 512));
    connection.send(request(3, 0, 0), request(5, 0, 512), request(0, 0, 0));
    const errors = [];
    for (let i = 0; i < 6; i += 1) errors.push(await simpleError(connection));
    expect(errors).toEqual([1, 1, 1, 0, 0, 0]);
  });

  it('refuses what lies outside, is too long, or is not known', async () => {
    using connection = await transmitting(false);
    connection.send(
      request(0, IMAGE.length - 1, 2),
      request(0, 0xffff_ffff_ffff_ffffn, 1),
      request(0, 0, MAX_REQUEST_BYTES + 1),
      request(99, 0, 1),
      request(0, 0, 1, 0x8000),
    );
    for (let i = 0; i < 5; i += 1) expect(await simpleError(connection)).toBe(22);
  });

  it('gives EIO where the medium is bad, with the place where the protocol has one, and goes on', async () => {
    source.bad = [2_000_000, 2_000_001];
    using simple = await transmitting(false);
    simple.send(request(0, 1_999_999, 10));
    expect(await simpleError(simple)).toBe(5);
    using structured = await transmitting(true);
    const badPiece = 7 * PIECE;
    structured.send(request(0, 0, 2_500_000));
    for (let at = 0; at < badPiece; at += PIECE) expect((await chunk(structured)).type).toBe(1);
    const failed = await chunk(structured);
    expect([failed.type, failed.flags]).toEqual([0x8002, 1]);
    expect([failed.body.readUInt32BE(0), failed.body.readBigUInt64BE(6)]).toEqual([5, BigInt(badPiece)]);
    structured.send(request(0, 0, 10));
    expect((await chunk(structured)).body.subarray(8)).toEqual(IMAGE.subarray(0, 10));
  });

  it.each([
    ['no request', Buffer.alloc(28)],
    ['a write that is too long', request(1, 0, MAX_REQUEST_BYTES + 1)],
    ['a disconnect', request(2, 0, 0)],
  ])('ends after %s', async (_, bytes) => {
    using connection = await transmitting(false);
    connection.send(bytes);
    await connection.end();
  });

  it('outlives a client that goes away in the middle of a write', async () => {
    using other = await transmitting(false);
    for (const bytes of [
      request(1, 0, 300_000).subarray(0, 20),
      Buffer.concat([request(1, 0, 300_000), IMAGE.subarray(0, 1000)]),
    ]) {
      using leaving = await transmitting(false);
      leaving.send(bytes);
      leaving.socket.end();
      await leaving.end();
    }
    other.send(request(0, 5, 7));
    expect(await simpleError(other)).toBe(0);
    expect(await other.receive(7)).toEqual(IMAGE.subarray(5, 12));
  });

  it('of a client that does not read its replies holds up nobody else', async () => {
    using stuck = await transmitting(true);
    stuck.socket.pause();
    for (let i = 0; i < 200; i += 1) stuck.send(request(0, 0, 3_000_000));
    using other = await transmitting(false);
    other.send(request(0, 0, 1_000_000));
    expect(await simpleError(other)).toBe(0);
    expect((await other.receive(1_000_000)).equals(IMAGE.subarray(0, 1_000_000))).toBe(true);
    // Its requests wait unread: what is read for it does not grow with what it asks for.
    expect(source.reads.length).toBeLessThan(150);
  });
});

describe('The listener', () => {
  it('gives its socket to its own user alone, and removes it at the end', async () => {
    const path = join(folder, 'socket');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await listener[Symbol.asyncDispose]();
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  it('leaves an address that is taken, and a file that is no socket, alone', async () => {
    const path = join(folder, 'file');
    await writeFile(path, 'kept');
    for (const taken of [join(folder, 'socket'), path]) {
      const address = { kind: 'unix', path: taken } as const;
      await expect(openNbdServer({ address, exports: [] })).rejects.toMatchObject({ code: 'busy' });
    }
    expect((await stat(path)).size).toBe(4);
  });

  it('cuts off peers that are not allowed', async () => {
    const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
    for (const [list, length] of [
      ['10.0.0.0/8', 0],
      ['10.0.0.0/8,127.0.0.1', 18],
    ] as const) {
      await using strict = await openNbdServer({ address, exports: [], allowed: parseAllowList(list) });
      using connection = await RawConnection.open(strict.address);
      expect((await connection.receive(18)).length).toBe(length);
    }
  });
});

describe('A hundred clients that read all at once', () => {
  it('take one piece of memory each, however long their simple replies are', async () => {
    const connections = await Promise.all(Array.from({ length: 100 }, () => transmitting(false)));
    const length = 2 * PIECE + 2048;
    let release = (): void => undefined;
    source.held = new Promise((resolve) => (release = resolve));
    for (const connection of connections) connection.send(request(0, 0, length));
    await expect.poll(() => source.reads.length).toBe(connections.length);
    expect(Math.max(...source.reads.map(([, length]) => length))).toBe(PIECE);
    release();
    for (const connection of connections) {
      expect(await simpleError(connection)).toBe(0);
      expect((await connection.receive(length)).equals(IMAGE.subarray(0, length))).toBe(true);
      connection.socket.destroy();
    }
    expect(Math.max(...source.reads.map(([, length]) => length))).toBe(PIECE);
  });
});
