// What the long look at an image finds that opening it does not.
import { describe, expect, it } from 'vitest';
import { MAX_OVERLAPS } from '../../../src/present/inspect/check/check-places.js';
import { MAX_CHECKED_ENTRIES, collectFiles } from '../../../src/present/inspect/check/collect-files.js';
import { MAX_SHORT_ENTRIES, checkImage, checkShortly } from '../../../src/present/inspect/check-image.js';
import { descriptor, terminator, ucs2 } from '../../support/builders/descriptor-builder.js';
import { ROOT, buildHfsPlus } from '../../support/builders/hfsplus-builder.js';
import { SECTOR, buildIso, directory } from '../../support/builders/iso-builder.js';
import type { RecordSpec } from '../../support/builders/iso-builder.js';
import { openBytes } from '../../support/judges/opened-bytes.js';

const JOLIET_ROOT = 40;

async function check(bytes: Uint8Array) {
  await using image = await openBytes(bytes);
  await checkImage(image);
  return image.findings.findings.map(({ code, message }) => ({ code, message }));
}

/** A disc whose plain tree has `plain`, and whose Joliet tree `joliet`. */
function twoTrees(plain: readonly RecordSpec[], joliet: readonly RecordSpec[], sectors = {}): Uint8Array {
  const root = directory(JOLIET_ROOT, joliet);
  const svd = descriptor({ type: 2, escapes: '%/E', root: { extent: JOLIET_ROOT, size: root.length } });
  return buildIso({ root: plain, sectors: { 17: svd, 18: terminator(), [JOLIET_ROOT]: root, ...sectors } });
}

describe('checkImage', () => {
  it('finds nothing on a disc that is right, shared and hard-linked data included', async () => {
    const root = [
      { name: 'A.;1', extent: 30, size: 2 * SECTOR },
      { name: 'B.;1', extent: 30, size: 2 * SECTOR },
      { name: 'C.;1', extent: 32, size: 5 },
    ];
    expect(await check(buildIso({ root }))).toEqual([]);
  });

  it('tells files that share a part of their bytes', async () => {
    const root = [
      { name: 'A.;1', extent: 30, size: 2 * SECTOR },
      { name: 'B.;1', extent: 31, size: SECTOR },
    ];
    expect(await check(buildIso({ root }))).toEqual([
      { code: 'overlapping-files', message: 'Files "/a" and "/b" share some of their bytes' },
    ]);
  });

  it('tells so many overlaps one by one, and counts the rest', async () => {
    for (const count of [MAX_OVERLAPS, MAX_OVERLAPS + 3]) {
      const inner = Array.from({ length: count }, (_, i) => ({
        name: `F${String(i).padStart(2, '0')}.;1`,
        extent: 30,
        size: SECTOR - i - 1,
      }));
      const found = await check(buildIso({ root: [{ name: 'ALL.;1', extent: 30, size: SECTOR }, ...inner] }));
      expect(found).toHaveLength(MAX_OVERLAPS + (count > MAX_OVERLAPS ? 1 : 0));
      if (count > MAX_OVERLAPS)
        expect(found.at(-1)?.message).toBe('3 more files share some of their bytes with others');
    }
  });

  it('tells how far files reach in a truncated image, also when the descriptor does not know', async () => {
    const patch = (primary: Uint8Array): void => void primary.fill(0, 80, 88);
    const found = await check(buildIso({ root: [{ name: 'A.;1', extent: 60, size: 9 * SECTOR }], patch }));
    expect(found).toContainEqual({
      code: 'truncated-files',
      message: `Files of the iso9660 tree reach to byte ${69 * SECTOR}, image ends at byte ${64 * SECTOR}`,
    });
  });

  it('tells a file that the image ends before once, whatever views have it, and one that only another view has', async () => {
    const cut = { name: 'CUT.;1', extent: 60, size: 9 * SECTOR };
    const joliet = [
      { ...cut, name: ucs2('cut') },
      { name: ucs2('only'), extent: 80, size: 1 },
    ];
    const codes = async (image: Uint8Array): Promise<string[]> =>
      (await check(image)).filter(({ code }) => /end|truncated-f/u.test(code)).map(({ message }) => message);
    const first = `File "cut" of ${9 * SECTOR} bytes reaches beyond the end of the image at byte ${64 * SECTOR}`;
    const reach = `Files of the joliet tree reach to byte ${69 * SECTOR}, image ends at byte ${64 * SECTOR}`;
    expect(await codes(twoTrees([cut], joliet.slice(0, 1)))).toEqual([first, reach]);
    const both = await codes(twoTrees([cut], joliet));
    expect(both).toContain(
      `File "only" of 1 byte reaches beyond the end of the image at byte ${64 * SECTOR}`,
    );
  });

  it('tells a volume size that is smaller than its files', async () => {
    const patch = (primary: Uint8Array): void => void primary.fill(0, 80, 88);
    const found = await check(buildIso({ root: [{ name: 'A.;1', extent: 60, size: 1 }], patch }));
    expect(found.map(({ code }) => code)).toEqual(['volume-too-small']);
  });

  it('counts the size of a volume from where that starts', async () => {
    const mac = buildHfsPlus('Mac', [{ parent: ROOT, id: 20, name: 'file', data: Buffer.alloc(9000, 'x') }]);
    const disk = Buffer.alloc(400 * 512 + mac.length);
    disk.set(mac, 400 * 512);
    disk.set([0, 0, 0, 0, 0xaf, 0, 0, 0], 446);
    disk.writeUInt32LE(400, 446 + 8);
    disk.writeUInt32LE(mac.length / 512, 446 + 12);
    disk.set([0x55, 0xaa], 510);
    expect(await check(disk)).toEqual([]);
  });

  it('tells what the trees of a disc disagree on: size, content, and what one of them lacks', async () => {
    const plain = [
      { name: 'SIZE.;1', extent: 30, size: 5 },
      { name: 'TEXT.;1', extent: 31, size: 5 },
      { name: 'SAME.;1', extent: 33, size: 5 },
      { name: 'ONLY.;1', extent: 36, size: 5 },
    ];
    const joliet = [
      { name: ucs2('size'), extent: 30, size: 6 },
      { name: ucs2('text'), extent: 32, size: 5 },
      { name: ucs2('same'), extent: 34, size: 5 },
    ];
    const found = await check(twoTrees(plain, joliet, { 32: Buffer.alloc(SECTOR, 'x') }));
    const byCode = (code: string): string[] =>
      found
        .filter((one) => one.code === code)
        .map(({ message }) => message)
        .sort();
    expect(found).toHaveLength(4);
    expect(byCode('trees-disagree')).toEqual([
      'Trees joliet and iso9660 disagree on "/size": it has 6 and 5 bytes',
      'Trees joliet and iso9660 disagree on "/text": its content differs',
    ]);
    expect(byCode('tree-lacks-files')).toEqual([
      '2 files of the joliet tree are not in the iso9660 tree',
      '3 files of the iso9660 tree are not in the joliet tree',
    ]);
  });

  it('meets what lies deep in a view that is not shown', async () => {
    const plain = [{ name: 'FAR', extent: 5000, size: SECTOR, flags: 2 }];
    const found = await check(twoTrees(plain, [{ name: ucs2('a') }]));
    expect(found.map(({ code }) => code)).toEqual(['unreadable-directory']);
  });

  it('stops at its limit of entries and says so', async () => {
    const root = Array.from({ length: 4 }, (_, i) => ({ name: `F${i}.;1`, extent: 30 + i, size: 1 }));
    await using image = await openBytes(buildIso({ root }));
    expect(await collectFiles(image, undefined, 4)).toMatchObject({ isCut: false, files: { length: 4 } });
    expect(await collectFiles(image, undefined, 3)).toMatchObject({ isCut: true });
  });
});

