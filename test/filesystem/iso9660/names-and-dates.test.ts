// The small pure parts: names, dates, descriptors' text.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteCursor } from '../../../src/base/byte-cursor.js';
import { ShortDateReader, civilSeconds, readLongDate } from '../../../src/filesystem/iso9660/date.js';
import { decodeUcs2, jolietLevel, writeJolietName } from '../../../src/filesystem/iso9660/joliet.js';
import { mapIsoName } from '../../../src/filesystem/iso9660/names.js';

function cursorOver(bytes: Uint8Array): ByteCursor {
  return new ByteCursor(bytes, 'test', 0);
}

function ucs2(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

function showJoliet(name: Buffer): string {
  const target = new Uint8Array(1024);
  const length = writeJolietName(cursorOver(name), 0, name.length, target);
  return Buffer.from(target.subarray(0, length)).toString();
}

function shortDate(...bytes: number[]): number {
  const time = { seconds: 1, microseconds: 1 };
  new ShortDateReader().read(cursorOver(Uint8Array.from(bytes)), 0, time);
  return time.seconds;
}

describe('names of plain ISO 9660', () => {
  it.each([
    ['FILE.TXT;1', 'file.txt'],
    ['FILE.;1', 'file'],
    ['FILE;1', 'file'],
    ['FILE.TXT;12', 'file.txt.12'],
    ['FILE.TXT', 'file.txt'],
    ['A.B.C;1', 'a.b.c'],
    ['X/Y', 'x.y'],
    ['\xc4\xd6', '\xc4\xd6'],
    ['.;1', ''],
  ])('shows %s as "%s"', (name, shown) => {
    const bytes = Buffer.from(name, 'latin1');
    expect(bytes.subarray(0, mapIsoName(bytes, bytes.length)).toString('latin1')).toBe(shown);
  });
});

describe('names of Joliet', () => {
  it.each([
    ['Plain.txt', 'Plain.txt'],
    ['Nero.txt;1', 'Nero.txt'],
    ['trailing...', 'trailing'],
    ['.', '.'],
    ['\u00e9\u4e2d\u{1f600}', '\u00e9\u4e2d\u{1f600}'],
    ['half\ud83d', 'half\ufffd'],
    ['\ude00half', '\ufffdhalf'],
    ['cut\0off', 'cut'],
  ])('shows %s as "%s"', (name, shown) => {
    expect(showJoliet(ucs2(name))).toBe(shown);
  });

  it('shows every well-formed name as it is', () => {
    const plain = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(
        plain.filter(
          (name) => !/\p{Surrogate}/u.test(name) && !/(\0|;1|\.)/.test(name) && name.length <= 127,
        ),
        (name) => {
          expect(showJoliet(ucs2(name))).toBe(name);
        },
      ),
    );
  });

  it('ignores half a character at the end', () => {
    expect(showJoliet(Buffer.concat([ucs2('ab'), Buffer.of(0)]))).toBe('ab');
  });

  it('are known by the escape sequence, whose level they do not need', () => {
    expect(jolietLevel(Buffer.from('%/@'))).toBe(1);
    expect(jolietLevel(Buffer.from('%/C'))).toBe(2);
    expect(jolietLevel(Buffer.from('%/E'))).toBe(3);
    expect(jolietLevel(Buffer.from('%/A'))).toBe(0);
    expect(jolietLevel(new Uint8Array(32))).toBe(0);
  });

  it('stand in descriptors with blanks behind', () => {
    expect(decodeUcs2(ucs2('LABEL     '))).toBe('LABEL');
  });
});

describe('dates', () => {
  it('agree with the calendar of the platform for every valid date of 7 bytes', () => {
    const date = fc.date({ min: new Date('1900-03-01'), max: new Date('2155-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(date, fc.integer({ min: -48, max: 52 }), (at, zone) => {
        const bytes = [at.getUTCFullYear() - 1900, at.getUTCMonth() + 1, at.getUTCDate()];
        const time = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()];
        const wanted = Math.floor(at.getTime() / 1000) - zone * 900;
        expect(shortDate(...bytes, ...time, zone & 0xff)).toBe(wanted);
      }),
    );
  });

  it('do not believe a time zone beyond 13 hours', () => {
    expect(shortDate(100, 1, 1, 0, 0, 0, 100)).toBe(Date.UTC(2000, 0, 1) / 1000);
  });

  it('carry garbage over, as Linux does', () => {
    expect(shortDate(100, 2, 30, 25, 0, 0, 0)).toBe(Date.UTC(2000, 2, 2, 1) / 1000);
    expect(civilSeconds(1970, 1, 1, 0, 0, 0)).toBe(0);
  });

  it('show "not specified" as Linux shows it', () => {
    expect(shortDate(0, 0, 0, 0, 0, 0, 0)).toBe(2_083_213_696);
  });

  it('follow one another in one reader, equal or not', () => {
    const reader = new ShortDateReader();
    const bytes = Buffer.from([
      70, 1, 1, 0, 0, 0, 0, 70, 1, 1, 0, 0, 1, 0, 70, 1, 1, 0, 0, 1, 0, 70, 1, 1, 0, 0, 1, 4,
    ]);
    const seconds = [0, 7, 14, 21].map((offset) => {
      const time = { seconds: 0, microseconds: 0 };
      reader.read(cursorOver(bytes), offset, time);
      return time.seconds;
    });
    expect(seconds).toEqual([0, 1, 1, 1 - 3600]);
  });

  it('of 17 bytes have hundredths, and may be not specified', () => {
    const read = (text: string, zone: number): unknown => {
      const time = { seconds: 7, microseconds: 7 };
      const bytes = Buffer.concat([Buffer.from(text, 'latin1'), Buffer.of(zone & 0xff)]);
      return readLongDate(cursorOver(bytes), 0, time) ? time : undefined;
    };
    const noon = Date.UTC(2024, 1, 29, 12) / 1000;
    expect(read('2024022912000034', -4)).toEqual({ seconds: noon + 3600, microseconds: 340_000 });
    expect(read('0000000000000000', 0)).toBeUndefined();
    expect(read('20240229 2000034', 0)).toBeUndefined();
  });
});
