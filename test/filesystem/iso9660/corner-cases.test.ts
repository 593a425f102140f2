// The corner cases that real discs hit, volume descriptors and names, each by its number in the list of cases that
// the project is measured by. Those of Rock Ridge (I10 to I16) and zisofs (I21) stand with their parts.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  descriptor,
  highSierraDescriptor,
  highSierraRecord,
  pathTable,
  terminator,
  ucs2,
} from '../../support/builders/descriptor-builder.js';
import {
  ER,
  ROOT_SECTOR,
  SECTOR,
  SP,
  buildIso,
  directory,
  join,
  nm,
  record,
} from '../../support/builders/iso-builder.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';
import { TEST_TIME } from '../../support/builders/test-time.js';

const DIRECTORY = 2;
const ASSOCIATED = 4;
const MORE = 0x80;
const JOLIET_ROOT = 40;

function hash(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

function sectorOf(letter: string): Uint8Array {
  return Buffer.alloc(SECTOR, letter);
}

/** Sectors of a Joliet tree whose root holds these names. */
function joliet(names: readonly string[], options: { version?: number; escapes?: string } = {}) {
  const root = directory(
    JOLIET_ROOT,
    names.map((name) => ({ name: ucs2(name), extent: 30, size: 1 })),
  );
  return {
    17: descriptor({
      type: 2,
      escapes: '%/E',
      label: ucs2('JOLIET'),
      root: { extent: JOLIET_ROOT, size: root.length },
      ...options,
    }),
    18: terminator(),
    [JOLIET_ROOT]: root,
  };
}

async function list(bytes: Uint8Array, options: Parameters<typeof openBytes>[1] = {}) {
  await using image = await openBytes(bytes, options);
  const { entries, codes } = await readAll(image);
  return {
    paths: [...entries.keys()].filter((path) => path !== '/').sort(),
    entries,
    codes,
    kind: image.tree.kind,
  };
}

describe('Trees of a disc', () => {
  it('I1: Rock Ridge wins over Joliet', async () => {
    const root = [{ name: 'A.;1', systemUse: nm('rock') }];
    const bytes = buildIso({ root, dotUse: join(SP, ER), sectors: joliet(['joliet']) });
    expect(await list(bytes)).toMatchObject({ kind: 'rock-ridge', paths: ['/rock'] });
  });

  it('I1: Joliet wins when the root of Rock Ridge holds nothing', async () => {
    const bytes = buildIso({ root: [], dotUse: join(SP, ER), sectors: joliet(['joliet']) });
    expect(await list(bytes)).toMatchObject({ kind: 'joliet', paths: ['/joliet'], codes: ['unusable-tree'] });
  });

  it('I1: Joliet wins when the root of Rock Ridge cannot be read', async () => {
    const patch = (primary: Uint8Array): void =>
      void Buffer.from(primary.buffer, primary.byteOffset).writeUInt32LE(9999, 158);
    const found = await list(buildIso({ root: [{ name: 'A.;1' }], patch, sectors: joliet(['joliet']) }));
    expect(found).toMatchObject({ kind: 'joliet', paths: ['/joliet'] });
  });

  it("I2: Joliet's escape sequence in the primary descriptor makes it no Joliet", async () => {
    const patch = (primary: Uint8Array): void => primary.set(Buffer.from('%/E'), 88);
    expect(await list(buildIso({ root: [{ name: 'PLAIN.;1' }], patch }))).toMatchObject({
      kind: 'iso9660',
      paths: ['/plain'],
    });
  });

  it('I2: of two primary descriptors the first that can be used counts', async () => {
    const root = { extent: ROOT_SECTOR, size: 2 * SECTOR };
    const second = { 17: descriptor({ root, label: 'SECOND' }), 18: terminator() };
    await using both = await openBytes(buildIso({ root: [{ name: 'A.;1' }], sectors: second }));
    expect(both.volume.volumeId).toBe('TEST');
    expect((await readAll(both)).codes).toEqual(['repeated-descriptor']);
    const patch = (primary: Uint8Array): void => void primary.fill(7, 128, 132);
    await using repaired = await openBytes(buildIso({ root: [{ name: 'A.;1' }], patch, sectors: second }));
    expect(repaired.volume.volumeId).toBe('SECOND');
    expect((await readAll(repaired)).codes).toEqual(['damaged-descriptor', 'shifted-descriptor']);
  });

  it('I2: a supplementary descriptor that is no Joliet gives no tree', async () => {
    const bytes = buildIso({ root: [{ name: 'A.;1' }], sectors: joliet(['x'], { escapes: '%/B' }) });
    expect(await list(bytes)).toMatchObject({
      kind: 'iso9660',
      paths: ['/a'],
      codes: ['unknown-descriptor'],
    });
  });

  it('I2: the enhanced descriptor of ISO 9660:1999, version 2, has a tree of its own with long names', async () => {
    const long = `${'Long name, '.repeat(18)}end.txt`;
    const root = directory(JOLIET_ROOT, [{ name: long, extent: 30, size: 1 }, { name: 'Both;1' }]);
    const enhanced = descriptor({ type: 2, version: 2, root: { extent: JOLIET_ROOT, size: root.length } });
    const sectors = { 17: enhanced, 18: terminator(), [JOLIET_ROOT]: root, 30: sectorOf('x') };
    const bytes = buildIso({ root: [{ name: 'SHORT.;1' }], sectors });
    const found = await list(bytes);
    expect(found).toMatchObject({ kind: 'iso9660-1999', paths: ['/Both', `/${long}`] });
    expect(found.entries.get(`/${long}`)?.sha256).toBe(hash('x'));
    expect((await list(bytes, { tree: 'iso9660' })).paths).toEqual(['/short']);
  });

  it('I2: an enhanced descriptor with the root of the primary one is no other tree', async () => {
    const enhanced = descriptor({ type: 2, version: 2, root: { extent: ROOT_SECTOR, size: 2 * SECTOR } });
    const bytes = buildIso({ root: [{ name: 'A.;1' }], sectors: { 17: enhanced, 18: terminator() } });
    await using image = await openBytes(bytes);
    expect(image.trees.map(({ kind }) => kind)).toEqual(['iso9660']);
  });

  it('I3: Joliet names of 103 characters, surrogates, ";1", trailing dots and extensions of one letter', async () => {
    const long = 'n'.repeat(103);
    const names = [
      long,
      'smile \u{1f600}.txt',
      'half \ud83d',
      'nero.txt;1',
      'dots..',
      'main.c',
      '\u65e5\u672c\u8a9e',
    ];
    const { paths } = await list(buildIso({ root: [], sectors: joliet(names) }));
    const shown = [
      long,
      'smile \u{1f600}.txt',
      'half \ufffd',
      'nero.txt',
      'dots',
      'main.c',
      '\u65e5\u672c\u8a9e',
    ];
    const escape = (name: string): string =>
      [...Buffer.from(name)]
        .map((b) => (b < 0x7f && b > 0x1f ? String.fromCharCode(b) : `\\x${b.toString(16)}`))
        .join('');
    expect(paths).toEqual(shown.map((name) => `/${escape(name)}`).sort());
  });

  it('I4: odd root records, structure versions and terminators are told and not believed', async () => {
    const patch = (primary: Uint8Array): void => {
      primary[156] = 48;
      primary[189] = 7;
      primary[881] = 0;
      primary.fill(0x55, 1395);
    };
    const end = terminator();
    end[6] = 0;
    end[100] = 1;
    const found = await list(buildIso({ root: [{ name: 'A.;1' }], patch, sectors: { 17: end } }));
    expect(found.paths).toEqual(['/a']);
    expect(found.codes.sort()).toEqual(['odd-root-record', 'odd-structure-version', 'odd-terminator']);
  });

  it('I4: a root whose own record is broken is listed all the same', async () => {
    const image = Buffer.from(buildIso({ root: [{ name: 'A.;1' }] }));
    image[ROOT_SECTOR * SECTOR + 33] = 0x41;
    const found = await list(image);
    expect(found.paths).toContain('/a');
  });
});

describe('Numbers of a disc', () => {
  it('I5: sizes and extents whose halves disagree are taken from the little-endian half', async () => {
    const image = Buffer.from(
      buildIso({ root: [{ name: 'F.;1', extent: 30, size: 3 }], sectors: { 30: sectorOf('q') } }),
    );
    const at = image.indexOf('F.;1') - 33;
    image.writeUInt32BE(31, at + 6);
    image.writeUInt32BE(2048, at + 14);
    const { entries, codes } = await list(image);
    expect(entries.get('/f')).toMatchObject({ size: 3, sha256: hash('qqq') });
    expect(codes).toEqual(['both-endian-mismatch']);
  });

  it('I6: a volume size that is too small hides no file', async () => {
    const patch = (primary: Uint8Array): void => void primary.fill(0, 80, 88);
    const { entries, codes } = await list(
      buildIso({ root: [{ name: 'F.;1', extent: 60, size: 1 }], patch, sectors: { 60: sectorOf('z') } }),
    );
    expect(entries.get('/f')?.sha256).toBe(hash('z'));
    expect(codes).toEqual([]);
  });

  it('I6: a volume size that is too large is told as truncation, with both lengths', async () => {
    const image = buildIso({ root: [{ name: 'F.;1' }], length: 64 }).subarray(0, 50 * SECTOR);
    await using opened = await openBytes(image);
    expect(opened.findings.findings).toMatchObject([
      {
        code: 'truncated-image',
        message: `Image has ${50 * SECTOR} bytes, expected ${64 * SECTOR}: it is truncated`,
      },
    ]);
  });

  it('I7: more than a hundred sections, not contiguous, in Joliet too, with an associated file between', async () => {
    const count = 120;
    const sectors: Record<number, Uint8Array> = {};
    const part = (name: string | Uint8Array, i: number) => ({
      name,
      extent: 70 + 2 * i,
      size: i < count - 1 ? SECTOR : 5,
      flags: i < count - 1 ? MORE : 0,
    });
    for (let i = 0; i < count; i += 1) sectors[70 + 2 * i] = Buffer.alloc(SECTOR, i);
    const records = (name: string | Uint8Array) => {
      const parts = Array.from({ length: count }, (_, i) => part(name, i));
      return [...parts.slice(0, 2), { name, extent: 30, size: 9, flags: ASSOCIATED }, ...parts.slice(2)];
    };
    const build = (where: number, rows: ReturnType<typeof records>) => {
      const bytes = Buffer.alloc(6 * SECTOR);
      const own = { extent: where, size: bytes.length, flags: DIRECTORY };
      let at = 0;
      for (const one of [{ ...own, name: '\0' }, { ...own, name: '\x01' }, ...rows].map(record)) {
        if ((at % SECTOR) + one.length > SECTOR) at += SECTOR - (at % SECTOR);
        bytes.set(one, at);
        at += one.length;
      }
      return bytes;
    };
    const inner = build(320, records('BIG.;1'));
    const jolietRoot = build(330, records(ucs2('big')));
    const svd = descriptor({ type: 2, escapes: '%/@', root: { extent: 330, size: jolietRoot.length } });
    const image = buildIso({
      root: [{ name: 'D', extent: 320, size: inner.length, flags: DIRECTORY }],
      length: 340,
      sectors: { ...sectors, 17: svd, 18: terminator(), 320: inner, 330: jolietRoot },
    });
    const parts = Array.from({ length: count }, (_, i) => Buffer.alloc(i < count - 1 ? SECTOR : 5, i));
    const content = Buffer.concat(parts);
    const wanted = { size: content.length, sha256: hash(content) };
    expect((await list(image, { tree: 'iso9660' })).entries.get('/d/big')).toMatchObject(wanted);
    expect((await list(image, { tree: 'joliet' })).entries.get('/big')).toMatchObject(wanted);
  });

  it('I7: the largest section, 0xfffff800 bytes, and a further one make one file beyond 4 GiB', async () => {
    const root = [
      { name: 'BIG.;1', extent: 30, size: 0xffff_f800, flags: MORE },
      { name: 'BIG.;1', extent: 30 + 0x1f_ffff, size: 4096 },
    ];
    await using image = await openBytes(buildIso({ root }));
    const row = await image.index.resolve('/big');
    expect(image.index.node(row).size).toBe(0xffff_f800 + 4096);
  });

  it('I8: interleaved files are read, several units and gaps of each', async () => {
    const sectors: Record<number, Uint8Array> = {};
    for (let i = 0; i < 10; i += 1) sectors[30 + i] = Buffer.alloc(SECTOR, i);
    const root = [{ name: 'F.;1', extent: 30, size: 5 * SECTOR + 7, unit: 2, gap: 1 }];
    const { entries } = await list(buildIso({ root, sectors }));
    const wanted = [0, 1, 3, 4, 6, 7].map((i) => sectors[30 + i]!);
    expect(entries.get('/f')?.sha256).toBe(hash(Buffer.concat(wanted).subarray(0, 5 * SECTOR + 7)));
  });

  it('I9: a directory that two parents share can be opened in both, one that is its own ancestor cannot', async () => {
    const shared = directory(30, [{ name: 'F.;1' }]);
    const parent = directory(33, [
      { name: 'SHARED', extent: 30, size: shared.length, flags: DIRECTORY },
      { name: 'LOOP', extent: ROOT_SECTOR, size: SECTOR, flags: DIRECTORY },
    ]);
    const root = [
      { name: 'SHARED', extent: 30, size: shared.length, flags: DIRECTORY },
      { name: 'SUB', extent: 33, size: parent.length, flags: DIRECTORY },
    ];
    const { paths, codes } = await list(buildIso({ root, sectors: { 30: shared, 33: parent } }));
    expect(paths).toEqual(['/shared', '/shared/f', '/sub', '/sub/loop', '/sub/shared', '/sub/shared/f']);
    expect(codes).toEqual(['unreadable-directory']);
  });

  it('I9: padding that is not zero is skipped record by record', async () => {
    const root = Array.from({ length: 46 }, (_, i) => ({ name: `FILE${String(i).padStart(2, '0')}.;1` }));
    const image = Buffer.from(buildIso({ root }));
    const start = ROOT_SECTOR * SECTOR;
    let at = start;
    while (image[at] !== 0 && at < start + SECTOR) at += image[at]!;
    image.fill(0xee, at, start + SECTOR);
    const { paths, codes } = await list(image);
    expect(paths).toHaveLength(46);
    expect(new Set(codes)).toEqual(new Set(['damaged-record']));
  });
});

describe('Names of a disc', () => {
  it('I17: without ";1", with "/", in lower case, as duplicates, and TRANS.TBL', async () => {
    const names = ['NOVER', 'LOW.;1', 'low.;1', 'A/B.;1', 'TRANS.TBL;1', 'a.b;1', 'V.TXT;12'];
    const { paths, codes } = await list(buildIso({ root: names.map((name) => ({ name })) }));
    expect(paths).toEqual(['/a.b', '/a~2.b', '/low', '/low~2', '/nover', '/trans.tbl', '/v.txt.12']);
    expect(codes).toEqual(['duplicate-name', 'duplicate-name']);
  });

  it('I17: names in another charset than UTF-8 are decoded where --charset names it, and only there', async () => {
    const cases: [string, number[], string][] = [
      [
        'shift_jis',
        [0x83, 0x5c, 0x83, 0x74, 0x83, 0x67, 0x2e, 0x54, 0x58, 0x54, 0x3b, 0x31],
        '\u30bd\u30d5\u30c8.txt',
      ],
      ['koi8-r', [0xc6, 0xc1, 0xca, 0xcc], '\u0444\u0430\u0439\u043b'],
      ['windows-1252', [0x63, 0x61, 0x66, 0xe9], 'caf\u00e9'],
    ];
    for (const [charset, bytes, text] of cases) {
      const image = buildIso({ root: [{ name: Uint8Array.from(bytes) }, { name: 'PLAIN.;1' }] });
      await using opened = await openBytes(image, { charset });
      expect(await opened.index.resolve(`/${text}`)).toBeGreaterThan(0);
      expect(await opened.index.resolve('/plain')).toBeGreaterThan(0);
      await using raw = await openBytes(image);
      await expect(raw.index.resolve(`/${text}`)).rejects.toMatchObject({ code: 'not-in-image' });
    }
  });

  it('I17: Rock Ridge names and targets are decoded too, and UTF-8 stays as it is', async () => {
    const utf8 = Buffer.from('\u00e9t\u00e9', 'utf8').toString('latin1');
    const root = [
      { name: 'A.;1', systemUse: nm('caf\xe9') },
      { name: 'B.;1', systemUse: nm(utf8) },
    ];
    const image = buildIso({ root, dotUse: join(SP, ER) });
    await using opened = await openBytes(image, { charset: 'iso-8859-1' });
    for (const path of ['/caf\u00e9', '/\u00e9t\u00e9'])
      expect(await opened.index.resolve(path)).toBeGreaterThan(0);
  });

  it('I17: a charset that nobody knows is a mistake of the caller', async () => {
    await expect(openBytes(buildIso({ root: [] }), { charset: 'klingon' })).rejects.toMatchObject({
      code: 'usage',
    });
  });

  it('I18: associated files are hidden, and shown as ._NAME when asked for', async () => {
    const root = [
      { name: 'F.TXT;1', extent: 31, size: 4, flags: ASSOCIATED },
      { name: 'F.TXT;1', extent: 30, size: 2 },
    ];
    const image = buildIso({ root, sectors: { 30: sectorOf('d'), 31: sectorOf('r') } });
    expect(await list(image)).toMatchObject({ paths: ['/f.txt'], codes: ['associated-file'] });
    const { paths, entries, codes } = await list(image, { associated: true });
    expect(paths).toEqual(['/._f.txt', '/f.txt']);
    expect(entries.get('/._f.txt')).toMatchObject({ size: 4, sha256: hash('rrrr') });
    expect(entries.get('/f.txt')).toMatchObject({ size: 2, sha256: hash('dd') });
    expect(codes).toEqual([]);
  });

  it('I18: a file with the hidden flag is shown', async () => {
    expect((await list(buildIso({ root: [{ name: 'H.;1', flags: 1 }] }))).paths).toEqual(['/h']);
  });
});

describe('Layouts of a disc', () => {
  it('I19: junk in the highest byte of a size is taken off when the rest fits, and told', async () => {
    const root = [{ name: 'F.;1', extent: 30, size: 0x9700_0003 }];
    const { entries, codes } = await list(buildIso({ root, sectors: { 30: sectorOf('c') } }));
    expect(entries.get('/f')).toMatchObject({ size: 3, sha256: hash('ccc') });
    expect(codes).toEqual(['junk-in-size']);
  });

  it('I19: a size that the image is too short for is believed when the image is truncated', async () => {
    const root = [{ name: 'F.;1', extent: 30, size: 0x9700_0003 }];
    const { entries, codes } = await list(buildIso({ root }).subarray(0, 60 * SECTOR));
    expect(entries.get('/f')?.size).toBe(0x9700_0003);
    expect(codes).toEqual(['truncated-image', 'file-beyond-end']);
  });

  it.each([512, 1024])('I19: blocks of %i bytes', async (blockSize) => {
    const scale = SECTOR / blockSize;
    const inner = Buffer.from(directory(32 * scale, [{ name: 'F.;1', extent: 33 * scale + 1, size: 6 }]));
    const root = [
      { name: 'D', extent: 32 * scale, size: SECTOR, flags: DIRECTORY },
      { name: 'X.;1', extent: 30 * scale, size: 1, extendedAttributes: 1 },
    ];
    const file = Buffer.alloc(SECTOR);
    file.write('block!', blockSize);
    const attributed = Buffer.alloc(SECTOR, 'a');
    attributed.write('b', blockSize);
    const image = Buffer.from(
      buildIso({ root, sectors: { 32: inner.subarray(0, SECTOR), 33: file, 30: attributed } }),
    );
    const primary = descriptor({
      root: { extent: ROOT_SECTOR * scale, size: 2 * SECTOR },
      blockSize,
      blocks: 64 * scale,
    });
    image.set(primary, 16 * SECTOR);
    const { entries, codes } = await list(image);
    expect(entries.get('/d/f')?.sha256).toBe(hash('block!'));
    expect(entries.get('/x')?.sha256).toBe(hash('b'));
    expect(codes).toEqual(['extended-attribute-records']);
  });

  it('I20: the descriptors begin behind other sectors, and end without a terminator', async () => {
    const image = Buffer.from(buildIso({ root: [{ name: 'A.;1' }] }));
    image.copy(image, 19 * SECTOR, 16 * SECTOR, 17 * SECTOR);
    image.fill(0, 16 * SECTOR, 19 * SECTOR);
    image.set(directory(ROOT_SECTOR, [{ name: 'A.;1' }]), ROOT_SECTOR * SECTOR);
    const { paths, codes } = await list(image);
    expect(paths).toEqual(['/a']);
    expect(codes).toEqual(['unterminated-descriptors', 'shifted-descriptor']);
  });

  it.each(['little', 'big'] as const)(
    'I20: a damaged root is listed from the %s-endian path table',
    async (order) => {
      const sub = directory(33, [{ name: 'F.;1', extent: 30, size: 1 }]);
      const table = pathTable(
        [
          ['\0', ROOT_SECTOR, 1],
          ['SUB', 33, 1],
          ['GONE', 5000, 1],
        ],
        order === 'little',
      );
      const image = Buffer.from(buildIso({ root: [], sectors: { 33: sub, 36: table, 30: sectorOf('p') } }));
      const places = order === 'little' ? { little: 36, big: 37 } : { little: 37, big: 36 };
      const primary = descriptor({
        root: { extent: ROOT_SECTOR, size: 2 * SECTOR },
        pathTable: { size: table.length, ...places },
      });
      image.set(primary, 16 * SECTOR);
      image.fill(0xee, ROOT_SECTOR * SECTOR, (ROOT_SECTOR + 2) * SECTOR);
      const { paths, entries, codes } = await list(image);
      expect(paths).toEqual(['/sub', '/sub/f']);
      expect(entries.get('/sub/f')?.sha256).toBe(hash('p'));
      expect(codes).toContain('path-table-used');
    },
  );

  it('I20: a directory with a broken record gets the directory that this was from the path table', async () => {
    const sub = directory(33, [{ name: 'F.;1' }]);
    const table = pathTable([
      ['\0', ROOT_SECTOR, 1],
      ['SUB', 33, 1],
      ['KEPT', 36, 1],
    ]);
    const root = [
      { name: 'KEPT', extent: 36, size: SECTOR, flags: DIRECTORY },
      { name: 'SUB', extent: 33, size: sub.length, flags: DIRECTORY },
      { name: 'LAST.;1' },
    ];
    const image = Buffer.from(buildIso({ root, sectors: { 33: sub, 36: directory(36, []), 39: table } }));
    const primary = descriptor({
      root: { extent: ROOT_SECTOR, size: 2 * SECTOR },
      pathTable: { size: table.length, little: 39 },
    });
    image.set(primary, 16 * SECTOR);
    image[image.indexOf('SUB', ROOT_SECTOR * SECTOR) - 1] = 255;
    const { paths, codes } = await list(image);
    expect(paths).toEqual(['/kept', '/last', '/sub', '/sub/f']);
    expect(codes).toEqual(['damaged-record', 'path-table-used']);
  });

  it('I23: High Sierra', async () => {
    const inner = Buffer.alloc(SECTOR);
    const rows = [
      { name: '\0', extent: 33, size: SECTOR, flags: DIRECTORY },
      { name: '\x01', extent: ROOT_SECTOR, size: SECTOR, flags: DIRECTORY },
      { name: 'PART.;1', extent: 30, size: SECTOR, flags: MORE },
      { name: 'PART.;1', extent: 35, size: 1 },
      { name: 'FORK.;1', extent: 35, size: 1, flags: ASSOCIATED },
    ];
    inner.set(Buffer.concat(rows.map(highSierraRecord)));
    const rootRows = [
      { name: '\0', extent: ROOT_SECTOR, size: SECTOR, flags: DIRECTORY },
      { name: '\x01', extent: ROOT_SECTOR, size: SECTOR, flags: DIRECTORY },
      { name: 'SUB', extent: 33, size: SECTOR, flags: DIRECTORY },
      { name: 'README.TXT;1', extent: 30, size: 3 },
    ];
    const image = Buffer.from(
      buildIso({ root: [], sectors: { 30: sectorOf('h'), 33: inner, 35: sectorOf('s') } }),
    );
    image.fill(0, 16 * SECTOR, 24 * SECTOR);
    image.set(
      highSierraDescriptor({ root: { extent: ROOT_SECTOR, size: SECTOR }, label: 'SIERRA' }),
      16 * SECTOR,
    );
    const end = terminator();
    image.set(end.subarray(0, 100), 17 * SECTOR + 8);
    image.write('CDROM', 17 * SECTOR + 9, 'latin1');
    image.set(Buffer.concat(rootRows.map(highSierraRecord)), ROOT_SECTOR * SECTOR);
    await using opened = await openBytes(image);
    expect(opened.volume.volumeId).toBe('SIERRA');
    expect(opened.volume.created?.seconds).toBe(Date.UTC(1989, 1, 3, 4, 5, 6) / 1000);
    const { entries, codes } = await readAll(opened);
    expect([...entries.keys()].sort()).toEqual(['/', '/readme.txt', '/sub', '/sub/part']);
    expect(entries.get('/readme.txt')).toMatchObject({ sha256: hash('hhh'), modified: TEST_TIME });
    expect(entries.get('/sub')).toMatchObject({ type: 'd', modified: TEST_TIME });
    expect(entries.get('/sub/part')?.sha256).toBe(hash(`${'h'.repeat(SECTOR)}s`));
    expect(codes).toEqual(['associated-file']);
  });

  it('I24: what stands in the first 16 sectors does not matter', async () => {
    const image = Buffer.from(buildIso({ root: [{ name: 'A.;1' }] }));
    image.fill(0x90, 0, 16 * SECTOR);
    image.set([0x55, 0xaa], 510);
    image.write('EFI PART', 512, 'latin1');
    expect(await list(image)).toMatchObject({ paths: ['/a'], codes: [] });
  });

  it('XA: a file of form 2 is told, because an image of 2048 bytes a sector lacks a part of it', async () => {
    const xa = (bits: number): Uint8Array =>
      Buffer.from([0, 0, 0, 0, bits >> 8, bits & 0xff, 0x58, 0x41, 1, 0, 0, 0, 0, 0]);
    const root = [
      { name: 'DATA.;1', extent: 30, size: 5, systemUse: xa(0x0d55) },
      { name: 'VIDEO.;1', extent: 31, size: 5, systemUse: xa(0x1555) },
    ];
    const patch = (primary: Uint8Array): void => primary.set(Buffer.from('CD-XA001'), 1024);
    const { paths, codes } = await list(buildIso({ root, patch }));
    expect(paths).toEqual(['/data', '/video']);
    expect(codes).toEqual(['large-sectors']);
  });
});