describe('checkShortly', () => {
  it('finds on a small disc what the long look finds', async () => {
    const shared = [
      { name: 'A.;1', extent: 30, size: 2 * SECTOR },
      { name: 'B.;1', extent: 31, size: SECTOR },
    ];
    const bytes = twoTrees(shared, [{ name: ucs2('a'), extent: 30, size: 5 }]);
    await using image = await openBytes(bytes);
    await checkShortly(image);
    const found = image.findings.findings.map(({ code, message }) => ({ code, message }));
    expect(found.length).toBeGreaterThan(0);
    expect(found).toEqual(await check(bytes));
  });

  it.each([
    [4, []],
    [3, ['check-cut-short']],
  ])('looks at so many entries of a view: %i', async (limit, expected) => {
    const root = ['A', 'B', 'C', 'D'].map((name) => ({ name: `${name}.;1` }));
    await using image = await openBytes(buildIso({ root }));
    await checkImage(image, undefined, limit);
    expect(image.findings.findings.map(({ code }) => code)).toEqual(expected);
    expect(MAX_SHORT_ENTRIES).toBeLessThan(MAX_CHECKED_ENTRIES);
  });

  it('ends when its time is over, and not silently', async () => {
    await using image = await openBytes(buildIso({ root: [{ name: 'A.;1' }] }));
    const over = checkShortly(image, undefined, 0);
    await over;
    const codes = image.findings.findings.map(({ code }) => code);
    expect([[], ['check-cut-short']]).toContainEqual(codes);
    const aborted = AbortSignal.abort();
    await expect(checkShortly(image, aborted)).rejects.toMatchObject({ code: 'cancelled' });
  });
});
