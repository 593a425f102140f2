// What real and odd writers make of SUSP and Rock Ridge, one test or more for each corner case.
import { describe, expect, it } from 'vitest';
import { MAX_CONTINUATIONS } from '../../../src/filesystem/iso9660/susp.js';
import {
  ER,
  SECTOR,
  both32,
  buildIso,
  ce,
  directory,
  field,
  join,
  nm,
  px,
} from '../../support/builders/iso-builder.js';
import type { RecordSpec } from '../../support/builders/iso-builder.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';
import {
  DIR,
  DIRECTORY,
  FILE,
  LINK,
  pxSerial,
  rockRidge,
  sl,
} from '../../support/builders/rock-ridge-builder.js';

async function inodesOf(root: readonly RecordSpec[]): Promise<number[]> {
  await using image = await openBytes(rockRidge(root));
  const { first, count } = await image.index.children(0);
  return Array.from({ length: count }, (_, i) => image.index.node(first + i).inode);
}

describe('I10: System Use areas', () => {
  it('are found without SP, by the fields in Use of RRIP 1.09', async () => {
    const root = [{ name: 'A.;1', systemUse: join(px(FILE), nm('Name')) }];
    const dotUse = join(field('RR', 0x89), px(DIR, 2));
    await using image = await openBytes(rockRidge(root, {}, dotUse));
    expect(image.tree.kind).toBe('rock-ridge');
    expect((await readAll(image)).entries.has('/Name')).toBe(true);
  });

  it('are found behind what SP says is to be skipped', async () => {
    const xa = Buffer.from('\0\0\0\0\x0d\x55XA\0\0\0\0\0\0', 'latin1');
    const root = [{ name: 'A.;1', systemUse: join(xa, px(FILE), nm('Name')) }];
    const dotUse = join(xa, field('SP', 0xbe, 0xef, 14), px(DIR, 2), ER);
    await using image = await openBytes(rockRidge(root, {}, dotUse));
    expect((await readAll(image)).entries.has('/Name')).toBe(true);
  });

  it('are found behind XA information that is padded by the length of the name (Windows 98 SE)', async () => {
    const xa = Buffer.from('\0\0\0\0\x0d\x55XA\0\0\0\0\0\0', 'latin1');
    // Names of even length have a byte of padding of their own; these records have it twice.
    const root = ['A.;1', 'AB.;1'].map((name) => ({ name, systemUse: join(Buffer.alloc(1), xa) }));
    await using image = await openBytes(buildIso({ root, dotUse: xa }));
    const { entries, codes } = await readAll(image);
    expect([...entries.keys()].sort()).toEqual(['/', '/a', '/ab']);
    expect([image.tree.kind, codes]).toEqual(['iso9660', []]);
  });

  it('that hold something else in one record cost that record its fields only', async () => {
    const root = [
      { name: 'A.;1', systemUse: Buffer.from('no field at all, just text') },
      { name: 'B.;1', systemUse: join(px(FILE), nm('Name')) },
    ];
    await using image = await openBytes(rockRidge(root));
    const { entries, codes } = await readAll(image);
    expect([...entries.keys()].sort()).toEqual(['/', '/Name', '/a']);
    expect(codes).toEqual(['damaged-system-use']);
  });
});

