// What drives answer, byte by byte, as their answers are and as they can be: cut off, too long, and wrong.
import { describe, expect, it } from 'vitest';
import { errorDetectionCode } from '../../../src/base/error-detection-code.js';
import { readCdCommand, readCommand } from '../../../src/source/optical/drive-commands.js';
import {
  offersC2,
  parseCapacity,
  parseInquiry,
  parseProfile,
} from '../../../src/source/optical/drive-facts.js';
import { RawReadings, userDataOfRawSector } from '../../../src/source/optical/raw-sector.js';
import { describeSense, parseSenseData } from '../../../src/source/optical/sense-data.js';
import { MAX_TOC_BYTES, parseTableOfContents } from '../../../src/source/optical/table-of-contents.js';

const DRIVE = '/dev/sr0';

/** Bytes of hexadecimal text, and text between quotes. */
function bytes(text: string): Uint8Array {
  const parts = text.matchAll(/"([^"]*)"|([0-9a-f]{2})/g);
  return Buffer.concat(
    [...parts].map(([, chars, hex]) => Buffer.from(chars ?? hex!, hex ? 'hex' : 'latin1')),
  );
}

describe('An answer to INQUIRY', () => {
  const ANSWER = bytes('05 80 05 32 1f 00 00 00 "QEMU    " "QEMU DVD-ROM    " "2.5+"');

  it('names vendor, product and firmware, without the spaces that fill them', () => {
    expect(parseInquiry(ANSWER, DRIVE)).toEqual({
      vendor: 'QEMU',
      product: 'QEMU DVD-ROM',
      revision: '2.5+',
    });
  });

  it('shows nothing but printable characters', () => {
    const hostile = bytes('05 80 05 32 1f 00 00 00 "A" 1b "[2J" 00 9b "B" "PRODUCT         " 7f ff 0a "1"');
    expect(parseInquiry(hostile, DRIVE)).toEqual({
      vendor: 'A?[2J??B',
      product: 'PRODUCT',
      revision: '???1',
    });
  });

  it('that is longer than what was asked for is read as far as it is known', () => {
    expect(parseInquiry(Buffer.concat([ANSWER, Buffer.alloc(60, 0x41)]), DRIVE).revision).toBe('2.5+');
  });

  it.each([0, 7, 16, 35])('of %i bytes is cut off', (length) => {
    expect(() => parseInquiry(ANSWER.subarray(0, length), DRIVE)).toThrow(
      expect.objectContaining({ code: 'damaged' }),
    );
  });
});

describe('An answer to READ CAPACITY', () => {
  it('says the last block', () => {
    expect(parseCapacity(bytes('00 05 1f 4f 00 00 08 00'), DRIVE)).toBe(0x51f50);
  });

  it('says nothing larger than 2^32 blocks', () => {
    expect(parseCapacity(bytes('ff ff ff ff ff ff ff ff'), DRIVE)).toBe(2 ** 32);
  });

  it.each([0, 3])('of %i bytes is cut off', (length) => {
    expect(() => parseCapacity(new Uint8Array(length), DRIVE)).toThrow(
      expect.objectContaining({ code: 'damaged' }),
    );
  });
});

describe('An answer to GET CONFIGURATION', () => {
  it.each([
    ['00 00 00 0c 00 00 00 08', 'CD-ROM'],
    ['00 00 00 0c 00 00 00 10', 'DVD-ROM'],
    ['00 00 00 0c 00 00 00 40', 'BD-ROM'],
    ['00 00 00 0c 00 00 00 1b 00 00 03 04', 'DVD+R'],
    ['00 00 00 0c 00 00 00 00', undefined],
    ['ff ff ff ff ff ff ff ff', undefined],
    ['00 00 00 0c 00 00 00', undefined],
    ['', undefined],
  ])('%s has profile %s', (text, profile) => {
    expect(parseProfile(bytes(text))).toBe(profile);
  });

  it.each([
    ['00 00 00 10 00 00 00 08 00 1e 0b 04 03 00 00 00', true],
    ['00 00 00 10 00 00 00 08 00 1e 0b 04 01 00 00 00', false],
    // Another feature in its place: the drive has not the one that was asked for.
    ['00 00 00 10 00 00 00 08 00 1f 0b 04 03 00 00 00', false],
    ['00 00 00 10 00 00 00 08 00 1e 0b 04 03', true],
    ['00 00 00 10 00 00 00 08 00 1e 0b 04', false],
    ['', false],
  ])('%s offers C2 pointers: %s', (text, offers) => {
    expect(offersC2(bytes(text))).toBe(offers);
  });
});

