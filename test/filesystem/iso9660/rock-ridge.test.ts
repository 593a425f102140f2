// Rock Ridge and SUSP fields, right and wrong, in images built for the purpose.
import { describe, expect, it } from 'vitest';
import {
  ER,
  SECTOR,
  buildIso,
  both32,
  ce,
  directory,
  field,
  join,
  nm,
  px,
} from '../../support/builders/iso-builder.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';
import { DIR, DIRECTORY, FILE, LINK, rockRidge, sl } from '../../support/builders/rock-ridge-builder.js';

describe('Rock Ridge', () => {
  it('gives names, modes, owners and links', async () => {
    const use = join(px(0o104751, 3, 70_000, 4_000_000_000), nm('Long and Mixed.Name'));
    await using image = await openBytes(rockRidge([{ name: 'LONG.;1', systemUse: use }]));
    const { entries } = await readAll(image);
    expect(image.tree.kind).toBe('rock-ridge');
    expect(entries.get('/Long and Mixed.Name')).toMatchObject({
      mode: 0o4751,
      links: 3,
      userId: 70_000,
      groupId: 4_000_000_000,
    });
  });

  it('joins a name of several fields, over continuation areas', async () => {
    const area = join(nm('b'.repeat(100), 1), nm('c'.repeat(55)));
    const use = join(px(FILE), nm('a'.repeat(100), 1), ce(40, 10, area.length));
    const sector = Buffer.alloc(SECTOR);
    sector.set(area, 10);
    await using image = await openBytes(rockRidge([{ name: 'A.;1', systemUse: use }], { 40: sector }));
    const { entries, codes } = await readAll(image);
    expect(entries.has(`/${'a'.repeat(100)}${'b'.repeat(100)}${'c'.repeat(55)}`)).toBe(true);
    expect(codes).toEqual([]);
  });

  it('stops at a loop of continuation areas and keeps what it has', async () => {
    const area = join(nm('name'), ce(40, 0, 37));
    const use = join(px(FILE), ce(40, 0, area.length));
    await using image = await openBytes(rockRidge([{ name: 'A.;1', systemUse: use }], { 40: area }));
    const { entries, codes } = await readAll(image);
    expect(entries.size).toBe(2);
    expect(codes).toContain('damaged-system-use');
  });

  it('reports a continuation area outside of the image', async () => {
    const use = join(px(FILE), nm('name'), ce(99_999, 0, 100));
    await using image = await openBytes(rockRidge([{ name: 'A.;1', systemUse: use }]));
    const { entries, codes } = await readAll(image);
    expect(entries.has('/name')).toBe(true);
    expect(codes).toEqual(['damaged-system-use']);
  });

  it.each([
    ['relative, with parents', [sl(0, [4, ''], [0, 'a'], [2, ''], [0, 'b'])], '../a/./b'],
    ['absolute', [sl(0, [8, ''], [0, 'etc'], [0, 'fstab'])], '/etc/fstab'],
    ['of a component that is continued', [sl(0, [1, 'ab'], [0, 'cd'])], 'abcd'],
    ['of two fields', [sl(1, [0, 'ab']), sl(0, [0, 'cd'])], 'ab/cd'],
    ['of a component continued in the next field', [sl(1, [1, 'ab']), sl(0, [0, 'cd'])], 'abcd'],
    ['of the root alone', [sl(0, [8, ''])], '/'],
    ['whose last component is longer than its field', [field('SL', 0, 0, 200, 0x61, 0x62)], 'ab'],
  ])('reads a symlink target %s', async (_, fields, target) => {
    const use = join(px(LINK), nm('link'), ...fields);
    await using image = await openBytes(rockRidge([{ name: 'L.;1', systemUse: use }]));
    const { entries } = await readAll(image);
    expect(entries.get('/link')).toMatchObject({ type: 'l', target, size: target.length });
  });

  it.each([
    ['major and minor in two words', 8, 17, '8,17'],
    ['a small number in the low word', 0, 5, '0,5'],
    ['all of it packed into the low word', 0, 0x0111_2c70, '300,4464'],
  ])('reads a device number with %s', async (_, high, low, device) => {
    const use = join(px(0o060600), nm('dev'), field('PN', both32(high), both32(low)));
    await using image = await openBytes(rockRidge([{ name: 'D.;1', systemUse: use }]));
    expect((await readAll(image)).entries.get('/dev')).toMatchObject({ type: 'b', device });
  });

  it('reads time stamps of both widths, and the record date where there are none', async () => {
    const short = field('TF', 0x02, Uint8Array.of(99, 12, 31, 23, 59, 58, 4));
    const long = field('TF', 0x82, Buffer.from('2155123123595800', 'latin1'), 0);
    const root = [
      { name: 'A.;1', systemUse: join(px(FILE), nm('short'), short) },
      { name: 'B.;1', systemUse: join(px(FILE), nm('long'), long) },
      { name: 'C.;1', systemUse: join(px(FILE), nm('none')) },
    ];
    await using image = await openBytes(rockRidge(root));
    const { entries } = await readAll(image);
    expect(entries.get('/short')?.modified).toBe(Date.UTC(1999, 11, 31, 22, 59, 58) / 1000);
    expect(entries.get('/long')?.modified).toBe(Date.UTC(2155, 11, 31, 23, 59, 58) / 1000);
    expect(entries.get('/none')?.modified).toBe(Date.UTC(2020, 0, 2, 3, 4, 5) / 1000);
  });

  it('shows a moved directory where it belongs, and not where it lies', async () => {
    const moved = directory(40, [{ name: 'F.;1', systemUse: join(px(FILE), nm('inside')) }], px(0o040700, 2));
    const root = [
      { name: 'HERE', systemUse: join(px(FILE), nm('here'), field('CL', both32(40))) },
      {
        name: 'MOVED',
        extent: 40,
        size: 2 * SECTOR,
        flags: DIRECTORY,
        systemUse: join(px(DIR), nm('moved'), field('RE')),
      },
    ];
    await using image = await openBytes(rockRidge(root, { 40: moved }));
    const { entries } = await readAll(image);
    expect([...entries.keys()]).toEqual(['/', '/here', '/here/inside']);
    expect(entries.get('/here')).toMatchObject({ type: 'd', mode: 0o700 });
  });

  it('shares the inode of hard links, but not of empty files', async () => {
    const use = (name: string): Uint8Array => join(px(FILE, 2), nm(name));
    const root = [
      { name: 'A.;1', extent: 30, size: 5, systemUse: use('one') },
      { name: 'B.;1', extent: 30, size: 5, systemUse: use('two') },
      { name: 'C.;1', extent: 30, size: 0, systemUse: use('empty1') },
      { name: 'D.;1', extent: 30, size: 0, systemUse: use('empty2') },
    ];
    await using image = await openBytes(rockRidge(root));
    const inode = async (path: string): Promise<number> =>
      image.index.node(await image.index.resolve(path)).inode;
    expect(Math.floor((await inode('/one')) / SECTOR)).toBe(30);
    expect(await inode('/two')).toBe(await inode('/one'));
    expect(await inode('/empty1')).not.toBe(await inode('/empty2'));
  });

  it('finds its fields behind CD-ROM XA information', async () => {
    const xa = new Uint8Array(14);
    const skipping = field('SP', 0xbe, 0xef, 14);
    const root = [{ name: 'A.;1', systemUse: join(xa, px(FILE), nm('found')) }];
    const dotUse = join(xa, skipping, px(DIR, 2), ER);
    await using image = await openBytes(buildIso({ root, dotUse }));
    expect((await readAll(image)).entries.has('/found')).toBe(true);
  });

  it('keeps a file a file when PX calls it a directory, and says so', async () => {
    const use = join(px(DIR), nm('odd'));
    await using image = await openBytes(rockRidge([{ name: 'A.;1', size: 3, extent: 30, systemUse: use }]));
    const { entries, codes } = await readAll(image);
    expect(entries.get('/odd')?.type).toBe('f');
    expect(codes).toEqual(['type-mismatch']);
  });

  it('is not seen where the System Use field holds something else', async () => {
    const root = [{ name: 'A.;1', systemUse: Buffer.from('Xwhatever, unrelated bytes here') }];
    await using image = await openBytes(buildIso({ root }));
    const { entries } = await readAll(image);
    expect(image.trees.map(({ kind }) => kind)).toEqual(['iso9660']);
    expect(entries.has('/a')).toBe(true);
  });
});
