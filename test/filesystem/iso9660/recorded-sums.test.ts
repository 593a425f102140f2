// Attributes in which libisofs says where the checksums of files are: real ones, and ones that lie.
import { describe, expect, it } from 'vitest';
import { readRecordedSums, readSumIndex } from '../../../src/filesystem/iso9660/rock-ridge/recorded-sums.js';

/** As xorriso 1.5.4 wrote it: session at 32, array at 209, 5 sums of 16 bytes. */
const REAL = Buffer.from('0400000020040000 00d10400000005 0110'.replaceAll(' ', '') + '4d4435', 'hex');

describe('The checksums that a disc records', () => {
  it('are found where the root says', () => {
    expect(readRecordedSums([['isofs.ca', REAL]])).toEqual({
      start: 32,
      array: 209,
      count: 5,
      size: 16,
      algorithm: 'MD5',
    });
    expect(readSumIndex([['isofs.cx', Buffer.from('00000003', 'hex')]])).toBe(3);
  });

  it.each([
    ['nothing', ''],
    ['a number without bytes', '00'],
    ['a number that is cut off', '04000000'],
    ['a number of more bytes than a disc has places', '07000000000000000104000000d1'],
    ['three numbers', '040000002004000000d10400000005'],
  ])('are none where the root says %s', (_, hex) => {
    expect(readRecordedSums([['isofs.ca', Buffer.from(hex, 'hex')]])).toBeUndefined();
  });

  it('are none for a file whose number has another length', () => {
    for (const hex of ['', '000003', '0000000003'])
      expect(readSumIndex([['isofs.cx', Buffer.from(hex, 'hex')]])).toBe(0);
    expect(readSumIndex([])).toBe(0);
  });
});