describe('I11: continuation areas', () => {
  const chain = (count: number): Uint8Array => {
    const sectors: Record<number, Uint8Array> = {};
    for (let i = 0; i < count; i += 1) {
      const next = i + 1 < count ? [ce(41 + i, 0, 29)] : [nm('z')];
      sectors[40 + i] = join(...next, Buffer.alloc(SECTOR - 40));
    }
    return rockRidge([{ name: 'A.;1', systemUse: join(px(FILE), ce(40, 0, 28)) }], sectors);
  };

  it('are followed as many as Linux follows, and no more', async () => {
    await using whole = await openBytes(chain(MAX_CONTINUATIONS));
    const atLimit = await readAll(whole);
    expect([atLimit.entries.has('/z'), atLimit.codes]).toEqual([true, []]);
    await using longer = await openBytes(chain(MAX_CONTINUATIONS + 1));
    const above = await readAll(longer);
    expect([above.entries.has('/a'), above.codes]).toEqual([true, ['damaged-system-use']]);
  });

  it('may reach over the end of a block', async () => {
    const area = join(nm('n'.repeat(100), 1), nm('m'.repeat(100)));
    const sectors = { 40: Buffer.concat([Buffer.alloc(SECTOR - 50), area]) };
    const systemUse = join(px(FILE), ce(40, SECTOR - 50, area.length));
    await using image = await openBytes(rockRidge([{ name: 'A.;1', systemUse }], sectors));
    const { entries, codes } = await readAll(image);
    expect(entries.has(`/${'n'.repeat(100)}${'m'.repeat(100)}`)).toBe(true);
    expect(codes).toEqual([]);
  });

  it('a name beside the flags of "." and "..", where none should be, is the name', async () => {
    const root = [2, 4].map((flag) => ({
      name: `A${flag}.;1`,
      systemUse: join(px(FILE), nm(`Name ${flag}`, flag), nm('', flag)),
    }));
    await using image = await openBytes(rockRidge(root));
    const { entries } = await readAll(image);
    expect([...entries.keys()]).toEqual(['/', '/Name 2', '/Name 4']);
  });

  it('may be shared by records', async () => {
    const area = px(FILE, 1, 11, 22);
    const records = ['A', 'B'].map((name) => ({
      name: `${name}.;1`,
      systemUse: join(nm(name), ce(40, 0, area.length)),
    }));
    await using image = await openBytes(rockRidge(records, { 40: area }));
    const { entries } = await readAll(image);
    for (const path of ['/A', '/B']) expect(entries.get(path)).toMatchObject({ userId: 11, groupId: 22 });
  });
});

describe('I12: mixed editions of Rock Ridge', () => {
  it('are read record by record', async () => {
    const root = [
      { name: 'A.;1', systemUse: join(field('RR', 0x09), px(FILE, 1, 1), nm('old')) },
      { name: 'B.;1', systemUse: join(pxSerial(FILE, 1, 77), nm('new')) },
    ];
    await using image = await openBytes(rockRidge(root));
    const { entries, codes } = await readAll(image);
    expect(entries.get('/old')).toMatchObject({ mode: 0o644, userId: 1 });
    expect(entries.get('/new')).toMatchObject({ mode: 0o644, userId: 0 });
    expect(codes).toEqual([]);
  });

  const file = (name: string, px: Uint8Array, extent: number, size = 100): RecordSpec => {
    return { name: `${name}.;1`, extent, size, systemUse: join(px, nm(name)) };
  };

  it('are names of one file where they share data and serial number', async () => {
    const [a, b] = await inodesOf([file('A', pxSerial(FILE, 2, 9), 30), file('B', pxSerial(FILE, 2, 9), 30)]);
    expect(a).toBe(b);
  });

  it('I22: files that only begin at one place are two, whatever their links and serial number say', async () => {
    const sizes = [1, 2, 2047, 2048, 2049, 4096, 60_644, 60_704];
    const inodes = await inodesOf(
      sizes.map((size, i) => ({ ...file(`A${i}`, pxSerial(FILE, 2, 9), 30), size })),
    );
    expect(new Set(inodes).size).toBe(sizes.length);
  });

  it('are names of one file where they share data and there are no serial numbers', async () => {
    const [a, b] = await inodesOf([file('A', px(FILE, 2), 30), file('B', px(FILE, 2), 30)]);
    expect(a).toBe(b);
  });

  it('are different files where every file has the same serial number, as go-diskfs writes it', async () => {
    const inodes = await inodesOf([
      file('A', pxSerial(FILE, 1, 1), 30),
      file('B', pxSerial(FILE, 1, 1), 31),
      file('C', pxSerial(FILE, 2, 1), 32),
      file('D', pxSerial(FILE, 2, 1), 33),
    ]);
    expect(new Set(inodes).size).toBe(4);
  });

  it('are different files where equal content was stored once', async () => {
    const inodes = await inodesOf([
      file('A', pxSerial(FILE, 1, 5), 30),
      file('B', pxSerial(FILE, 1, 6), 30),
      file('C', pxSerial(FILE, 2, 7), 30),
      file('D', pxSerial(FILE, 2, 8), 30),
    ]);
    expect(new Set(inodes).size).toBe(4);
  });
});