describe('A table of contents', () => {
  /** Data length, first and last track, entries of [control, number, start]. */
  function toc(entries: readonly (readonly [number, number, number])[], claimed?: number): Uint8Array {
    const body = Buffer.alloc(4 + entries.length * 8);
    body.writeUInt16BE(claimed ?? body.length - 2, 0);
    entries.forEach(([control, number, start], i) => {
      body[5 + 8 * i] = 0x10 | control;
      body[6 + 8 * i] = number;
      body.writeUInt32BE(start, 8 + 8 * i);
    });
    return body;
  }

  it('gives tracks up to the lead-out', () => {
    expect(
      parseTableOfContents(
        bytes('00 1a 01 02 00 14 01 00 00 00 00 00 00 10 02 00 00 00 40 00 00 14 aa 00 00 01 00 00'),
        DRIVE,
      ),
    ).toEqual([
      { number: 1, start: 0, length: 0x4000, isData: true },
      { number: 2, start: 0x4000, length: 0xc000, isData: false },
    ]);
  });

  it('says no more than its bytes, whatever length it claims', () => {
    const entries = [
      [4, 1, 0],
      [4, 0xaa, 500],
    ] as const;
    const whole = [{ number: 1, start: 0, length: 500, isData: true }];
    expect(parseTableOfContents(toc(entries, 0xffff), DRIVE)).toEqual(whole);
    for (let length = 0; length < 20; length += 1) {
      expect(parseTableOfContents(toc(entries, 0xffff).subarray(0, length), DRIVE)).toEqual([]);
    }
    expect(parseTableOfContents(toc(entries, 0), DRIVE)).toEqual([]);
    expect(parseTableOfContents(toc(entries, 10), DRIVE)).toEqual([]);
  });

  it('leaves out tracks that begin before the one before them', () => {
    const found = parseTableOfContents(
      toc([
        [4, 1, 1000],
        [4, 2, 10],
        [4, 3, 2000],
        [4, 0xaa, 0xffff_ffff],
      ]),
      DRIVE,
    );
    expect(found.map(({ number, start, length }) => [number, start, length])).toEqual([
      [1, 1000, 1000],
      [3, 2000, 0xffff_ffff - 2000],
    ]);
  });

  it('ends with its first lead-out, and gives no track that nothing ends', () => {
    expect(
      parseTableOfContents(
        toc([
          [4, 1, 0],
          [4, 0xaa, 10],
          [4, 2, 20],
          [4, 0xaa, 30],
        ]),
        DRIVE,
      ),
    ).toHaveLength(1);
    expect(parseTableOfContents(toc([[4, 1, 0]]), DRIVE)).toEqual([]);
  });

  it('has at most 99 tracks and a lead-out', () => {
    const entries = Array.from({ length: 2000 }, (_, i) => [4, 1 + (i % 99), i * 100] as const);
    expect(parseTableOfContents(toc(entries), DRIVE)).toHaveLength(99);
    expect(MAX_TOC_BYTES).toBe(4 + 100 * 8);
  });
});

describe('Sense data', () => {
  it.each([
    ['f0 00 03 00 00 12 34 0a 00 00 00 00 11 05 00 00 00 00', { key: 3, code: 0x11, qualifier: 5 }],
    ['71 00 06 00 00 00 00 06 00 00 00 00 28 00', { key: 6, code: 0x28, qualifier: 0 }],
    ['72 02 3a 01 00 00 00 00', { key: 2, code: 0x3a, qualifier: 1 }],
    ['73 f6 29 00', { key: 6, code: 0x29, qualifier: 0 }],
    // INCORRECT LENGTH, end of medium and file mark stand beside the key.
    ['70 00 e5 00 00 00 00 06 00 00 00 00 24 00', { key: 5, code: 0x24, qualifier: 0 }],
  ])('%s has its codes where its format says', (text, sense) => {
    expect(parseSenseData(bytes(text), DRIVE)).toEqual(sense);
  });

  it('that ends before its codes is none', () => {
    const fixed = bytes('70 00 03 00 00 00 00 0a 00 00 00 00 11 05');
    for (let length = 0; length < fixed.length; length += 1) {
      expect(parseSenseData(fixed.subarray(0, length), DRIVE)).toBeUndefined();
    }
    expect(parseSenseData(bytes('72 02 3a'), DRIVE)).toBeUndefined();
  });

  it('is told in words where they are known, and in numbers always', () => {
    expect(describeSense({ key: 2, code: 0x3a, qualifier: 2 })).toBe('the tray is open (sense 02/3a/02)');
    expect(describeSense({ key: 3, code: 0x11, qualifier: 0x99 })).toBe(
      'the sector cannot be read (sense 03/11/99)',
    );
    expect(describeSense({ key: 0xf, code: 0xff, qualifier: 0xff })).toBe('sense 0f/ff/ff');
  });
});

