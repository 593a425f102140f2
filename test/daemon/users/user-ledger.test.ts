// What users have is counted, and given back; they take turns.
import { describe, expect, it } from 'vitest';
import { Policy } from '../../../daemon/users/policy.js';
import { TurnQueue } from '../../../daemon/users/turn-queue.js';
import { UserLedger } from '../../../daemon/users/user-ledger.js';

const limits = new Policy({
  limits: { mounts: 2, connections: 1, requests: 1, indexMemory: 1024 * 1024 },
}).limitsOf({ uid: 1000, gid: 1000, groups: [] });
const caller = (uid: number) => ({ uid, gid: uid, isAdministrator: false, limits });

describe('The ledger of users', () => {
  it('refuses what is one too many, and forgets who has nothing', () => {
    const ledger = new UserLedger();
    const connection = ledger.takeConnection(caller(1));
    expect(() => ledger.takeConnection(caller(1))).toThrow('User 1 has 1 connections, expected at most 1');
    ledger.takeConnection(caller(2))[Symbol.dispose]();
    connection[Symbol.dispose]();
    connection[Symbol.dispose]();
    const request = ledger.takeRequest(caller(1));
    expect(() => ledger.takeRequest(caller(1))).toThrow(/1 calls under way/);
    request[Symbol.dispose]();
    ledger.takeMount('a', caller(1));
    ledger.takeMount('b', caller(1));
    expect(() => ledger.takeMount('c', caller(1))).toThrow(
      expect.objectContaining({ code: 'quota' }) as Error,
    );
    ledger.endMount('c');
    ledger.endMount('a');
    ledger.takeMount('c', caller(1));
    ledger.endMount('b');
    ledger.endMount('c');
    expect(ledger.userCount).toBe(0);
  });

  it('bounds the files beside the images of one user, and those of all', () => {
    const ledger = new UserLedger();
    const quota = (message: string): Error =>
      expect.objectContaining({
        code: 'quota',
        message: expect.stringContaining(message) as string,
      }) as Error;
    const few = { ...caller(1), limits: { ...limits, filesBeside: 100 } };
    ledger.takeMount('a', few, 99);
    expect(() => ledger.takeMount('b', few, 2)).toThrow(quota('would hold 101 files'));
    ledger.takeMount('b', few, 1);
    ledger.endMount('a');
    ledger.takeMount('a', few, 99);
    const many = (uid: number) => ({ ...caller(uid), limits: { ...limits, filesBeside: 2048 } });
    ledger.takeMount('c', many(2), 1900);
    expect(() => ledger.takeMount('d', many(3), 49)).toThrow(quota('All mounts would hold 2049 files'));
    ledger.takeMount('d', many(3), 48);
    expect(() => ledger.adoptMount('e', few, 99)).not.toThrow();
    for (const id of ['a', 'b', 'c', 'd', 'e']) ledger.endMount(id);
    expect(ledger.userCount).toBe(0);
    ledger.takeMount('f', many(4), 2048);
  });

  it('bounds the indexes of one user together, and takes over what is there already', () => {
    const ledger = new UserLedger();
    const [first, second] = [ledger.takeMount('a', caller(1)), ledger.takeMount('b', caller(1))];
    first.grow(1024 * 1024 - 10);
    second.grow(10);
    expect(() => second.grow(11)).toThrow(expect.objectContaining({ code: 'quota' }) as Error);
    ledger.takeMount('c', caller(2)).grow(1024 * 1024);
    ledger.endMount('a');
    second.grow(1024 * 1024);
    const adopted = ledger.adoptMount('d', caller(1));
    adopted.adopt(500);
    expect(() => second.grow(1024 * 1024 + 1)).toThrow(/1049077 bytes/);
    expect(() => ledger.adoptMount('e', caller(1))).not.toThrow();
  });
});

describe('Turns', () => {
  it('go round among users, however much one of them has to do', async () => {
    const turns = new TurnQueue();
    const done: string[] = [];
    for (let i = 0; i < 4; i += 1) turns.add(1, () => done.push(`flood ${i}`));
    turns.add(2, () => done.push('other'));
    await new Promise<void>((resolve) => {
      setImmediate(() => turns.add(3, () => done.push('late')));
      const look = (): void => (done.length < 6 ? void setImmediate(look) : resolve());
      look();
    });
    expect(done.slice(0, 2)).toEqual(['flood 0', 'other']);
    expect(done.indexOf('late')).toBeLessThan(done.indexOf('flood 3'));
  });
});
