// XDVDFS, the file system of Xbox discs: volumes that another program and the builder of the tests wrote, alone and
// behind the film for DVD players.
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PARTITION_SECTORS } from '../../../src/filesystem/xdvdfs/probe.js';
import { openImage } from '../../../src/image/open-image.js';
import { checkImage } from '../../../src/present/inspect/check-image.js';
import { buildUdf, FREE_BLOCK, identifier, textFile } from '../../../scripts/support/udf-builder.js';
import { needs } from '../../support/needs.js';
import { buildIso } from '../../support/builders/iso-builder.js';
import { readPackedImage } from '../../support/builders/packed-image.js';
import { buildXdvdfs } from '../../support/builders/xdvdfs-builder.js';
import { readFileContent } from '../../support/judges/file-content.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';

const SECTOR = 2048;
const folder = await mkdtemp(join(tmpdir(), 'isodrive-xdvdfs-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const game = buildXdvdfs([
  { name: 'default.xbe', data: Buffer.from('game') },
  { name: 'media', entries: [{ name: 'a.bin', data: Buffer.alloc(5000, 'ab') }] },
]);

/** A sparse file with these bytes at these places. */
async function writeDisc(name: string, parts: readonly (readonly [number, Uint8Array])[]): Promise<string> {
  const path = join(folder, name);
  await using file = await open(path, 'w');
  for (const [position, bytes] of parts) await file.write(bytes, 0, bytes.length, position);
  return path;
}

describe('A volume that extract-xiso wrote', () => {
  it('has every file and directory, an empty one too', needs('xz'), async () => {
    await using image = await openBytes(readPackedImage('xdvdfs-extract-xiso.iso'));
    expect(image.trees.map(({ kind }) => kind)).toEqual(['xdvdfs']);
    const { entries, codes } = await readAll(image);
    const paths = [...entries.keys()].filter((path) => !path.startsWith('/many/Level'));
    const media = ['/media', '/media/nothing.dat', '/media/sounds', '/media/sounds/theme.wma'];
    expect(paths.sort()).toEqual([
      ...['/', '/default.xbe', '/empty', '/exact.bin', '/many', '/many/a', '/many/a/b', '/many/a/b/c'],
      ...['/many/a/b/c/deep.txt', ...media],
    ]);
    expect(entries.size).toBe(paths.length + 60);
    expect([entries.get('/exact.bin')?.size, entries.get('/media/nothing.dat')?.size]).toEqual([2048, 0]);
    expect((await readFileContent(image, '/many/Level 37.map')).toString()).toBe('level 37\n');
    const theme = await readFileContent(image, '/media/sounds/theme.wma');
    expect([theme.length, theme.toString('latin1', 21, 41)]).toEqual([70_000, 'sound of the console']);
    // Its descriptor of ISO 9660, which has no directory, shows no tree.
    expect(codes).toEqual(['odd-root-record']);
  });
});

