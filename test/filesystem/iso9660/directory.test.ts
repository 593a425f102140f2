// Directory records of every odd kind, in images built for the purpose.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SECTOR, buildIso, directory, record } from '../../support/builders/iso-builder.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';

const DIRECTORY = 2;
const ASSOCIATED = 4;
const MORE = 0x80;

function sectorOf(letter: string): Uint8Array {
  return Buffer.alloc(SECTOR, letter);
}

function hash(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

describe('a plain ISO 9660 directory', () => {
  it('shows names in lower case, without version 1 and the dot before it', async () => {
    const names = ['HELLO.TXT;1', 'NOEXT.;1', 'OTHER;1', 'TWO.TXT;2', 'NoVersion', 'A/B'];
    await using image = await openBytes(buildIso({ root: names.map((name) => ({ name })) }));
    const { entries } = await readAll(image);
    expect([...entries.keys()].sort()).toEqual(
      ['/', '/a.b', '/hello.txt', '/noext', '/noversion', '/other', '/two.txt.2'].sort(),
    );
  });

  it('joins the sections of a file, also when they do not follow one another', async () => {
    const parts = { 30: sectorOf('a'), 33: sectorOf('b'), 34: sectorOf('c') };
    const root = [
      { name: 'BIG.;1', extent: 30, size: SECTOR, flags: MORE },
      { name: 'BIG.;1', extent: 33, size: SECTOR, flags: MORE },
      { name: 'BIG.;1', extent: 34, size: 100 },
      { name: 'NEXT.;1', extent: 30, size: 1 },
    ];
    await using image = await openBytes(buildIso({ root, sectors: parts }));
    const { entries, codes } = await readAll(image);
    const content = Buffer.concat([parts[30], parts[33], parts[34].subarray(0, 100)]);
    expect(entries.get('/big')).toMatchObject({ size: 2 * SECTOR + 100, sha256: hash(content) });
    expect(entries.get('/next')?.sha256).toBe(hash('a'));
    expect(codes).toEqual([]);
  });

  it('leaves out an associated file, even between the sections of its file', async () => {
    const root = [
      { name: 'F.;1', extent: 30, size: SECTOR, flags: MORE },
      { name: 'F.;1', extent: 40, size: 5, flags: ASSOCIATED },
      { name: 'F.;1', extent: 31, size: 1 },
    ];
    await using image = await openBytes(
      buildIso({ root, sectors: { 30: sectorOf('a'), 31: sectorOf('b') } }),
    );
    const { entries } = await readAll(image);
    expect([...entries.keys()]).toEqual(['/', '/f']);
    expect(entries.get('/f')).toMatchObject({ size: SECTOR + 1, sha256: hash(`${'a'.repeat(SECTOR)}b`) });
  });

  it('shows a file whose last section is missing, and says so', async () => {
    const root = [
      { name: 'F.;1', extent: 30, size: SECTOR, flags: MORE },
      { name: 'G.;1', extent: 31, size: 1 },
    ];
    await using image = await openBytes(buildIso({ root }));
    const { entries, codes } = await readAll(image);
    expect(entries.get('/f')?.size).toBe(SECTOR);
    expect(entries.has('/g')).toBe(true);
    expect(codes).toEqual(['missing-section']);
  });

  it('reads interleaved files, which Linux shows as empty', async () => {
    const sectors = { 30: sectorOf('a'), 31: sectorOf('x'), 32: sectorOf('b'), 33: sectorOf('x') };
    const root = [{ name: 'F.;1', extent: 30, size: SECTOR + 3, unit: 1, gap: 1 }];
    await using image = await openBytes(buildIso({ root, sectors }));
    const { entries } = await readAll(image);
    expect(entries.get('/f')).toMatchObject({ size: SECTOR + 3, sha256: hash(`${'a'.repeat(SECTOR)}bbb`) });
  });

  it('finds the data behind an extended attribute record', async () => {
    const root = [{ name: 'F.;1', extent: 30, extendedAttributes: 2, size: 1 }];
    await using image = await openBytes(buildIso({ root, sectors: { 32: sectorOf('z') } }));
    expect((await readAll(image)).entries.get('/f')?.sha256).toBe(hash('z'));
  });

  it('uses the little-endian half of a number whose halves differ, and says so', async () => {
    const image = Buffer.from(buildIso({ root: [{ name: 'F.;1', extent: 30, size: 7 }] }));
    const at = image.indexOf('F.;1') - 33;
    image.writeUInt32BE(99, at + 14);
    await using opened = await openBytes(image);
    const { entries, codes } = await readAll(opened);
    expect(entries.get('/f')?.size).toBe(7);
    expect(codes).toEqual(['both-endian-mismatch']);
  });

  it('goes on behind a record whose name does not fit', async () => {
    const image = Buffer.from(buildIso({ root: [{ name: 'BAD.;1' }, { name: 'GOOD.;1' }] }));
    image[image.indexOf('BAD.;1') - 1] = 255;
    await using opened = await openBytes(image);
    const { entries, codes } = await readAll(opened);
    expect([...entries.keys()]).toEqual(['/', '/good']);
    expect(codes).toEqual(['damaged-record']);
  });

  it('goes on in the next sector behind a record that is too short', async () => {
    const many = Array.from({ length: 60 }, (_, i) => ({ name: `FILE${String(i).padStart(2, '0')}.;1` }));
    const image = Buffer.from(buildIso({ root: many }));
    image[image.indexOf('FILE01.;1') - 33] = 20;
    await using opened = await openBytes(image);
    const { entries } = await readAll(opened);
    expect(entries.has('/file00')).toBe(true);
    expect(entries.has('/file02')).toBe(false);
    expect(entries.has('/file59')).toBe(true);
  });

  it('marks a directory outside of the image as one that cannot be opened, and lists the rest', async () => {
    const root = [
      { name: 'FAR', extent: 5000, size: SECTOR, flags: DIRECTORY },
      { name: 'NEAR', extent: 30, size: 2 * SECTOR, flags: DIRECTORY },
    ];
    const near = directory(30, [{ name: 'F.;1' }]);
    await using image = await openBytes(buildIso({ root, sectors: { 30: near } }));
    const { entries, codes } = await readAll(image);
    expect([...entries.keys()].sort()).toEqual(['/', '/far', '/near', '/near/f']);
    expect(codes).toEqual(['unreadable-directory']);
    await expect(image.index.children(await image.index.resolve('/far'))).rejects.toMatchObject({
      code: 'damaged',
    });
  });

  it('takes the attributes of a directory from its own record, as Linux does', async () => {
    const inner = Buffer.from(directory(30, []));
    inner.set([121, 6, 7, 8, 9, 10, 0], 18);
    const root = [{ name: 'D', extent: 30, size: 2 * SECTOR, flags: DIRECTORY }];
    await using image = await openBytes(buildIso({ root, sectors: { 30: inner } }));
    const { entries } = await readAll(image);
    expect(entries.get('/d')?.modified).toBe(Date.UTC(2021, 5, 7, 8, 9, 10) / 1000);
    expect(entries.get('/')?.modified).toBe(Date.UTC(2020, 0, 2, 3, 4, 5) / 1000);
  });

  it('reports a file that reaches beyond the end of the image', async () => {
    await using image = await openBytes(buildIso({ root: [{ name: 'F.;1', extent: 60, size: 99_999 }] }));
    const { entries, codes } = await readAll(image);
    expect(entries.get('/f')).toMatchObject({ size: 99_999, fault: 'read-error:damaged' });
    expect(codes).toEqual(['file-beyond-end']);
  });

  it('gives up a directory of zeros instead of walking to its end', async () => {
    const root = [{ name: 'VOID', extent: 30, size: 0xffff_f800, flags: DIRECTORY }];
    await using image = await openBytes(buildIso({ root, length: 2048 }));
    const { codes } = await readAll(image);
    expect(codes).toEqual(['directory-beyond-end', 'directory-given-up']);
  });

  it('reads a record that crosses a sector', async () => {
    const rows = Array.from({ length: 40 }, (_, i) =>
      record({ name: `LONGNAME${String(i).padStart(2, '0')}.;1` }),
    );
    const dots = directory(30, []).subarray(0, 68);
    const inner = Buffer.alloc(2 * SECTOR);
    inner.set(Buffer.concat([dots, ...rows]));
    const root = [{ name: 'D', extent: 30, size: 2 * SECTOR, flags: DIRECTORY }];
    await using image = await openBytes(buildIso({ root, sectors: { 30: inner } }));
    const { entries } = await readAll(image);
    expect([...entries.keys()].filter((path) => path.startsWith('/d/'))).toHaveLength(40);
  });
});
