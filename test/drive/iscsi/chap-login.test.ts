// Initiators that guess CHAP secrets.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { respond } from '../../../src/drive/iscsi/chap.js';
import { openIscsiTarget } from '../../../src/drive/iscsi/iscsi-target.js';
import { DriveState } from '../../../src/drive/mmc/drive-state.js';
import { Medium } from '../../../src/drive/mmc/medium.js';
import type { DriveListener } from '../../../src/drive/net/drive-listener.js';
import { FIRST_REFUSAL, FREE_FAILURES, LoginGuard } from '../../../src/drive/net/login-guard.js';
import { patternedBytes, plainDisc } from '../../support/fakes/drive.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import { answer, KEYS, NAME, pdu } from '../../support/programs/iscsi-initiator.js';
import { RawConnection } from '../../support/programs/raw-connection.js';

const SECRET = 'correct-horse-battery';
const [SUCCESS, FAILED] = [0, 0x0201];
/** Security stage; with the transit bit on to the full feature phase. */
const [ASK, PROVE] = [0x00, 0x83];
let listener: DriveListener;
let guard: LoginGuard;
let failures: [peer: string, reason: string][];
let refusals: number;
let clock: number;

beforeEach(async () => {
  [failures, refusals, clock] = [[], 0, 0];
  guard = new LoginGuard({
    onFailure: (...failure) => failures.push(failure),
    onRefusal: () => (refusals += 1),
    now: () => clock,
  });
  const drives = [new DriveState('TEST', new Medium(plainDisc(new FaultySource(patternedBytes(2048 * 16)))))];
  const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
  const chap = { initiator: { name: 'ada', secret: SECRET } };
  listener = await openIscsiTarget({ address, name: NAME, drives, chap, guard, loginTime: 2000 });
});
afterEach(() => listener[Symbol.asyncDispose]());

/** An initiator that has its challenge, and what proves that it knows a secret. */
async function challenged(from?: string): Promise<{
  connection: RawConnection;
  prove: (secret: string) => Promise<number | undefined>;
}> {
  const connection = await RawConnection.open(listener.address, from);
  const send = (flags: number, keys: string): void =>
    connection.send(pdu(0x43, { flags, at: { 8: [1] }, data: Buffer.from(keys) }));
  send(ASK, `${KEYS}AuthMethod=CHAP\0`);
  await answer(connection);
  send(ASK, 'CHAP_A=7\0');
  const { data } = await answer(connection);
  const [, id = '', challenge = ''] = /CHAP_I=(\d+)\0CHAP_C=0x([0-9a-f]+)/.exec(data.toString()) ?? [];
  return {
    connection,
    /** The status; undefined when the connection was cut instead. */
    prove: async (secret) => {
      const proof = respond('sha256', Number(id), secret, Buffer.from(challenge, 'hex')).toString('hex');
      send(PROVE, `CHAP_N=ada\0CHAP_R=0x${proof}\0`);
      const { header } = await answer(connection);
      return header.length < 48 ? undefined : header.readUInt16BE(36);
    },
  };
}

async function logIn(secret: string, from?: string): Promise<number | undefined> {
  const { connection, prove } = await challenged(from);
  const status = await prove(secret);
  connection[Symbol.dispose]();
  return status;
}

describe('An initiator that guesses', () => {
  it('is refused after so many times, which costs no other address', async () => {
    for (let i = 0; i < FREE_FAILURES; i += 1) expect(await logIn('wrong-wrong-wrong')).toBe(FAILED);
    expect(failures).toEqual(Array(FREE_FAILURES).fill(['127.0.0.1', 'wrong CHAP name or secret']));
    using refused = await RawConnection.open(listener.address);
    await refused.end();
    expect(await logIn(SECRET, '127.0.0.2')).toBe(SUCCESS);
    clock += FIRST_REFUSAL;
    expect(await logIn(SECRET)).toBe(SUCCESS);
    expect([refusals, guard.counters.failed]).toEqual([1, FREE_FAILURES]);
  });

  it('gains nothing from connections that it has opened before', async () => {
    const open = await Promise.all(Array.from({ length: FREE_FAILURES + 5 }, () => challenged()));
    const statuses = [];
    for (const { prove } of open) statuses.push(await prove('wrong-wrong-wrong'));
    expect(statuses).toEqual([
      ...Array<number>(FREE_FAILURES).fill(FAILED),
      ...Array<undefined>(5).fill(undefined),
    ]);
    for (const { connection } of open) connection[Symbol.dispose]();
  });

  it('has failed as well when it does not try at all', async () => {
    using connection = await RawConnection.open(listener.address);
    connection.send(pdu(0x43, { flags: 0x87, data: Buffer.from(KEYS) }));
    expect((await answer(connection)).header.readUInt16BE(36)).toBe(FAILED);
    using silent = await RawConnection.open(listener.address);
    await silent.end();
    expect(failures.map(([, reason]) => reason)).toEqual(['no CHAP', 'no login within 2 s']);
  });
});
