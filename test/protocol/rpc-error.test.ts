// Errors keep their code, hint and exit code over the socket.
import { describe, expect, it } from 'vitest';
import { ERROR_KINDS, IsodriveError } from '../../src/base/error.js';
import type { ErrorCode } from '../../src/base/error.js';
import { decodeError, encodeError } from '../../src/protocol/rpc-error.js';

describe('An error on its way through the socket', () => {
  it.each(Object.keys(ERROR_KINDS) as ErrorCode[])('keeps its code, message and hint: %s', (code) => {
    const sent = encodeError(
      new IsodriveError(code, 'Found one thing, expected another', { action: 'Do it' }),
    );
    expect(sent).toMatchObject({ code: ERROR_KINDS[code].rpc, data: { code, exit: ERROR_KINDS[code].exit } });
    expect(decodeError(sent)).toMatchObject({
      code,
      message: 'Found one thing, expected another',
      action: 'Do it',
    });
  });

  it('is internal when it is none of ours, or comes from a newer daemon', () => {
    expect(encodeError(new TypeError('Oops')).data).toMatchObject({ code: 'internal', exit: 1 });
    const newer = { code: -32050, message: 'New', data: { code: 'brand-new', hint: 'Look', exit: 42 } };
    expect(decodeError(newer)).toMatchObject({ code: 'internal', action: 'Look' });
    const inherited = { code: -32050, message: 'Odd', data: { code: 'toString', hint: 'Look', exit: 42 } };
    expect(decodeError(inherited).code).toBe('internal');
  });
});
