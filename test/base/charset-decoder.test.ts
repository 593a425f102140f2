// Charsets as the WHATWG Encoding Standard has them, whatever this Node does.
import { describe, expect, it } from 'vitest';
import { createCharsetDecoder } from '../../src/base/charset-decoder.js';

describe('A charset decoder', () => {
  it.each([
    ['windows-1252', [0x80, 0x93, 0x9f, 0x81, 0xe9], '\u20ac\u201c\u0178\x81\xe9'],
    ['latin1', [0x96], '\u2013'],
    ['iso-8859-15', [0xa4], '\u20ac'],
    ['windows-1255', [0xca], '\u05ba'],
    ['koi8-u', [0xae, 0xbe, 0xd1], '\u045e\u040e\u044f'],
    ['gbk', [0xa2, 0xe3, 0xa8, 0xbf], '\u20ac\u01f9'],
    ['shift_jis', [0x93, 0xfa, 0x41], '\u65e5A'],
    // U+AC02 is the first syllable that KS X 1001 lacks, U+D7A3 the last.
    ['euc-kr', [0x41, 0x81, 0x41, 0xb0, 0xa1, 0xc6, 0x52, 0x42], 'A\uac02\uac00\ud7a3B'],
    ['euc-kr', [0xa2, 0xe6, 0xb0], '\u20ac\ufffd'],
  ])('reads %s', (label, bytes, text) => {
    expect(createCharsetDecoder(label).decode(Uint8Array.from(bytes))).toBe(text);
  });

  it('refuses a label that is none', () => {
    expect(() => createCharsetDecoder('no-such-charset')).toThrow(RangeError);
  });
});
