// Telling an image from another at its path, and from itself after a change.
import { describe, expect, it } from 'vitest';
import { compareIdentity } from '../../../daemon/reader/image-identity.js';

describe('The state of a mounted image', () => {
  const mounted = { device: 1n, inode: 2n, modified: 3n, size: 100n };
  it.each([
    ['ok', mounted],
    ['changed', { ...mounted, modified: 4n }],
    ['changed', { ...mounted, size: 101n }],
    ['truncated', { ...mounted, size: 99n }],
    ['replaced', { ...mounted, inode: 5n }],
    ['replaced', { ...mounted, device: 5n }],
    ['deleted', undefined],
  ] as const)('is %s for %o', (state, now) => {
    expect(compareIdentity(mounted, now)).toBe(state);
  });
});
