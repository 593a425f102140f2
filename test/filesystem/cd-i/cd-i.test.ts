// CD-i discs: whole volumes, what the path table saves of damaged ones, and hostile volumes.
import { describe, expect, it } from 'vitest';
import { MAX_DAMAGED_RECORDS } from '../../../src/filesystem/iso9660/directory-walker.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { checkImage } from '../../../src/present/inspect/check-image.js';
import { buildCdi } from '../../support/builders/cd-i-builder.js';
import { wrapSectors } from '../../support/builders/raw-sectors.js';
import { readFileContent } from '../../support/judges/file-content.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';

const SECTOR = 2048;
const TIME = Date.UTC(1993, 4, 6, 11, 22, 33) / 1000;

const DISC = [
  { name: 'cdi_app', data: Buffer.alloc(5000, 'module'), attributes: 0x0555 },
  {
    name: 'CMDS',
    entries: [{ name: 'deep', entries: [{ name: 'Intro.rtf;1', data: Buffer.from('film') }] }],
  },
];

async function paths(image: OpenedImage): Promise<[string[], string[]]> {
  const { entries, codes } = await readAll(image);
  return [[...entries.keys()], codes];
}

describe('A CD-i volume', () => {
  it('has its files, with names as recorded, times, and what may be run', async () => {
    await using image = await openBytes(buildCdi(DISC));
    const { volumeId, volumeSetId, systemId, created } = image.volume;
    expect([image.tree.kind, volumeId, volumeSetId, systemId]).toEqual([
      'cd-i',
      'CDI_TEST',
      'ALBUM',
      'CD-RTOS',
    ]);
    expect(created).toEqual({ seconds: TIME, microseconds: 440_000 });
    const { entries, codes } = await readAll(image);
    expect([[...entries.keys()], codes]).toEqual([
      ['/', '/CMDS', '/cdi_app', '/CMDS/deep', '/CMDS/deep/Intro.rtf'],
      [],
    ]);
    expect(entries.get('/cdi_app')).toMatchObject({ mode: 0o555, modified: TIME, size: 5000 });
    expect(entries.get('/CMDS/deep/Intro.rtf')).toMatchObject({ mode: 0o444, modified: TIME, size: 4 });
    expect((await readFileContent(image, '/cdi_app')).equals(Buffer.alloc(5000, 'module'))).toBe(true);
    expect((await readFileContent(image, '/CMDS/deep/Intro.rtf')).toString()).toBe('film');
    await checkImage(image);
    expect(image.findings.findings).toEqual([]);
  });

  it('is read of raw sectors of a CD as of plain ones', async () => {
    await using image = await openBytes(wrapSectors(buildCdi(DISC), { mode: 'xa' }));
    expect([image.disc.format, image.tree.kind]).toEqual(['raw', 'cd-i']);
    expect((await readFileContent(image, '/CMDS/deep/Intro.rtf')).toString()).toBe('film');
  });

  it('has directories of many sectors', async () => {
    const names = Array.from({ length: 3000 }, (_, i) => `file${String(i).padStart(4, '0')}`);
    await using image = await openBytes(buildCdi(names.map((name) => ({ name }))));
    expect(await paths(image)).toEqual([['/', ...names.map((name) => `/${name}`)], []]);
  });

  it('reads files that are interleaved with others', async () => {
    const data = Buffer.concat(['a', '-', 'b', '-', 'c'].map((letter) => Buffer.alloc(SECTOR, letter)));
    const file = { name: 'film', data, size: 2 * SECTOR + 5, interleave: [1, 1] as const };
    await using image = await openBytes(buildCdi([file]));
    const content = (await readFileContent(image, '/film')).toString('latin1');
    expect(content).toBe('a'.repeat(SECTOR) + 'b'.repeat(SECTOR) + 'c'.repeat(5));
  });

  it('tells of files that are in sound tracks, and of those behind the end', async () => {
    const files = [
      { name: 'song', sector: 5000, size: 99, attributes: 0x4111 },
      { name: 'cut', sector: 5000, size: 99 },
    ];
    await using image = await openBytes(buildCdi(files));
    expect((await paths(image))[1]).toEqual(['large-sectors', 'file-beyond-end']);
  });
});

describe('A damaged or hostile CD-i volume', () => {
  it('with a broken directory shows what its path table has of it', async () => {
    const patch = (image: Buffer, sectors: ReadonlyMap<string, number>): void => {
      const at = sectors.get('')! * SECTOR;
      // The record behind those of the directory itself and its parent.
      image[at + 2 * 44] = 3;
    };
    await using image = await openBytes(buildCdi(DISC, { patch }));
    const [found, codes] = await paths(image);
    expect(found).toEqual(['/', '/CMDS', '/CMDS/deep', '/CMDS/deep/Intro.rtf']);
    expect(new Set(codes)).toEqual(new Set(['damaged-record', 'path-table-used']));
  });

  it('is refused where its path table names no root, or one that is none', async () => {
    const noTable = buildCdi(DISC, { patch: (image) => void image.fill(0, 18 * SECTOR, 19 * SECTOR) });
    await expect(openBytes(noTable)).rejects.toMatchObject({ code: 'damaged' });
    const noRoot = buildCdi(DISC, {
      patch: (image) => void image.writeUInt32BE(0x7fff_ffff, 18 * SECTOR + 2),
    });
    await expect(openBytes(noRoot)).rejects.toMatchObject({ code: 'damaged' });
  });

  it('is refused for a block size that none has', async () => {
    const image = buildCdi(DISC, { patch: (bytes) => void bytes.writeUInt16BE(100, 16 * SECTOR + 130) });
    await expect(openBytes(image)).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('none of its disc labels is that of a volume') as string,
    });
  });

  it('that is cut says so, and lists what is left', async () => {
    await using image = await openBytes(buildCdi(DISC).subarray(0, -SECTOR));
    const [found, codes] = await paths(image);
    expect([found.length, new Set(codes)]).toEqual([5, new Set(['truncated-image', 'file-beyond-end'])]);
  });

  it('gives up a directory of broken records', async () => {
    const count = MAX_DAMAGED_RECORDS + 10;
    const names = Array.from({ length: count * 40 }, (_, i) => ({ name: `file${i}` }));
    const patch = (image: Buffer, sectors: ReadonlyMap<string, number>): void => {
      for (let i = 1; i < count; i += 1) image[(sectors.get('')! + i) * SECTOR] = 1;
    };
    await using image = await openBytes(buildCdi(names, { patch }));
    await image.index.children(0);
    const codes = image.findings.findings.map(({ code }) => code);
    expect(codes.filter((code) => code === 'damaged-record')).toHaveLength(MAX_DAMAGED_RECORDS + 1);
    expect(codes).toContain('directory-given-up');
  });

  it('whose directory holds itself ends', async () => {
    const patch = (image: Buffer, sectors: ReadonlyMap<string, number>): void => {
      const record = image.indexOf('again', sectors.get('')! * SECTOR) - 33;
      image.writeUInt32BE(sectors.get('')!, record + 6);
    };
    await using image = await openBytes(buildCdi([{ name: 'again', entries: [] }], { patch }));
    expect(await paths(image)).toEqual([['/', '/again'], ['unreadable-directory']]);
  });
});
