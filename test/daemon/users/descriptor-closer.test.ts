// How many descriptors a user may have here that no mount has taken.
import { openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DescriptorCloser, MAX_UNTAKEN } from '../../../daemon/users/descriptor-closer.js';
import { MAX_PASSED } from '../../../src/protocol/messages.js';

describe('What a user has passed', () => {
  const quota = expect.objectContaining({ code: 'quota' }) as Error;
  const open = (): number => openSync('/dev/null', 'r');

  it('is bounded over all connections, and room comes back when it is taken or closed', async () => {
    const closer = new DescriptorCloser();
    const [first, second] = [closer.ofUser(1), closer.ofUser(1)];
    for (let calls = MAX_UNTAKEN / MAX_PASSED; calls > 0; calls -= 1) first.receive(MAX_PASSED);
    expect(() => second.receive(1)).toThrow(quota);
    second.giveAway(1);
    expect(() => closer.ofUser(2).receive(MAX_PASSED)).not.toThrow();
    first.giveAway(MAX_PASSED);
    expect(() => second.receive(MAX_PASSED)).not.toThrow();
    first.close(Array.from({ length: MAX_PASSED }, open));
    await expect
      .poll(() => {
        try {
          first.receive(MAX_PASSED);
          return 'room';
        } catch {
          // What was refused is to be closed all the same.
          first.giveAway(MAX_PASSED);
          return 'full';
        }
      })
      .toBe('room');
    expect(closer.isStuck(1)).toBe(false);
  });
});
