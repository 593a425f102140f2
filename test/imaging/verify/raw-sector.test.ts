// Codes of raw sectors: those that other programs wrote must agree, and each kind of damage must be told from the
// others.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorDetectionCode } from '../../../src/base/error-detection-code.js';
import { RAW_SECTOR_SIZE } from '../../../src/disc/sector-parity.js';
import { encodeMode1Sector } from '../../../src/disc/sector-code.js';
import { RawSectorScan } from '../../../src/imaging/verify/raw-image.js';
import { checkRawSector } from '../../../src/disc/raw-sector.js';
import { findCorpus } from '../../support/corpus.js';
import { needs } from '../../support/needs.js';

const corpus = findCorpus();

function mode1(block: number): Buffer {
  return encodeMode1Sector(Buffer.alloc(2048, `sector ${block} `), block);
}

function flip(sector: Buffer, at: number): Buffer {
  const copy = Buffer.from(sector);
  copy[at]! ^= 0x40;
  return copy;
}

/** A sector of mode 2 form 2: only its EDC is needed. */
function form2(edc: 'recorded' | 'left out'): Buffer {
  const sector = mode1(0);
  sector[15] = 2;
  sector.fill('form 2 ', 16);
  sector.set([0, 0, 0x20, 0, 0, 0, 0x20, 0], 16);
  sector.writeUInt32LE(edc === 'recorded' ? errorDetectionCode(sector.subarray(16, 2348)) : 0, 2348);
  return sector;
}

describe('A raw sector', () => {
  it('is right as it was encoded, and says where it is not', () => {
    const sector = mode1(1234);
    expect(checkRawSector(sector)).toEqual({ kind: 'mode 1', fault: undefined, isChecked: true });
    expect(checkRawSector(flip(sector, 700)).fault).toBe('edc');
    expect(checkRawSector(flip(sector, 2065)).fault).toBe('edc');
    expect(checkRawSector(flip(sector, 2076)).fault).toBe('ecc');
    expect(checkRawSector(flip(sector, 2351)).fault).toBe('ecc');
    expect(checkRawSector(flip(sector, 3))).toMatchObject({ kind: 'audio', isChecked: false });
  });

  it('of form 2 may leave its code out', () => {
    expect(checkRawSector(form2('recorded'))).toEqual({
      kind: 'mode 2 form 2',
      fault: undefined,
      isChecked: true,
    });
    expect(checkRawSector(flip(form2('recorded'), 900)).fault).toBe('edc');
    expect(checkRawSector(form2('left out'))).toMatchObject({ fault: undefined, isChecked: false });
  });

  it('of mode 0 is empty, and of no known mode is a fault', () => {
    const empty = mode1(0).fill(0, 15);
    expect(checkRawSector(empty)).toMatchObject({ kind: 'mode 0', fault: undefined });
    expect(checkRawSector(flip(empty, 500)).fault).toBe('mode');
    empty[15] = 9;
    expect(checkRawSector(empty).fault).toBe('mode');
  });

  it.each([
    ['libcdio-cdset/isofs-m1.bin', 'mode 1', 302, []],
    ['iat-mds/TEST.mdf', 'mode 1', 181, []],
    // Somebody has put another name into two sectors of the game.
    ['tracker-psx/psx-game-image-1.bin', 'mode 2 form 1', 60, [22, 23]],
  ])(
    'agrees with the codes that other programs wrote into %s',
    needs('../shared/corpus'),
    (name, kind, least, edited) => {
      const bytes = readFileSync(join(corpus!.folder, 'images', name));
      const faulty: number[] = [];
      let right = 0;
      for (let at = 0; at + RAW_SECTOR_SIZE <= bytes.length; at += RAW_SECTOR_SIZE) {
        const verdict = checkRawSector(bytes.subarray(at, at + RAW_SECTOR_SIZE));
        if (verdict.fault !== undefined) faulty.push(at / RAW_SECTOR_SIZE);
        else if (verdict.kind === kind) right += 1;
      }
      expect(faulty).toEqual(edited);
      expect(right).toBeGreaterThanOrEqual(least);
    },
  );
});

describe('An image of raw sectors', () => {
  const subchannels = Buffer.alloc(96, 7);
  const plain = Buffer.concat(Array.from({ length: 20 }, (_, block) => mode1(block)));
  const wide = Buffer.concat(Array.from({ length: 20 }, (_, block) => [mode1(block), subchannels]).flat());

  it('tells faults that lie side by side as one, whatever pieces it comes in', () => {
    const bytes = Buffer.from(wide);
    for (const sector of [3, 4, 5, 9]) bytes[sector * 2448 + 100]! ^= 1;
    bytes[12 * 2448 + 2340]! ^= 1;
    for (const piece of [1, 999, 2448, 100_000]) {
      const scan = new RawSectorScan(bytes.length, 2448);
      for (let at = 0; at < bytes.length; at += piece) scan.update(bytes.subarray(at, at + piece));
      expect(scan.finish().map(({ status, detail }) => `${status} ${detail}`)).toEqual([
        'mismatch sectors 3 to 5, mode 1: data do not fit the error detection code',
        'mismatch sector 9, mode 1: data do not fit the error detection code',
        'mismatch sector 12, mode 1: parity is wrong, the data are right',
        'ok 15 sectors of mode 1 agree',
      ]);
    }
  });

  it('goes on behind what cannot be read', () => {
    const scan = new RawSectorScan(plain.length, 2352);
    scan.update(plain.subarray(0, 2352 * 2 + 100));
    scan.fail({ position: 2352 * 2 + 100, size: 1948 });
    // Up to the end of sector 2 nothing can be looked at.
    scan.update(plain.subarray(2352 * 2 + 2048));
    const checks = scan.finish();
    expect(checks.filter(({ status }) => status === 'mismatch')).toEqual([]);
    expect(checks.find(({ status }) => status === 'unreadable')?.detail).toContain('1948 bytes');
  });
});
