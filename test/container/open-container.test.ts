// What is taken for a disc image, and what is said of files that are none.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openContainer } from '../../src/container/open-container.js';
import { SECTOR_SIZE } from '../../src/disc/sector-reader.js';
import { buildIso } from '../support/iso-builder.js';
import { FaultySource } from '../support/faulty-source.js';

const IMAGE = buildIso({ root: [{ name: 'F.;1', extent: 30, size: 1 }] });

const WANTED = 'expected an image with ISO 9660, UDF, HFS, HFS+ or FAT';

function at(offset: number, magic: string, size = 100_000): Uint8Array {
  const bytes = Buffer.alloc(size, 0x55);
  bytes.write(magic, offset < 0 ? size + offset : offset, 'latin1');
  return bytes;
}

describe('opening a container', () => {
  it('gives a plain image as a disc of one track', async () => {
    const disc = await openContainer(new FaultySource(IMAGE));
    expect(disc.format).toBe('iso');
    expect(disc.sessions).toEqual([
      { number: 1, tracks: [{ number: 1, mode: 'mode1', start: 0, length: IMAGE.length / SECTOR_SIZE }] },
    ]);
    const reader = disc.sectors(disc.sessions[0]!.tracks[0]!);
    const sector = Buffer.alloc(SECTOR_SIZE);
    expect(await reader.read(sector, 16 * SECTOR_SIZE)).toBe(SECTOR_SIZE);
    expect(sector.subarray(1, 6).toString()).toBe('CD001');
  });

  it('takes an image behind a boot sector for an image all the same', async () => {
    const hybrid = Buffer.from(IMAGE);
    hybrid.set([0x55, 0xaa], 510);
    expect((await openContainer(new FaultySource(hybrid))).format).toBe('iso');
  });

  it.each([
    ['a gzip file', gzipSync(IMAGE)],
    ['an xz file', at(0, '\xfd7zXZ\0')],
    ['a zip archive', at(0, 'PK\x03\x04')],
    ['an image with raw sectors of 2352 bytes', at(0, `\0${'\xff'.repeat(10)}\0`)],
    ['a Nero image (NRG)', at(-12, 'NER5')],
    ['an Apple disk image (DMG)', at(-512, 'koly')],
    ['an ext2, ext3 or ext4 file system', at(1080, '\x53\xef')],
    ['an NTFS file system', at(3, 'NTFS    ')],
    ['an exFAT file system', at(3, 'EXFAT   ')],
    ['a boot sector with something unknown behind it', at(510, '\x55\xaa')],
  ])('says of %s what it is', async (title, bytes) => {
    await expect(openContainer(new FaultySource(bytes))).rejects.toMatchObject({
      code: 'unsupported',
      message: `Cannot open "memory": it is ${title}, ${WANTED}`,
    });
  });

  it('says of unknown bytes that they hold no volume descriptor', async () => {
    await expect(openContainer(new FaultySource(Buffer.alloc(100_000, 0x37)))).rejects.toMatchObject({
      code: 'damaged',
      message: `Cannot open "memory": no volume descriptor stands at byte 32768 or behind it, ${WANTED}`,
    });
  });

  it('says of an image cut off before its descriptors where it ends', async () => {
    await expect(openContainer(new FaultySource(IMAGE.subarray(0, 20_000)))).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('it ends at byte 20000, before the volume descriptors') as string,
    });
  });

  it('passes on that the medium cannot be read', async () => {
    const source = new FaultySource(IMAGE);
    source.bad = [32_768, 34_816];
    await expect(openContainer(source)).rejects.toMatchObject({ code: 'image-unreadable' });
  });
});
