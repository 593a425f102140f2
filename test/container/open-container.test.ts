// What is taken for a disc image, and what is said of files that are none.
import { describe, expect, it } from 'vitest';
import { SIGNATURES } from '../../src/container/foreign-signatures.js';
import { openContainer } from '../../src/container/open-container.js';
import { SECTOR_SIZE } from '../../src/disc/data-stream.js';
import { volumeMarks } from '../../src/filesystem/choose/volume-marks.js';
import { buildIso } from '../support/builders/iso-builder.js';
import { FaultySource } from '../support/fakes/faulty-source.js';

const IMAGE = buildIso({ root: [{ name: 'F.;1', extent: 30, size: 1 }] });

const WANTED = 'expected an image with ISO 9660, UDF, HFS, HFS+, FAT, XDVDFS, Opera or CD-i';

function at(offset: number, magic: string, size = 100_000): Uint8Array {
  const bytes = Buffer.alloc(size, 0xb5);
  bytes.write(magic, offset < 0 ? size + offset : offset, 'latin1');
  return bytes;
}

describe('opening a container', () => {
  it('gives a plain image as a disc of one track', async () => {
    const disc = await openContainer(new FaultySource(IMAGE), volumeMarks);
    expect(disc.format).toBe('iso');
    expect(disc.sessions).toEqual([
      { number: 1, tracks: [{ number: 1, mode: 'mode1', start: 0, length: IMAGE.length / SECTOR_SIZE }] },
    ]);
    const sector = Buffer.alloc(SECTOR_SIZE);
    expect(await disc.data.read(sector, 16 * SECTOR_SIZE)).toBe(SECTOR_SIZE);
    expect(sector.subarray(1, 6).toString()).toBe('CD001');
  });

  it('takes an image behind a boot sector for an image all the same', async () => {
    const hybrid = Buffer.from(IMAGE);
    hybrid.set([0x55, 0xaa], 510);
    expect((await openContainer(new FaultySource(hybrid), volumeMarks)).format).toBe('iso');
  });

  it.each(SIGNATURES.map(({ title, offset, magic, action }) => [title, offset, magic, action] as const))(
    'says of %s (at %i) what it is, and what to do',
    async (title, offset, magic, action) => {
      const error: unknown = await openContainer(new FaultySource(at(offset, magic)), volumeMarks).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code: 'unsupported', action });
      expect((error as Error).message).toBe(`Cannot open "memory": it is ${title}, ${WANTED}`);
    },
  );

  it.each([
    ['a web page', '<!DOCTYPE html><title>404'],
    ['a web page', '\xef\xbb\xbf\n<html lang="en">'],
    ['a torrent file', 'd8:announce35:udp://tracker.example:6969/announce4:infod'],
    ['a Metalink file', '<?xml version="1.0"?>\n<metalink xmlns="urn:ietf:params:xml:ns:metalink">'],
    ['an XML file', '<?xml version="1.0"?>\n<plist>'],
    ['a text file', 'Dear reader,\nthis is no disc.\n'],
    ['an empty file', ''],
    ['nothing but zeros', '\0'.repeat(40_000)],
    ['nothing but zeros, wherever it was looked at', '\0'.repeat(4_000_000)],
  ])('says of %s what it is', async (title, content) => {
    const bytes = Buffer.from(content, 'latin1');
    await expect(openContainer(new FaultySource(bytes), volumeMarks)).rejects.toMatchObject({
      code: 'unsupported',
      message: `Cannot open "memory": it is ${title}, ${WANTED}`,
    });
    // Servers and programs fill up what they write.
    if (!title.includes('a web page')) return;
    const filled = Buffer.concat([bytes, Buffer.alloc(65_536)]);
    await expect(openContainer(new FaultySource(filled), volumeMarks)).rejects.toThrow('it is a web page');
  });

  it('says of unknown bytes that they are of no kind that is known, not that they are damaged', async () => {
    await expect(
      openContainer(new FaultySource(Buffer.alloc(100_000, 0xb7)), volumeMarks),
    ).rejects.toMatchObject({
      code: 'unsupported',
      message:
        'Cannot open "memory": it is of no kind that is known here: no volume descriptor stands at byte 32768 or ' +
        `behind it, ${WANTED}`,
    });
  });

  it('says of an image cut off before its descriptors where it ends', async () => {
    await expect(
      openContainer(new FaultySource(IMAGE.subarray(0, 20_000)), volumeMarks),
    ).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('it ends at byte 20000, before the volume descriptors') as string,
    });
  });

  it('passes on that the medium cannot be read', async () => {
    const source = new FaultySource(IMAGE);
    source.bad = [32_768, 34_816];
    await expect(openContainer(source, volumeMarks)).rejects.toMatchObject({ code: 'image-unreadable' });
  });
});
