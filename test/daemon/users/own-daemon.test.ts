// A daemon of one user has a bound on the memory of its indexes too.
import { describe, expect, it } from 'vitest';
import { OWN_INDEX_MEMORY, ownerOfDaemon } from '../../../daemon/users/policy.js';
import { UserLedger } from '../../../daemon/users/user-ledger.js';

describe('a daemon of one user', () => {
  it('has room for four of the largest discs, and refuses what is more', () => {
    const ledger = new UserLedger();
    // Five million rows of 96 bytes and names of 30.
    const largest = 5_000_000 * (96 + 30);
    const indexes = ['a', 'b', 'c', 'd'].map((id) => ledger.takeMount(id, ownerOfDaemon()));
    for (const index of indexes) index.grow(largest);
    expect(() => indexes[0]!.grow(OWN_INDEX_MEMORY)).toThrow('expected at most 4294967296');
    for (const id of ['a', 'b', 'c', 'd']) ledger.endMount(id);
    expect(ledger.userCount).toBe(0);
  });
});