/** A whole sector with a right code. */
function sector(mode: number): Buffer {
  const raw = Buffer.alloc(2352);
  for (let i = 0; i < raw.length; i += 1) raw[i] = (i * 7) & 0xff;
  raw[15] = mode;
  if (mode === 2) raw.writeUInt32LE(errorDetectionCode(raw.subarray(16, 2072)), 2072);
  else raw.writeUInt32LE(errorDetectionCode(raw.subarray(0, 2064)), 2064);
  return raw;
}

describe('A whole sector', () => {
  it.each([
    [1, 16],
    [2, 24],
  ])('of mode %i has its user data at byte %i', (mode, start) => {
    const raw = sector(mode);
    expect(userDataOfRawSector(raw)).toEqual(raw.subarray(start, start + 2048));
  });

  it.each([0, 3, 255])('of mode %i has none', (mode) => {
    expect(userDataOfRawSector(sector(mode))).toBeUndefined();
  });

  it('with a wrong bit, or cut off, is not believed', () => {
    for (const mode of [1, 2]) {
      const raw = sector(mode);
      raw[1000]! ^= 0x10;
      expect(userDataOfRawSector(raw)).toBeUndefined();
      expect(userDataOfRawSector(sector(mode).subarray(0, 2351))).toBeUndefined();
    }
  });
});

describe('Several readings of a sector', () => {
  /** A reading in which bytes are wrong, and those at some places marked. */
  function reading(wrong: readonly number[], marked: readonly number[]): Uint8Array {
    const raw = Buffer.concat([sector(1), Buffer.alloc(294)]);
    for (const place of wrong) raw[place]! ^= 0x10;
    for (const place of marked) raw[2352 + (place >> 3)]! |= 0x80 >> (place & 7);
    return raw;
  }
  const data = Uint8Array.from(sector(1).subarray(16, 16 + 2048));
  function combine(...each: Uint8Array[]): Uint8Array | undefined {
    const readings = new RawReadings();
    for (const one of each) readings.add(one);
    return readings.userData();
  }

  it('give the data of which the drive was sure in one of them each', () => {
    expect(combine(reading([100, 2065], [100, 2065]))).toBeUndefined();
    expect(combine(reading([100], [100]), reading([200], [200]))).toEqual(data);
    expect(combine(reading([200], [200]), reading([100], [100]), reading([100], [100]))).toEqual(data);
  });

  it('are not believed for a marked byte until it is the same in two', () => {
    expect(combine(reading([], [300]))).toBeUndefined();
    expect(combine(reading([], [300]), reading([], [300]))).toEqual(data);
    expect(combine(reading([300], [300]), reading([], [300]))).toBeUndefined();
  });

  it('are not believed without the code that proves them, however sure the drive is', () => {
    expect(combine(reading([300], []))).toBeUndefined();
    expect(combine(reading([300], [300]), reading([300], [300]))).toBeUndefined();
  });

  it('may have marks where no data are', () => {
    expect(combine(reading([2100, 2351], [2100, 2351]))).toEqual(data);
  });
});

describe('A command', () => {
  it('has the whole range of addresses and lengths', () => {
    expect(Buffer.from(readCommand(0xffff_fffe, 0x0102_0304, true)).toString('hex')).toBe(
      'a800fffffffe010203040000',
    );
    expect(Buffer.from(readCommand(5, 0xffff, false)).toString('hex')).toBe('28000000000500ffff00');
    expect(Buffer.from(readCdCommand(0x1234_5678, 0xff_ffff, true)).toString('hex')).toBe(
      'be0012345678fffffffa0000',
    );
  });
});