describe('I13: directories that were moved', () => {
  const relocated = (name: string, extent: number): RecordSpec => ({
    name: 'DEEP',
    extent,
    size: 2 * SECTOR,
    flags: DIRECTORY,
    systemUse: join(px(DIR), nm(name), field('RE')),
  });
  const content = directory(41, [{ name: 'F.;1', systemUse: join(px(FILE), nm('inside')) }], px(0o040700, 2));
  const here: RecordSpec = { name: 'HERE', systemUse: join(px(FILE), nm('here'), field('CL', both32(41))) };
  const holder = (name: string): RecordSpec => ({
    name: 'RR_MOVED',
    extent: 40,
    size: SECTOR,
    flags: DIRECTORY,
    systemUse: join(px(DIR), nm(name)),
  });

  it.each(['rr_moved', '.rr_moved'])('leave nothing to see of "%s"', async (name) => {
    const moved = directory(40, [relocated('deep', 41)], px(DIR, 2));
    await using image = await openBytes(rockRidge([here, holder(name)], { 40: moved, 41: content }));
    const { entries, codes } = await readAll(image);
    expect([...entries.keys()].sort()).toEqual(['/', '/here', '/here/inside']);
    expect(codes).toEqual([]);
  });

  it('leave a directory of that name alone that holds something else', async () => {
    const own = { name: 'OWN.;1', systemUse: join(px(FILE), nm('own')) };
    const moved = directory(40, [relocated('deep', 41), own], px(DIR, 2));
    await using image = await openBytes(rockRidge([here, holder('rr_moved')], { 40: moved, 41: content }));
    expect((await readAll(image)).entries.has('/rr_moved/own')).toBe(true);
  });

  it('leave an empty directory of that name alone', async () => {
    const empty = directory(40, [], px(DIR, 2));
    await using image = await openBytes(rockRidge([holder('rr_moved')], { 40: empty }));
    expect((await readAll(image)).entries.has('/rr_moved')).toBe(true);
  });

  it('are hidden where they lie, wherever that is', async () => {
    await using image = await openBytes(rockRidge([here, relocated('deep', 41)], { 41: content }));
    expect([...(await readAll(image)).entries.keys()].sort()).toEqual(['/', '/here', '/here/inside']);
  });

  it('that are not where CL says become a finding', async () => {
    const lost = { name: 'L', systemUse: join(px(FILE), nm('lost'), field('CL', both32(90_000))) };
    const other = { name: 'O.;1', systemUse: join(px(FILE), nm('other')) };
    await using image = await openBytes(rockRidge([lost, other]));
    const { entries, codes } = await readAll(image);
    expect(entries.has('/other')).toBe(true);
    expect(codes).toContain('broken-child-link');
  });

  it('take their name from CL, not from an NM that is flagged as "." or ".."', async () => {
    const flagged = join(px(FILE), nm('', 2), field('CL', both32(41)));
    await using image = await openBytes(rockRidge([{ name: 'HERE', systemUse: flagged }], { 41: content }));
    expect((await readAll(image)).entries.has('/here/inside')).toBe(true);
  });
});

describe('I14: symlinks', () => {
  it.each([
    ['without components', [sl(0)], ''],
    ['to the root and back', [sl(0, [8, ''], [4, ''], [4, ''])], '/../..'],
    ['with an empty component', [sl(0, [0, 'a'], [0, ''], [0, 'b'])], 'a//b'],
    ['of the root inside of a target', [sl(0, [0, 'a'], [8, ''], [0, 'b'])], 'a//b'],
    ['with a root that has text of its own', [sl(0, [8, 'x'], [0, 'a'])], '/a'],
    ['with a component of several kinds at once, as Linux reads none', [sl(0, [0, 'a'], [6, ''])], 'a/'],
    [
      'with a separator written as component 3, as Linux reads it',
      [sl(0, [0, 'a'], [3, ''], [0, 'b'])],
      'a/.b',
    ],
    ['whose last component says that it goes on', [sl(0, [0, 'a'], [1, 'b'])], 'a/b'],
    ['whose last field says that it goes on', [sl(1, [0, 'a'])], 'a/'],
    ['of a field too short for a component', [field('SL', 0, 0)], ''],
    ['continued over three fields', [sl(1, [1, 'a']), sl(1, [1, 'b']), sl(0, [0, 'c'])], 'abc'],
  ])('are read %s', async (_, fields, target) => {
    const systemUse = join(px(LINK), nm('link'), ...fields);
    await using image = await openBytes(rockRidge([{ name: 'L.;1', systemUse }]));
    expect((await readAll(image)).entries.get('/link')).toMatchObject({ type: 'l', target });
  });

  it.each([
    [4095, []],
    [4096, ['invalid-target']],
  ])('have targets of at most 4095 bytes: %s', async (length, expected) => {
    const pieces = Math.ceil(length / 200);
    const area = join(
      ...Array.from({ length: pieces }, (_, i) => {
        const isLast = i + 1 === pieces;
        return sl(isLast ? 0 : 1, [isLast ? 0 : 1, 't'.repeat(Math.min(200, length - i * 200))]);
      }),
    );
    const systemUse = join(px(LINK), nm('link'), ce(40, 0, area.length));
    await using image = await openBytes(rockRidge([{ name: 'L.;1', systemUse }], { 40: area }));
    const { entries, codes } = await readAll(image);
    expect(entries.get('/link')?.target).toHaveLength(4095);
    expect(codes).toEqual(expected);
  });
});