describe('An XDVDFS volume', () => {
  it('gives its time to everything in it, and has no label', async () => {
    await using image = await openBytes(buildXdvdfs([{ name: 'f' }], { created: 1_234_567_890_123 }));
    const { entries } = await readAll(image);
    expect(entries.get('/f')?.modified).toBe(1_234_567_890);
    const created = { seconds: 1_234_567_890, microseconds: 123_000 };
    expect([image.volume.created, image.tree.label]).toEqual([created, '']);
  });

  it.each([0, 0xffff] as const)('has as many entries where %i stands for no child', async (noChild) => {
    const names = Array.from({ length: 300 }, (_, i) => `entry number ${i}`);
    const image = buildXdvdfs(
      names.map((name) => ({ name })),
      { noChild },
    );
    await using opened = await openBytes(image);
    const { entries, codes } = await readAll(opened);
    expect([...entries.keys()].sort()).toEqual(['/', ...names.map((name) => `/${name}`)].sort());
    expect(codes).toEqual([]);
  });

  it('reads names in windows-1252, or in the charset that is named', async () => {
    const bytes = buildXdvdfs([{ name: 'caf\xe9' }]);
    await using plain = await openBytes(bytes);
    await using greek = await openBytes(bytes, { charset: 'iso-8859-7' });
    const first = async (image: typeof plain): Promise<string | undefined> =>
      [...(await readAll(image)).entries.keys()][1];
    expect([await first(plain), await first(greek)]).toEqual(['/caf\\xc3\\xa9', '/caf\\xce\\xb9']);
  });

  it('shows entries that its tree does not reach, and tells of them', async () => {
    const entries = [{ name: 'seen' }, { name: 'model.cmm', data: Buffer.from('hidden'), isUnreached: true }];
    await using image = await openBytes(buildXdvdfs([{ name: 'data', entries }]));
    const { entries: found, codes } = await readAll(image);
    expect([...found.keys()]).toEqual(['/', '/data', '/data/model.cmm', '/data/seen']);
    expect((await readFileContent(image, '/data/model.cmm')).toString()).toBe('hidden');
    expect(codes).toEqual(['unreached-entries']);
  });

  it('takes no padding for entries', async () => {
    const fill = (table: Buffer): void => void table.fill('padding of some writer', 100);
    await using image = await openBytes(buildXdvdfs([{ name: 'only' }], { patch: fill }));
    const { entries, codes } = await readAll(image);
    expect([[...entries.keys()], codes]).toEqual([['/', '/only'], []]);
  });

  it.each([
    ['zeros', 0],
    ['the fill of sectors', 0xff],
  ])('has an empty directory where its table is %s', async (_, fill) => {
    const patch = (table: Buffer): void => void table.fill(fill);
    await using image = await openBytes(buildXdvdfs([{ name: 'gone' }], { patch }));
    const { entries, codes } = await readAll(image);
    expect([[...entries.keys()], codes]).toEqual([['/'], []]);
  });
});

describe('An image of a whole Xbox disc', () => {
  const film = buildIso({ root: [{ name: 'VIDEO.;1', extent: 30, size: 1 }] });

  it.each(PARTITION_SECTORS.slice(1))(
    'shows the game at sector %i, and the film on request',
    async (start) => {
      const path = await writeDisc(`${start}.iso`, [
        [0, film],
        [start * SECTOR, game],
      ]);
      await using image = await openImage(path);
      expect(image.trees.map(({ kind }) => kind)).toEqual(['xdvdfs', 'iso9660']);
      expect([image.tree.kind, image.tree.volumeSize]).toEqual(['xdvdfs', game.length]);
      const { entries } = await readAll(image);
      expect([...entries.keys()]).toEqual(['/', '/default.xbe', '/media', '/media/a.bin']);
      expect((await readFileContent(image, '/default.xbe')).toString()).toBe('game');
      await checkImage(image);
      const codes = image.findings.findings.map(({ code }) => code);
      expect(codes).toEqual(['tree-lacks-files', 'tree-lacks-files']);
      await using shown = await openImage(path, { tree: 'iso9660' });
      expect([...(await readAll(shown)).entries.keys()]).toEqual(['/', '/video']);
      await using all = await openImage(path, { tree: 'all' });
      const paths = [...(await readAll(all)).entries.keys()];
      expect(paths).toEqual(expect.arrayContaining(['/iso9660/video', '/xdvdfs/media/a.bin']));
      await rm(path);
    },
  );

  it('is known by its UDF film too', async () => {
    const start = PARTITION_SECTORS[3];
    const udf = buildUdf({
      root: [identifier('f', FREE_BLOCK)],
      blocks: { [FREE_BLOCK]: textFile(FREE_BLOCK, 'f') },
    });
    const path = await writeDisc('udf.iso', [
      [0, udf],
      [start * SECTOR, game],
    ]);
    await using image = await openImage(path);
    expect([image.tree.kind, image.volume.udf === undefined]).toEqual(['xdvdfs', false]);
    await rm(path);
  });

  it('shows the film where nothing of the game is left', async () => {
    const start = PARTITION_SECTORS[3];
    const path = await writeDisc('cut.iso', [
      [0, film],
      [start * SECTOR, game.subarray(0, 33 * SECTOR)],
    ]);
    await using image = await openImage(path);
    expect([image.tree.kind, image.findings.findings.map(({ code }) => code)]).toEqual([
      'iso9660',
      ['damaged-volume'],
    ]);
    await rm(path);
  });
});
