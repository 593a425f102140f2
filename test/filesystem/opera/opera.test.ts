// Opera, the file system of 3DO discs: whole volumes, copies that stand in for damaged ones, and hostile volumes.
import { describe, expect, it } from 'vitest';
import { MAX_COPIES } from '../../../src/filesystem/opera/directory-block.js';
import { MAX_BLOCKS } from '../../../src/filesystem/opera/opera-tree.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { checkImage } from '../../../src/present/inspect/check-image.js';
import { buildOpera } from '../../support/builders/opera-builder.js';
import { readPackedImage } from '../../support/builders/packed-image.js';
import { wrapSectors } from '../../support/builders/raw-sectors.js';
import { readFileContent } from '../../support/judges/file-content.js';
import { needs } from '../../support/needs.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';

const BLOCK = 2048;

const GAME = [
  { name: 'Disc label', data: Buffer.from('label'), kind: 6, type: '*lbl' },
  { name: 'LaunchMe', data: Buffer.alloc(5000, 'game'), copies: 3 },
  {
    name: 'System',
    copies: 2,
    entries: [{ name: 'Kernel', entries: [{ name: 'os_code', data: Buffer.from('deep') }] }],
  },
];

async function paths(image: OpenedImage): Promise<[string[], string[]]> {
  const { entries, codes } = await readAll(image);
  return [[...entries.keys()], codes];
}

describe('A volume that 3dt wrote', () => {
  it('has every file and directory, an empty one too', needs('xz'), async () => {
    await using image = await openBytes(readPackedImage('opera-3dt.iso'));
    const [found, codes] = await paths(image);
    const named = found.filter((path) => !path.startsWith('/Many/f'));
    expect([named.sort(), codes]).toEqual([
      [
        ...['/', '/Disc label', '/Empty', '/LaunchMe', '/Many', '/System', '/System/Kernel'],
        ...['/System/Kernel/os_code', '/rom_tags', '/signatures'],
      ],
      [],
    ]);
    expect(found.length).toBe(named.length + 120);
    expect((await readFileContent(image, '/Many/f77.cel')).toString()).toBe('cel 77\n');
    const code = await readFileContent(image, '/LaunchMe');
    expect([code.length, code.toString('latin1', 9990)]).toEqual([10_000, 'code of a ']);
  });
});

describe('An Opera volume', () => {
  it('has its files, the special ones too, and its label', async () => {
    await using image = await openBytes(buildOpera(GAME, { label: 'CD-ROM' }));
    expect([image.tree.kind, image.tree.label, image.volume.volumeSetId]).toEqual([
      'opera',
      'CD-ROM',
      'a comment',
    ]);
    const inner = ['/System', '/System/Kernel', '/System/Kernel/os_code'];
    expect(await paths(image)).toEqual([['/', '/Disc label', '/LaunchMe', ...inner], []]);
    expect((await readFileContent(image, '/LaunchMe')).equals(Buffer.alloc(5000, 'game'))).toBe(true);
    expect((await readFileContent(image, '/System/Kernel/os_code')).toString()).toBe('deep');
    await checkImage(image);
    expect(image.findings.findings).toEqual([]);
  });

  it('is read of raw sectors of a CD as of plain ones', async () => {
    // Images of CDs are longer than this one.
    const plain = Buffer.concat([buildOpera(GAME), Buffer.alloc(300 * BLOCK)]);
    await using image = await openBytes(wrapSectors(plain, { mode: 'mode1' }));
    expect([image.disc.format, image.tree.kind]).toEqual(['raw', 'opera']);
    expect((await readFileContent(image, '/System/Kernel/os_code')).toString()).toBe('deep');
  });

  it('has directories of many blocks', async () => {
    const names = Array.from({ length: 500 }, (_, i) => `file ${String(i).padStart(3, '0')}`);
    await using image = await openBytes(buildOpera(names.map((name) => ({ name }))));
    expect(await paths(image)).toEqual([['/', ...names.map((name) => `/${name}`)], []]);
  });

  it('has names of 32 bytes, which no zero ends', async () => {
    const name = 'n'.repeat(32);
    await using image = await openBytes(buildOpera([{ name }]));
    expect(await paths(image)).toEqual([['/', `/${name}`], []]);
  });

  it('reads the next copy of a directory where the first is none, and tells of it', async () => {
    const patch = (image: Buffer, blocks: ReadonlyMap<string, number>): void => {
      for (const path of ['', '/System'])
        image.fill(0, blocks.get(path)! * BLOCK, (blocks.get(path)! + 1) * BLOCK);
    };
    await using image = await openBytes(buildOpera(GAME, { patch }));
    const [found, codes] = await paths(image);
    expect([found.length, found.includes('/System/Kernel/os_code')]).toEqual([6, true]);
    expect(new Set(codes)).toEqual(new Set(['damaged-copy']));
  });

  it('reads the first copy of a file that the image holds', async () => {
    const image = buildOpera([{ name: 'far', places: [9000, 1], size: 4 }]);
    await using opened = await openBytes(image);
    expect((await readFileContent(opened, '/far')).equals(image.subarray(BLOCK, BLOCK + 4))).toBe(true);
    expect((await paths(opened))[1]).toEqual([]);
  });
});

