// Names and times of FAT directory entries, byte by byte.
import { describe, expect, it } from 'vitest';
import { ByteCursor } from '../../../src/base/byte-cursor.js';
import { decodeCodePage437 } from '../../../src/filesystem/fat/code-page-437.js';
import {
  LongName,
  MAX_LONG_ENTRIES,
  readDosTime,
  readShortName,
} from '../../../src/filesystem/fat/directory-entry.js';

const SHORT = 'SHORT~1 TXT';

function cursor(bytes: Uint8Array): ByteCursor {
  return new ByteCursor(bytes, 'memory', 0);
}

function shortEntry(name: string, flags = 0): ByteCursor {
  const bytes = Buffer.alloc(32);
  bytes.write(name, 0, 'latin1');
  bytes[12] = flags;
  return cursor(bytes);
}

function checksum(name: string): number {
  return Buffer.from(name, 'latin1').reduce((sum, byte) => (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff, 0);
}

/** The entries of a long name, in the order of the disc. */
function longEntries(name: string, sum = checksum(SHORT)): ByteCursor[] {
  const count = Math.ceil(name.length / 13);
  return Array.from({ length: count }, (_, i) => {
    const number = count - i;
    const bytes = Buffer.alloc(32, 0xff);
    bytes[0] = i === 0 ? number | 0x40 : number;
    bytes[11] = 0x0f;
    bytes[12] = 0;
    bytes[13] = sum;
    [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30].forEach((at, unit) => {
      const place = (number - 1) * 13 + unit;
      if (place <= name.length) bytes.writeUInt16LE(place < name.length ? name.charCodeAt(place) : 0, at);
    });
    return cursor(bytes);
  });
}

function takeName(entries: readonly ByteCursor[]): string | undefined {
  const long = new LongName();
  entries.forEach((entry) => long.add(entry));
  return long.take(shortEntry(SHORT));
}

describe('a short name', () => {
  it('has a dot only before an extension, and small letters where it says so', () => {
    expect(readShortName(shortEntry('README  MD '), decodeCodePage437)).toBe('README.MD');
    expect(readShortName(shortEntry('README     '), decodeCodePage437)).toBe('README');
    expect(readShortName(shortEntry('README  MD ', 0x08), decodeCodePage437)).toBe('readme.MD');
    expect(readShortName(shortEntry('README  MD ', 0x18), decodeCodePage437)).toBe('readme.md');
  });

  it('is of code page 437, and may start with the byte that marks deleted entries', () => {
    expect(readShortName(shortEntry('\x05\x80\x84        '), decodeCodePage437)).toBe('\u03c3\u00c7\u00e4');
  });
});

describe('a long name', () => {
  it('is put together from its parts, characters beyond the first plane included', () => {
    const name = 'A name of more than thirteen characters \u{1f600}.txt';
    expect(takeName(longEntries(name))).toBe(name);
    expect(takeName(longEntries('exactly13char'))).toBe('exactly13char');
  });

  it.each([
    [MAX_LONG_ENTRIES, true],
    [MAX_LONG_ENTRIES + 1, false],
  ])('of %i entries is taken: %s', (entries, taken) => {
    const name = 'x'.repeat(entries * 13);
    expect(takeName(longEntries(name))).toBe(taken ? name : undefined);
  });

  it('whose parts are missing, out of order or of another file is dropped', () => {
    const entries = longEntries('A name of more than twenty-six characters');
    expect(takeName(entries.slice(1))).toBeUndefined();
    expect(takeName(entries.slice(0, -1))).toBeUndefined();
    expect(takeName([entries[0]!, entries[2]!, entries[1]!, entries[3]!])).toBeUndefined();
    expect(takeName(longEntries('of another file', 1))).toBeUndefined();
    expect(takeName([])).toBeUndefined();
  });
});

describe('a time', () => {
  it('counts from 1980 in steps of two seconds, and 0 was never set', () => {
    const time = { seconds: -1, microseconds: -1 };
    readDosTime((40 << 9) | (2 << 5) | 3, (4 << 11) | (5 << 5) | 3, time);
    expect(time).toEqual({ seconds: Date.UTC(2020, 1, 3, 4, 5, 6) / 1000, microseconds: 0 });
    readDosTime(0, 0, time);
    expect(time.seconds).toBe(0);
  });
});
