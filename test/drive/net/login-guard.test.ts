// Who is refused after logins that failed, for how long, and what is told of it; by a clock of the test's own.
import { beforeEach, describe, expect, it } from 'vitest';
import {
  FIRST_REFUSAL,
  FORGET_TIME,
  FREE_FAILURES,
  FREE_TIME,
  LoginGuard,
  LONGEST_REFUSAL,
  MAX_ADDRESSES,
} from '../../../src/drive/net/login-guard.js';

let clock: number;
let failures: string[];
let refusals: [peer: string, time: number][];
let guard: LoginGuard;

beforeEach(() => {
  [clock, failures, refusals] = [5000, [], []];
  guard = new LoginGuard({
    now: () => clock,
    onFailure: (peer, reason) => failures.push(`${peer}: ${reason}`),
    onRefusal: (...refusal) => refusals.push(refusal),
  });
});

const fail = (address: string | undefined, times = 1): void => {
  for (let i = 0; i < times; i += 1) guard.fail(address, 'wrong');
};

describe('An address', () => {
  it('may fail so many times within a minute, and is refused after that', () => {
    fail('10.0.0.1', FREE_FAILURES - 1);
    expect(guard.refuses('10.0.0.1')).toBe(false);
    fail('10.0.0.1');
    expect(guard.refuses('10.0.0.1')).toBe(true);
    expect(guard.refuses('10.0.0.2')).toBe(false);
    clock += FIRST_REFUSAL - 1;
    expect(guard.refuses('10.0.0.1')).toBe(true);
    clock += 1;
    expect(guard.refuses('10.0.0.1')).toBe(false);
    expect(refusals).toEqual([['10.0.0.1', FIRST_REFUSAL]]);
    expect(guard.counters).toEqual({ failed: FREE_FAILURES, refused: 2, refusedAddresses: 0 });
  });

  it('may fail from time to time for ever', () => {
    for (let i = 0; i < 20; i += 1) {
      fail('10.0.0.1', FREE_FAILURES - 1);
      clock += FREE_TIME;
    }
    expect(guard.refuses('10.0.0.1')).toBe(false);
    expect(refusals).toEqual([]);
  });

  it('is refused for twice as long each time, up to a limit, and that is told once', () => {
    fail('10.0.0.1', FREE_FAILURES);
    const times = [];
    for (let i = 0; i < 10; i += 1) {
      let time = 0;
      for (; guard.refuses('10.0.0.1'); time += 5000) clock += 5000;
      times.push(time);
      fail('10.0.0.1');
    }
    const doubled = times.map((_, i) => Math.min(FIRST_REFUSAL * 2 ** i, LONGEST_REFUSAL));
    expect(times).toEqual(doubled);
    expect(refusals).toHaveLength(1);
  });

  it('begins anew after a long time without a failure', () => {
    fail('10.0.0.1', FREE_FAILURES);
    clock += FORGET_TIME;
    fail('10.0.0.1', FREE_FAILURES - 1);
    expect(guard.refuses('10.0.0.1')).toBe(false);
    fail('10.0.0.1');
    expect(guard.refuses('10.0.0.1')).toBe(true);
    expect(refusals).toHaveLength(2);
  });

  it('pays once for failures that were under way when it was refused', () => {
    fail('10.0.0.1', FREE_FAILURES + 100);
    clock += FIRST_REFUSAL;
    expect(guard.refuses('10.0.0.1')).toBe(false);
    expect(failures).toHaveLength(FREE_FAILURES);
    expect(guard.counters.failed).toBe(FREE_FAILURES + 100);
  });

  it.each([
    ['2001:db8::1', '2001:db8:0:0:ffff::2', true],
    ['2001:db8::1', '2001:db8:0:1::1', false],
    ['fe80::1%eth0', 'fe80::2', true],
    ['::1', '::2', true],
    ['64:ff9b::1.2.3.4', '64:ff9b:0:0::9', true],
    ['::ffff:10.0.0.1', '10.0.0.1', true],
    ['::ffff:10.0.0.1', '10.0.0.2', false],
  ])('such as %s is the same as %s: %s', (first, second, isSame) => {
    fail(first, FREE_FAILURES);
    expect(guard.refuses(second)).toBe(isSame);
  });

  it('of a Unix socket is never refused', () => {
    fail(undefined, 2 * FREE_FAILURES);
    expect(guard.refuses(undefined)).toBe(false);
    expect(failures[0]).toBe('a program of this machine: wrong');
  });
});

describe('Very many addresses', () => {
  it('are remembered up to a number, those that failed last', () => {
    fail('10.0.0.1', FREE_FAILURES);
    for (let i = 0; i < MAX_ADDRESSES - 1; i += 1) fail(`11.0.${i >> 8}.${i & 255}`);
    expect(guard.refuses('10.0.0.1')).toBe(true);
    fail('12.0.0.1');
    expect(guard.refuses('10.0.0.1')).toBe(false);
  });
});
