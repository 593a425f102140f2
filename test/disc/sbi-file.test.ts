// Files of changed Q sub-channels: the three formats, which file is the image's, and what is no such file.
import { describe, expect, it } from 'vitest';
import { findSbi, parseSbi } from '../../src/disc/sbi-file.js';
import { openMemory } from '../support/builders/memory-folder.js';

const MAGIC = Buffer.from('SBI\0');
const Q = [0x41, 0x01, 0x01, 0x07, 0x06, 0x05, 0x00, 0x23, 0x08, 0x05];

describe('a file of changed Q sub-channels', () => {
  it('has whole blocks of Q, or one of their two times', () => {
    const bytes = Buffer.concat([
      MAGIC,
      Buffer.from([0x00, 0x02, 0x05, 1, ...Q]),
      Buffer.from([0x03, 0x08, 0x05, 2, 1, 2, 3]),
      Buffer.from([0x03, 0x08, 0x06, 3, 4, 5, 6]),
    ]);
    const start = 3 * 4500 + 8 * 75 + 5 - 150;
    expect(parseSbi(bytes).patches).toEqual(
      new Map([
        [5, { at: 0, bytes: Buffer.from(Q) }],
        [start, { at: 3, bytes: Buffer.from([1, 2, 3]) }],
        [start + 1, { at: 7, bytes: Buffer.from([4, 5, 6]) }],
      ]),
    );
  });

  it.each([
    ['another beginning', Buffer.from('SBX\0')],
    ['an unknown format', Buffer.concat([MAGIC, Buffer.from([0, 2, 5, 9, ...Q])])],
    ['no time', Buffer.concat([MAGIC, Buffer.from([0, 0x75, 5, 1, ...Q])])],
    ['an entry cut off', Buffer.concat([MAGIC, Buffer.from([0, 2, 5, 1, 0x41])])],
    ['a time cut off', Buffer.concat([MAGIC, Buffer.from([0, 2])])],
  ])('is refused with %s', (_, bytes) => {
    expect(parseSbi(bytes)).toEqual({ fault: expect.any(String) as string });
  });

  it('is the one that is called as a file of the image, in any case', async () => {
    await using files = openMemory({ 'Game.cue': MAGIC, 'other.sbi': MAGIC, 'GAME.SBI': MAGIC });
    expect(await findSbi(files)).toEqual({ name: 'GAME.SBI', patches: new Map() });
    await using alone = openMemory({ 'Game.cue': MAGIC, 'other.sbi': MAGIC });
    expect(await findSbi(alone)).toBeUndefined();
  });

  it('is not read where it is too long', async () => {
    await using files = openMemory({ 'a.bin': MAGIC, 'a.sbi': new Uint8Array(100_000) });
    expect((await findSbi(files))?.fault).toContain('100000 bytes');
  });
});
