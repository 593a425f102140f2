// Work that is not waited for any more.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { abortable } from '../../src/base/abortable.js';

describe('Work that can be given up', () => {
  let unheard: unknown[];
  const hear = (reason: unknown): void => void unheard.push(reason);
  beforeEach(() => {
    unheard = [];
    process.on('unhandledRejection', hear);
  });
  afterEach(() => {
    process.off('unhandledRejection', hear);
  });

  it.each([
    ['before it is waited for', 0],
    ['while it is waited for', 1],
  ])('may fail after it was given up %s, and ends nothing', async (_, turn) => {
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise<never>((_resolve, reject) => (fail = reject));
    const controller = new AbortController();
    if (turn === 0) controller.abort();
    const waiting = abortable(work, controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    fail(new Error('Too late'));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(unheard).toEqual([]);
  });
});