describe('A damaged or hostile Opera volume', () => {
  it.each([
    ['its own first block', 0],
    ['the block before', -1],
  ])('whose directory leads back to %s ends', async (_, back) => {
    const names = Array.from({ length: 60 }, (__, i) => ({ name: `f${String(i).padStart(2, '0')}` }));
    const patch = (image: Buffer, blocks: ReadonlyMap<string, number>): void => {
      const second = (blocks.get('')! + 2) * BLOCK;
      image.writeUInt32BE(back === 0 ? 0 : 1, second);
      // None of its entries says that it is the last one.
      for (let at = second; at < second + BLOCK; at += 1) if (image[at] === 0xc0) image[at] = 0x40;
    };
    await using image = await openBytes(buildOpera(names, { patch }));
    const [found, codes] = await paths(image);
    expect([found.length, new Set(codes)]).toEqual([61, new Set(['directory-loop'])]);
  });

  it('whose directory leads out of the image lists what is in it', async () => {
    const names = Array.from({ length: 60 }, (_, i) => ({ name: `f${String(i).padStart(2, '0')}` }));
    const patch = (image: Buffer, blocks: ReadonlyMap<string, number>): void =>
      void image.writeUInt32BE(0x7fff_ffff, blocks.get('')! * BLOCK);
    await using image = await openBytes(buildOpera(names, { patch }));
    const [found, codes] = await paths(image);
    expect([found.length, new Set(codes)]).toEqual([29, new Set(['damaged-directory-block'])]);
  });

  it('with a broken record leaves out the rest of that block', async () => {
    const patch = (image: Buffer, blocks: ReadonlyMap<string, number>): void =>
      void image.writeUInt32BE(MAX_COPIES, blocks.get('')! * BLOCK + 20 + 72 + 64);
    await using image = await openBytes(buildOpera([{ name: 'a' }, { name: 'b' }, { name: 'c' }], { patch }));
    expect(await paths(image)).toEqual([['/', '/a'], ['damaged-record']]);
  });

  it('tells of files that end behind the image, and of gaps that nobody heeds', async () => {
    const files = [
      { name: 'cut', places: [2], size: 0xffff_ffff },
      { name: 'gaps', data: Buffer.from('x'), gap: 3 },
    ];
    await using image = await openBytes(buildOpera(files));
    expect((await paths(image))[1]).toEqual(['file-beyond-end', 'unknown-gaps']);
  });

  it('whose directories hold one another ends', async () => {
    const image = buildOpera([{ name: 'up', entries: [], places: [2] }], { rootCopies: 1 });
    await using opened = await openBytes(image);
    const [found] = await paths(opened);
    expect(found.length).toBeLessThan(10_000);
  });

  it.each([
    ['a block size', 76, 2047],
    ['a number of copies', 96, 8],
  ])('is refused for %s that none has', async (_, at, value) => {
    const image = buildOpera(GAME);
    image.writeUInt32BE(value, at);
    await expect(openBytes(image)).rejects.toMatchObject({ code: 'damaged' });
  });

  it('is refused where no copy of its root is a directory, and told of where it is cut', async () => {
    const image = buildOpera([], { patch: (bytes) => void bytes.fill(0xff, BLOCK) });
    await expect(openBytes(image)).rejects.toMatchObject({ code: 'damaged' });
    const patch = (bytes: Buffer): void => void bytes.writeUInt32BE(bytes.length / BLOCK + 1, 80);
    await using cut = await openBytes(buildOpera(GAME, { patch }));
    expect(cut.findings.findings.map(({ code }) => code)).toContain('truncated-image');
  });

  it('has no more blocks in a directory than there may be', async () => {
    const patch = (image: Buffer, blocks: ReadonlyMap<string, number>): void => {
      const first = blocks.get('')!;
      for (let i = 0; first + i < image.length / BLOCK; i += 1) {
        [i + 1, 0, 0, 20, 20].forEach((value, n) => image.writeUInt32BE(value, (first + i) * BLOCK + 4 * n));
      }
    };
    const fill = { name: 'fill', data: Buffer.alloc((MAX_BLOCKS + 10) * BLOCK) };
    const image = buildOpera([fill], { rootCopies: 1 });
    const tail = Buffer.concat([image, Buffer.alloc((MAX_BLOCKS + 10) * BLOCK)]);
    patch(tail, new Map([['', image.readUInt32BE(100)]]));
    await using opened = await openBytes(tail);
    await opened.index.children(0);
    expect(opened.findings.findings.map(({ code }) => code)).toContain('directory-given-up');
  });
});
