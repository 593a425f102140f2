// Requests for one key wait for each other, those for different keys do not.
import { describe, expect, it } from 'vitest';
import { KeyedLock } from '../../../daemon/mounts/keyed-lock.js';

describe('KeyedLock', () => {
  it('runs the tasks of one key one after another, also after a failure, and those of others at once', async () => {
    const lock = new KeyedLock();
    const steps: string[] = [];
    const task =
      (name: string, fails = false) =>
      async () => {
        steps.push(`${name} begins`);
        await new Promise(setImmediate);
        steps.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      };
    const results = await Promise.allSettled([
      lock.run('a', task('a1', true)),
      lock.run('a', task('a2')),
      lock.run('b', task('b1')),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(steps.indexOf('a2 begins')).toBeGreaterThan(steps.indexOf('a1 ends'));
    expect(steps.indexOf('b1 begins')).toBeLessThan(steps.indexOf('a1 ends'));
  });
});
