// TLS of the NBD server byte by byte: when it has to begin, what it forgets, and clients that try to get around it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PlanStream } from '../../../src/disc/plan-stream.js';
import { openNbdServer } from '../../../src/drive/nbd/nbd-server.js';
import type { NbdServerOptions } from '../../../src/drive/nbd/nbd-server.js';
import type { DriveListener } from '../../../src/drive/net/drive-listener.js';
import { FIRST_REFUSAL, FREE_FAILURES, LoginGuard } from '../../../src/drive/net/login-guard.js';
import { PIECE, ServerMemory } from '../../../src/drive/net/server-memory.js';
import { patternedBytes } from '../../support/fakes/drive.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import {
  choice,
  contexts,
  greet,
  option,
  OPTION,
  reply,
  REPLY,
  request,
  simpleError,
} from '../../support/programs/nbd-client.js';
import { RawConnection } from '../../support/programs/raw-connection.js';

const IMAGE = patternedBytes(8 * 1024 * 1024);
const { EXPORT_NAME, ABORT, LIST, STARTTLS, INFO, GO, STRUCTURED, SET_CONTEXT } = OPTION;
const { ACK, UNSUP, INVALID, TLS_REQUIRED } = REPLY;
const KEY = Buffer.alloc(32, 7);

let folder: string;
let source: FaultySource;
let listener: DriveListener;
let failures: [peer: string, reason: string][];
let refusals: string[];
let clock: number;
let guard: LoginGuard;

const start = async (isRequired: boolean, more: Partial<NbdServerOptions> = {}): Promise<void> => {
  await listener[Symbol.asyncDispose]();
  listener = await openNbdServer({
    address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    exports: [{ name: 'disc', description: '', reader: PlanStream.plain(source) }],
    tls: { credentials: new Map([['alice', KEY]]), isRequired },
    guard,
    ...more,
  });
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isodrive-tls-'));
  source = new FaultySource(IMAGE);
  [failures, refusals, clock] = [[], [], 0];
  guard = new LoginGuard({
    onFailure: (...failure) => failures.push(failure),
    onRefusal: (peer) => refusals.push(peer),
    now: () => clock,
  });
  listener = await openNbdServer({ address: { kind: 'unix', path: join(folder, 'socket') }, exports: [] });
});

