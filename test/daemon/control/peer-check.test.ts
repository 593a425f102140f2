// Whom the control socket listens to.
import { describe, expect, it } from 'vitest';
import { checkPeer } from '../../../daemon/control/peer-check.js';

describe('A peer', () => {
  const own = process.getuid?.() ?? 0;
  it("is let in when it is root or the daemon's own user", () => {
    checkPeer(0);
    checkPeer(own);
  });
  it('is refused when it is anybody else', () => {
    expect(() => checkPeer(own + 4711)).toThrow(/Client is user \d+, expected user \d+ or root/);
  });
});
