// XDVDFS volumes that are damaged, cut or hostile: what is right is listed, what is not is told, nothing is endless.
import { describe, expect, it } from 'vitest';
import { MAX_TABLE_BYTES } from '../../../src/filesystem/xdvdfs/directory-table.js';
import { buildXdvdfs } from '../../support/builders/xdvdfs-builder.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';

const SECTOR = 2048;
const FIRST = 33;

describe('A directory of XDVDFS', () => {
  it('lists each record once, though its tree leads back into itself', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const patch = (table: Buffer, places: ReadonlyMap<string, number>): void => {
      // From the leaves to the root of a part of the tree, and to themselves.
      table.writeUInt16LE(places.get('b')! / 4, places.get('a'));
      table.writeUInt16LE(places.get('g')! / 4, places.get('g')! + 2);
    };
    const image = buildXdvdfs(
      names.map((name) => ({ name })),
      { patch },
    );
    await using opened = await openBytes(image);
    const { entries, codes } = await readAll(opened);
    expect([[...entries.keys()], codes]).toEqual([
      ['/', ...names.map((name) => `/${name}`)],
      ['directory-loop'],
    ]);
  });

  it('may be a list of as many records as fit, however deep that makes its tree', async () => {
    const count = 10_000;
    const records = Array.from({ length: count }, (_, i) => ({ name: String(i).padStart(5, '0') }));
    const patch = (table: Buffer, places: ReadonlyMap<string, number>): void => {
      // Each has the next as its right child, the first one stands at the start.
      const order = [...places.values()].sort((a, b) => a - b);
      order.forEach((at, i) => {
        table.writeUInt16LE(0, at);
        table.writeUInt16LE(i + 1 < count ? order[i + 1]! / 4 : 0, at + 2);
      });
    };
    await using opened = await openBytes(buildXdvdfs(records, { patch }));
    const { entries, codes } = await readAll(opened);
    expect([entries.size, codes]).toEqual([count + 1, []]);
  });

  it('tells of children that are none, and lists the rest', async () => {
    const patch = (table: Buffer, places: ReadonlyMap<string, number>): void => {
      table.writeUInt16LE(0xfff0, places.get('a'));
      table.writeUInt16LE(500, places.get('c')! + 2);
    };
    const image = buildXdvdfs([{ name: 'a' }, { name: 'b' }, { name: 'c' }], { patch });
    await using opened = await openBytes(image);
    const { entries, codes } = await readAll(opened);
    expect([[...entries.keys()], codes]).toEqual([
      ['/', '/a', '/b', '/c'],
      ['damaged-record', 'damaged-record'],
    ]);
  });

  it('is refused where its first bytes are no record', async () => {
    // A name of no bytes.
    const patch = (table: Buffer): void => void table.fill(0x11).fill(0, 13, 14);
    await using opened = await openBytes(buildXdvdfs([{ name: 'sub', entries: [{ name: 'x' }], patch }]));
    await expect(opened.index.children(await opened.index.resolve('/sub'))).rejects.toMatchObject({
      code: 'damaged',
    });
  });

  it.each([
    [MAX_TABLE_BYTES, ['directory-beyond-end']],
    [MAX_TABLE_BYTES + 1, ['directory-given-up']],
    [0xffff_ffff, ['directory-given-up']],
  ])('of %i bytes is read as far as its pointers reach', async (size, expected) => {
    const image = buildXdvdfs([{ name: 'sub', entries: [{ name: 'x' }], size }]);
    await using opened = await openBytes(image);
    const { entries, codes } = await readAll(opened);
    expect([[...entries.keys()], codes]).toEqual([['/', '/sub', '/sub/x'], expected]);
  });

  it('that holds itself ends', async () => {
    // The table of the empty directory is placed first, and then that of the root.
    const image = buildXdvdfs([{ name: 'again', entries: [], sector: FIRST + 1, size: SECTOR }]);
    await using opened = await openBytes(image);
    await opened.index.loadAll();
    const { entries, codes } = await readAll(opened);
    expect([[...entries.keys()], codes]).toEqual([['/', '/again'], ['unreadable-directory']]);
  });
});

describe('A file of XDVDFS', () => {
  it('that the image does not hold to its end is told of', async () => {
    const image = buildXdvdfs([
      { name: 'cut', sector: 34, size: 100_000 },
      { name: 'far', sector: 0xffff_ffff, size: 1 },
    ]);
    await using opened = await openBytes(image);
    const { entries, codes } = await readAll(opened);
    expect([entries.get('/cut')?.size, codes]).toEqual([100_000, ['file-beyond-end', 'file-beyond-end']]);
  });
});

describe('A volume descriptor of XDVDFS', () => {
  it('whose end is not as its start is used all the same', async () => {
    const image = buildXdvdfs([{ name: 'f' }]);
    image.fill(0, 32 * SECTOR + 0x7ec, 33 * SECTOR);
    await using opened = await openBytes(image);
    const { entries, codes } = await readAll(opened);
    expect([[...entries.keys()], codes]).toEqual([['/', '/f'], ['damaged-descriptor']]);
  });

  it('whose root lies behind the end of the image is refused', async () => {
    const image = buildXdvdfs([{ name: 'f' }]).subarray(0, 33 * SECTOR);
    await expect(openBytes(image)).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('its root directory is at byte 67584') as string,
    });
  });

  it.each([0n, 0xffff_ffff_ffff_ffffn])('has no time where it says %i', async (ticks) => {
    const image = buildXdvdfs([{ name: 'f' }]);
    image.writeBigUInt64LE(ticks, 32 * SECTOR + 28);
    await using opened = await openBytes(image);
    expect([opened.volume.created, (await readAll(opened)).entries.get('/f')?.modified]).toEqual([
      undefined,
      0,
    ]);
  });
});
