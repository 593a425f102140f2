// The map of a rescue: runs that cover the medium, and their text as ddrescue writes and reads it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DamagedSource } from '../../../src/source/rescue-map/damaged-source.js';
import { RescueMap, RUN_STATUSES } from '../../../src/source/rescue-map/rescue-map.js';
import { formatMapText, MAX_MAP_RUNS, parseMapText } from '../../../src/source/rescue-map/rescue-map-text.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';

const AT = { position: 0, phase: '+', pass: 1 } as const;

const FROM_DDRESCUE = `# Mapfile. Created by GNU ddrescue version 1.27
# Command line: ddrescue src.bin out.bin out.map
# current_pos  current_status  current_pass
0x00030000     /               1
#      pos        size  status
0x00000000  0x00010000  +
0x00010000  0x00000800  -
0x00010800  0x0001F800  ?
`;

describe('A rescue map', () => {
  it('equals an array of bytes that is marked the same way', () => {
    const marks = fc.array(
      fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 20 }), fc.constantFrom(...RUN_STATUSES)),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(marks, (list) => {
        const map = new RescueMap(50);
        const bytes = Array.from({ length: 50 }, () => '?');
        for (const [position, size, status] of list) {
          map.mark(position, size, status);
          bytes.fill(status, position, position + size);
        }
        expect(map.runs.map(({ size, status }) => status.repeat(size)).join('')).toBe(bytes.join(''));
        expect(map.runs.every(({ status }, i) => status !== map.runs[i + 1]?.status)).toBe(true);
        for (const status of RUN_STATUSES) {
          expect(map.bytesOf(status)).toBe(bytes.filter((byte) => byte === status).length);
          const first = bytes.indexOf(status, 17);
          expect(map.nextFrom(17, status)?.position ?? -1).toBe(first);
          const last = map.lastBefore(17, status);
          expect(last === undefined ? -1 : last.position + last.size - 1).toBe(bytes.lastIndexOf(status, 16));
        }
        const missing = map
          .missing()
          .flatMap(({ position, size }) => Array.from({ length: size }, (_, i) => position + i));
        expect(missing).toEqual(bytes.flatMap((byte, i) => (byte === '+' ? [] : [i])));
      }),
    );
  });

  it('is read from a file that ddrescue wrote', () => {
    const { map, at } = parseMapText(FROM_DDRESCUE, 'out.map');
    expect(at).toEqual({ position: 0x30000, phase: '/', pass: 1 });
    expect(map.size).toBe(0x30000);
    expect(map.missing()).toEqual([{ position: 0x10000, size: 0x20000 }]);
    expect(map.bytesOf('-')).toBe(0x800);
  });

  it('is the same after it was written and read again', () => {
    const { map } = parseMapText(FROM_DDRESCUE, 'out.map');
    const again = parseMapText(formatMapText(map, AT, ['two\nlines']), 'again.map');
    expect(again.map.runs).toEqual(map.runs);
    expect(again.at).toEqual(AT);
  });

  it('takes decimal and octal numbers, and a file without a pass', () => {
    const { map, at } = parseMapText('512 ?\n0 0100 +\n64 36 -\n', 'old.map');
    expect(map.runs).toEqual([
      { position: 0, size: 64, status: '+' },
      { position: 64, size: 36, status: '-' },
    ]);
    expect(at.pass).toBe(1);
  });

  it('calls what the file does not speak of not tried', () => {
    const { map } = parseMapText('0 + 1\n10 10 +\n', 'short.map', 40);
    expect(map.missing()).toEqual([
      { position: 0, size: 10 },
      { position: 20, size: 20 },
    ]);
  });

  it.each([
    ['an empty file', ''],
    ['another text', 'hello world\n'],
    ['a position without runs', '0 + 1\n'],
    ['a gap', '0 + 1\n0 5 +\n6 5 +\n'],
    ['an overlap', '0 + 1\n0 5 +\n4 5 +\n'],
    ['a run of nothing', '0 + 1\n0 0 +\n'],
    ['an unknown status', '0 + 1\n0 5 x\n'],
    ['a negative number', '0 + 1\n0 -5 +\n'],
    ['a number that no double holds', '0 + 1\n0 0xFFFFFFFFFFFFFFFF +\n'],
  ])('refuses %s', (_, text) => {
    expect(() => parseMapText(text, 'bad.map')).toThrow(/Cannot read line \d+ of the map file "bad.map"/);
  });

  it('refuses more runs than any rescue has', () => {
    const lines = Array.from({ length: MAX_MAP_RUNS + 1 }, (_, i) => `${i} 1 ${i % 2 === 0 ? '+' : '-'}`);
    expect(() => parseMapText(`0 + 1\n${lines.join('\n')}\n`, 'big.map')).toThrow(/expected at most/);
    expect(parseMapText(`0 + 1\n${lines.slice(1).join('\n')}\n`, 'big.map').map.runs.length).toBe(
      MAX_MAP_RUNS + 1,
    );
  });
});

describe('An image with bad ranges', () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
  const open = (): DamagedSource => {
    const map = new RescueMap(90);
    map.mark(0, 90, '+');
    map.mark(40, 10, '-');
    return new DamagedSource(new FaultySource(bytes), map);
  };

  it('reads beside them', async () => {
    const target = new Uint8Array(40);
    expect(await open().read(target, 0)).toBe(40);
    expect(target).toEqual(bytes.subarray(0, 40));
    expect(await open().read(target, 50)).toBe(40);
    expect(open().readCached(new Uint8Array(10), 0)).toBe(false);
  });

  it.each([
    [39, 2, 40],
    [45, 1, 45],
    [49, 20, 49],
    [85, 10, 90],
  ])('fails at byte %i for %i bytes', async (position, length, offset) => {
    const read = open().read(new Uint8Array(length), position);
    await expect(read).rejects.toMatchObject({ code: 'image-unreadable', at: { offset } });
  });

  it('has no descriptor that would lead past the map', () => {
    expect('fileDescriptor' in open()).toBe(false);
  });
});
