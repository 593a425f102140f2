// What tells sectors of a disc from any other file, by the marks that file systems and partition tables know.
import { describe, expect, it } from 'vitest';
import { volumeMarks } from '../../../src/filesystem/choose/volume-marks.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';

/** An image of zeros, large enough for an anchor in sectors of 4096 bytes, with text at some bytes. */
function imageWith(...marks: readonly (readonly [number, string])[]): FaultySource {
  const bytes = Buffer.alloc(257 * 4096);
  for (const [offset, text] of marks) bytes.write(text, offset, 'latin1');
  return new FaultySource(bytes);
}

const BOOT: readonly [number, string] = [510, '\x55\xaa'];

describe('marks of volumes', () => {
  it.each(['CD001', 'BEA01', 'NSR02', 'NSR03', 'TEA01', 'BOOT2', 'CDW02', 'CD-I '])(
    'are descriptors with the identifier %s, in any of the first sectors',
    async (identifier) => {
      expect(volumeMarks.isIdentifier(identifier)).toBe(true);
      expect(await volumeMarks.look(imageWith([16 * 2048 + 1, identifier]))).toBe(3);
      expect(await volumeMarks.look(imageWith([31 * 2048 + 1, identifier]))).toBe(3);
      expect(await volumeMarks.look(imageWith([32 * 2048 + 1, identifier]))).toBe(0);
    },
  );

  it.each([
    ['High Sierra', 3, [[16 * 2048 + 9, 'CDROM']]],
    ['Opera', 3, [[0, '\x01ZZZZZ\x01']]],
    ['XDVDFS', 3, [[32 * 2048, 'MICROSOFT*XBOX*MEDIA']]],
    ['HFS', 1, [[1024, 'BD']]],
    ['HFS+', 1, [[1024, 'H+']]],
    ['HFSX', 1, [[1024, 'HX']]],
    ['an Apple map in blocks of 2048 bytes', 1, [[2048, 'PM']]],
    [
      'an Apple map in blocks of a size that it says',
      1,
      [
        [0, 'ER\x01\x2c'],
        [300, 'PM'],
      ],
    ],
    ['a FAT boot sector', 1, [BOOT, [0, '\xeb'], [11, '\0\x02\x01\x01'], [21, '\xf0']]],
    ['a partition table', 1, [BOOT, [450, '\x17']]],
    [
      'a UDF anchor in sectors of 512 bytes',
      1,
      [
        [256 * 512, '\x02\0'],
        [256 * 512 + 12, '\0\x01\0\0'],
      ],
    ],
    [
      'a UDF anchor in sectors of 4096 bytes',
      1,
      [
        [256 * 4096, '\x02\0'],
        [256 * 4096 + 12, '\0\x01\0\0'],
      ],
    ],
    ['no partition of any type', 0, [BOOT]],
    ['an indicator that is none', 0, [BOOT, [446, '\x01'], [450, '\x17']]],
    [
      'a boot sector of NTFS, without reserved sectors',
      0,
      [BOOT, [0, '\xeb'], [11, '\0\x02\x01\0'], [21, '\xf8'], [446, 'x']],
    ],
    [
      'an anchor of another sector',
      0,
      [
        [256 * 512, '\x02\0'],
        [256 * 512 + 12, '\x01\x01\0\0'],
      ],
    ],
    ['nothing', 0, []],
  ] as const)('know %s', async (_, confidence, marks) => {
    expect(await volumeMarks.look(imageWith(...marks))).toBe(confidence);
  });
});