describe('I15: time stamps', () => {
  const shortDate = (year: number, zone = 0): Uint8Array => Uint8Array.of(year, 6, 7, 8, 9, 10, zone);
  const seconds = (year: number): number => Date.UTC(1900 + year, 5, 7, 8, 9, 10) / 1000;
  const timesOf = async (...fields: Uint8Array[]): Promise<number[]> => {
    const systemUse = join(px(FILE), nm('f'), ...fields);
    await using image = await openBytes(rockRidge([{ name: 'F.;1', systemUse }]));
    const { modified, accessed, changed } = image.index.node(await image.index.resolve('f'));
    return [modified.seconds, accessed.seconds, changed.seconds];
  };
  const RECORD_TIME = Date.UTC(2020, 0, 2, 3, 4, 5) / 1000;

  it('have a change time in the place of the creation time', async () => {
    const tf = field('TF', 0x07, shortDate(100), shortDate(101), shortDate(102));
    expect(await timesOf(tf)).toEqual([seconds(101), seconds(102), seconds(100)]);
  });

  it('come in several fields, of different widths', async () => {
    const long = Buffer.from('2001060708091000\0', 'latin1');
    const times = await timesOf(field('TF', 0x82, long), field('TF', 0x0c, shortDate(105), shortDate(106)));
    expect(times).toEqual([seconds(101), seconds(105), seconds(106)]);
  });

  it('are those of the record where the field is cut short or names none', async () => {
    expect(await timesOf(field('TF', 0x0e, shortDate(100)))).toEqual([
      seconds(100),
      RECORD_TIME,
      RECORD_TIME,
    ]);
    expect(await timesOf(field('TF', 0))).toEqual([RECORD_TIME, RECORD_TIME, RECORD_TIME]);
  });

  it('may have hundredths that are no digits (MagicISO), and nothing but a zone', async () => {
    const magic = Buffer.from('20010607080910\0\0\0', 'latin1');
    const zoneOnly = Buffer.concat([Buffer.alloc(16, '0'), Buffer.of(4)]);
    expect(await timesOf(field('TF', 0x82, magic))).toEqual([seconds(101), RECORD_TIME, RECORD_TIME]);
    expect(await timesOf(field('TF', 0x82, zoneOnly))).toEqual([RECORD_TIME, RECORD_TIME, RECORD_TIME]);
  });

  it('of which the zone has the wrong sign (mkisofs before 1.10) are read as they are written', async () => {
    const [modified] = await timesOf(field('TF', 0x02, shortDate(100, -8)));
    expect(modified).toBe(seconds(100) + 8 * 900);
  });

  it('ignore a zone that is none', async () => {
    const [modified] = await timesOf(field('TF', 0x02, shortDate(100, 100)));
    expect(modified).toBe(seconds(100));
  });
});

describe('I16: files without bytes', () => {
  it('are no hard links of one another, whatever extent they have', async () => {
    const empty = (name: string, extent: number): RecordSpec => ({
      name: `${name}.;1`,
      extent,
      size: 0,
      systemUse: join(pxSerial(FILE, 2, 5), nm(name)),
    });
    const link = {
      name: 'L.;1',
      extent: 30,
      systemUse: join(px(LINK, 2), nm('l'), field('SL', 0, 0, 1, 0x61)),
    };
    const inodes = await inodesOf([empty('A', 30), empty('B', 30), empty('C', 0), empty('D', 99_999), link]);
    expect(new Set(inodes).size).toBe(5);
  });
});

describe('sparse files', () => {
  it('are shown as they are stored, with a finding', async () => {
    const sf = field('SF', both32(0), both32(5000), 1);
    const record = { name: 'S.;1', extent: 30, size: 100, systemUse: join(px(FILE), nm('s'), sf) };
    await using image = await openBytes(rockRidge([record]));
    const { entries, codes } = await readAll(image);
    expect(entries.get('/s')).toMatchObject({ size: 100 });
    expect(codes).toEqual(['sparse-file']);
  });
});