afterEach(async () => {
  await listener[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

interface Client {
  readonly user?: string;
  readonly key?: Buffer;
  readonly from?: string;
}

/** What `openssl s_client -psk` would do; the newest TLS of both sides. */
function shake(
  connection: RawConnection,
  { user = 'alice', key = KEY }: Client = {},
): Promise<RawConnection> {
  return connection.secure({
    pskCallback: () => ({ identity: user, psk: key }),
    ciphers: 'TLS_AES_128_GCM_SHA256:PSK',
    checkServerIdentity: () => undefined,
  });
}

async function secured(client: Client = {}): Promise<RawConnection> {
  const connection = await greet(listener.address, 3, client.from);
  connection.send(option(STARTTLS));
  expect((await reply(connection)).type).toBe(ACK);
  return shake(connection, client);
}

/** The same, past its negotiation. */
async function transmitting(): Promise<RawConnection> {
  const connection = await secured();
  connection.send(option(GO, choice('')));
  expect((await reply(connection)).body.readBigUInt64BE(2)).toBe(BigInt(IMAGE.length));
  expect((await reply(connection)).type).toBe(ACK);
  return connection;
}

/** The alert that the client is told of. */
const failed = (client: Client): Promise<string> =>
  secured(client).then(
    () => 'none',
    (thrown: unknown) => (thrown as { code: string }).code,
  );

describe('A server that demands TLS', () => {
  it('answers every option before it with that, but for the one that leaves', async () => {
    await start(true);
    using connection = await greet(listener.address);
    for (const one of [LIST, INFO, GO, STRUCTURED, SET_CONTEXT, 99]) {
      connection.send(option(one, choice('')));
      expect((await reply(connection)).type).toBe(TLS_REQUIRED);
    }
    connection.send(option(ABORT));
    expect((await reply(connection)).type).toBe(ACK);
    await connection.end();
  });

  it('ends with a client that can be answered nothing: the oldest option, and the oldest negotiation', async () => {
    await start(true);
    using connection = await greet(listener.address);
    connection.send(option(EXPORT_NAME));
    expect(await connection.receive(1)).toHaveLength(0);
    using old = await greet(listener.address, 2);
    expect(await old.receive(1)).toHaveLength(0);
  });

  it('gives the image, byte for byte, to a client that knows the key', async () => {
    await start(true);
    using connection = await transmitting();
    connection.send(request(0, 1000, 1_500_000));
    expect(await simpleError(connection)).toBe(0);
    expect((await connection.receive(1_500_000)).equals(IMAGE.subarray(1000, 1_501_000))).toBe(true);
    connection.send(request(0, 2048, 2048));
    expect(await simpleError(connection)).toBe(0);
    expect((await connection.receive(2048)).equals(IMAGE.subarray(2048, 4096))).toBe(true);
    expect(failures).toEqual([]);
  });

  it('takes TLS 1.2, and nothing older', async () => {
    await start(true);
    for (const [version, expected] of [
      ['TLSv1.2', 'none'],
      ['TLSv1.1', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'],
    ] as const) {
      using connection = await greet(listener.address);
      connection.send(option(STARTTLS));
      await reply(connection);
      const outcome = await connection
        .secure({
          pskCallback: () => ({ identity: 'alice', psk: KEY }),
          ciphers: 'PSK:@SECLEVEL=0',
          checkServerIdentity: () => undefined,
          minVersion: version,
          maxVersion: version,
        })
        .then(
          () => 'none',
          (thrown: unknown) => (thrown as { code: string }).code,
        );
      expect(outcome).toBe(expected);
    }
  });
});

describe('A server that offers TLS', () => {
  it('also serves who does not take it', async () => {
    await start(false);
    using connection = await greet(listener.address);
    connection.send(option(GO, choice('')));
    await reply(connection);
    expect((await reply(connection)).type).toBe(ACK);
    connection.send(request(0, 5, 7));
    expect(await simpleError(connection)).toBe(0);
    expect(await connection.receive(7)).toEqual(IMAGE.subarray(5, 12));
  });

  it('forgets what was agreed on before it began', async () => {
    await start(false);
    using plain = await greet(listener.address);
    plain.send(option(STRUCTURED));
    expect((await reply(plain)).type).toBe(ACK);
    plain.send(option(SET_CONTEXT, contexts('', 'base:allocation')));
    await reply(plain);
    expect((await reply(plain)).type).toBe(ACK);
    plain.send(option(STARTTLS));
    expect((await reply(plain)).type).toBe(ACK);
    using connection = await shake(plain);
    // It needs structured replies, which were agreed on in the clear.
    connection.send(option(SET_CONTEXT, contexts('', 'base:allocation')));
    expect((await reply(connection)).type).toBe(INVALID);
    connection.send(option(GO, choice('')));
    await reply(connection);
    expect((await reply(connection)).type).toBe(ACK);
    connection.send(request(0, 0, 4));
    expect(await simpleError(connection)).toBe(0);
  });

  it('begins it once, and without data', async () => {
    await start(false);
    using plain = await greet(listener.address);
    plain.send(option(STARTTLS, Buffer.alloc(1)));
    expect((await reply(plain)).type).toBe(INVALID);
    plain.send(option(STARTTLS));
    expect((await reply(plain)).type).toBe(ACK);
    using connection = await shake(plain);
    connection.send(option(STARTTLS));
    expect((await reply(connection)).type).toBe(INVALID);
    connection.send(option(LIST));
    expect((await reply(connection)).body.toString('latin1', 4)).toBe('disc');
  });

  it('is no server without it, which says that it knows no such option', async () => {
    await start(false, { tls: undefined });
    using connection = await greet(listener.address);
    connection.send(option(STARTTLS));
    expect((await reply(connection)).type).toBe(UNSUP);
  });
});

describe('A client that wants to get around TLS', () => {
  it('is cut off for options that it sends right behind STARTTLS, in the clear', async () => {
    await start(true);
    using connection = await greet(listener.address);
    connection.send(option(STARTTLS), option(LIST), option(GO, choice('')));
    // Not even an answer to the first.
    expect(await connection.receive(1)).toHaveLength(0);
    expect(failures).toEqual([['127.0.0.1', expect.stringContaining('before it was told')]]);
  });

  it('is cut off for options in the clear where the handshake should be', async () => {
    await start(true);
    using connection = await greet(listener.address);
    connection.send(option(STARTTLS));
    expect((await reply(connection)).type).toBe(ACK);
    connection.send(option(LIST), option(GO, choice('')));
    const answer = await connection.receive(1000);
    expect(answer.includes(Buffer.from('disc'))).toBe(false);
    await expect.poll(() => failures).toHaveLength(1);
    expect(failures[0]![1]).toMatch(/^TLS handshake failed: /);
  });

  it.each([
    ['noise', patternedBytes(100_000)],
    ['the beginning of a handshake, and no more', Buffer.from('16030100c8010000c4', 'hex')],
    ['nothing', Buffer.alloc(0)],
  ])('is cut off for %s in the place of a handshake, and costs nobody else', async (_, bytes) => {
    await start(true, { handshakeTime: 1000 });
    using other = await transmitting();
    using connection = await greet(listener.address);
    connection.send(option(STARTTLS));
    expect((await reply(connection)).type).toBe(ACK);
    connection.send(bytes);
    await connection.end();
    await expect.poll(() => failures).toHaveLength(1);
    other.send(request(0, 0, 0));
    expect(await simpleError(other)).toBe(0);
  });

  it('is cut off, and told of, when it never comes to TLS', async () => {
    await start(true, { handshakeTime: 200 });
    using connection = await greet(listener.address);
    await connection.end();
    expect(failures).toEqual([['127.0.0.1', 'no TLS handshake within 0.2 s']]);
  });

  it('cannot tell from the answer whether it has guessed a user', async () => {
    await start(true);
    const wrongKey = await failed({ key: Buffer.alloc(32, 8) });
    const wrongUser = await failed({ user: 'bob' });
    expect(wrongKey).toMatch(/ALERT/);
    expect(wrongUser).toBe(wrongKey);
    await expect.poll(() => failures.length).toBe(2);
    expect(failures[1]![1]).toBe('TLS handshake failed: no user "bob" in the PSK file');
  });

  it('is refused for a growing time after so many failures, which costs no other address', async () => {
    await start(true);
    for (let i = 0; i < FREE_FAILURES; i += 1) await failed({ user: 'bob' });
    await expect.poll(() => refusals).toEqual(['127.0.0.1']);
    using refused = await RawConnection.open(listener.address);
    expect(await refused.receive(1)).toHaveLength(0);
    using good = await secured({ from: '127.0.0.2' });
    good.send(option(ABORT));
    expect((await reply(good)).type).toBe(ACK);
    clock += FIRST_REFUSAL;
    // One more costs twice as long.
    await failed({ user: 'bob' });
    await expect.poll(() => failures.length).toBe(FREE_FAILURES + 1);
    clock += 2 * FIRST_REFUSAL - 1;
    using again = await RawConnection.open(listener.address);
    expect(await again.receive(1)).toHaveLength(0);
    clock += 1;
    using late = await secured();
    late.send(option(ABORT));
    expect((await reply(late)).type).toBe(ACK);
    expect([refusals.length, guard.counters]).toEqual([
      1,
      { failed: FREE_FAILURES + 1, refused: 2, refusedAddresses: 0 },
    ]);
  });
});

describe('A client with TLS that takes no answers', () => {
  it('holds its share of the memory, and nobody else up; it goes back when all have left', async () => {
    const memory = new ServerMemory(0);
    await start(true, { memory });
    const stuck = await Promise.all(Array.from({ length: 10 }, transmitting));
    for (const one of stuck) {
      one.socket.pause();
      for (let i = 0; i < 8; i += 1) one.send(request(0, 0, IMAGE.length));
    }
    using other = await transmitting();
    other.send(request(0, 1, PIECE));
    expect(await simpleError(other)).toBe(0);
    expect((await other.receive(PIECE)).equals(IMAGE.subarray(1, 1 + PIECE))).toBe(true);
    expect(memory.lent).toBeLessThanOrEqual(10 * 4 * PIECE);
    for (const one of stuck) one[Symbol.dispose]();
    await expect.poll(() => memory.lent + memory.kept).toBe(0);
  });
});
