// What an image may cost follows from its size: images whose parts are shared without end are bounded, in every
// format, and what belongs to one thing alone is never refused.
import { describe, expect, it } from 'vitest';
import {
  MAX_ENTRY_ROUNDS,
  MAX_KEPT_ROUNDS,
  MAX_READ_ROUNDS,
  SPARE_ENTRIES,
  SPARE_KEPT_BYTES,
  SPARE_READ_BYTES,
  SPARE_STEPS,
  WorkBudget,
} from '../../../src/filesystem/contract/work-budget.js';
import { RowExtents } from '../../../src/index/row-extents.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { readFaultInput } from '../../support/builders/fault-input.js';
import { readFileContent } from '../../support/judges/file-content.js';
import { ROOT, buildHfsPlus } from '../../support/builders/hfsplus-builder.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';

const MIB = 1024 * 1024;

async function loadAll(image: OpenedImage): Promise<{ rows: number; extents: number; blob: number }> {
  await image.index.loadAll();
  const { rowCount, extentCount, blobBytes } = image.index.table;
  return { rows: rowCount, extents: extentCount, blob: blobBytes };
}

describe('a budget of work', () => {
  it('counts what is read, followed, made and kept, each by the size of the image', () => {
    const size = 64 * MIB;
    const work = new WorkBudget(size);
    expect(work.takeBytes(SPARE_READ_BYTES + MAX_READ_ROUNDS * size)).toBe(true);
    expect(work.takeBytes(1)).toBe(false);
    expect(work.takeSteps(SPARE_STEPS + (MAX_READ_ROUNDS * size) / 8)).toBe(true);
    expect(work.takeSteps(1)).toBe(false);
    expect(work.takeKept(SPARE_KEPT_BYTES + MAX_KEPT_ROUNDS * size + 1)).toBe(false);
    expect(work.takeKept(SPARE_KEPT_BYTES + MAX_KEPT_ROUNDS * size)).toBe(true);
    expect(work.takeKept(1)).toBe(false);
    const few = new WorkBudget(0);
    for (let i = 1; i < SPARE_ENTRIES; i += 1) few.takeEntry();
    expect([few.isFull, few.takeEntry()]).toEqual([false, true]);
    expect([few.isFull, few.takeEntry()]).toEqual([true, false]);
    expect(few.refuse('a.iso')).toMatchObject({ code: 'loop', at: { source: 'a.iso' } });
  });

  it('is four times what the largest good discs need', () => {
    // Five million entries, whose records take 34 bytes at least, and names of 40 bytes.
    const records = 5_000_000 * (34 + 40);
    const work = new WorkBudget(records);
    let entries = 0;
    while (entries < 4 * 5_000_000 && work.takeEntry()) entries += 1;
    expect(entries).toBe(4 * 5_000_000);
    expect(work.takeKept(4 * 5_000_000 * 60)).toBe(true);
    expect(MAX_ENTRY_ROUNDS).toBe(4);
    // A file of 262,144 extents takes eight bytes for each, and is followed once.
    const fragmented = new WorkBudget(262_144 * 8);
    expect(fragmented.takeSteps(4 * 2 * 262_144)).toBe(true);
    expect(fragmented.takeKept(4 * 262_144 * 16)).toBe(true);
  });
});

describe('directories that share their records', () => {
  it.each(['dag3.iso', 'dag4.iso'])('of %s are listed until the budget is used up', async (name) => {
    const bytes = await readFaultInput(name);
    await using image = await openBytes(bytes);
    const { rows } = await loadAll(image);
    expect(rows).toBeLessThanOrEqual(1 + SPARE_ENTRIES + (MAX_ENTRY_ROUNDS * bytes.length) / 32);
    expect(image.findings.findings.map(({ code }) => code)).toContain('unreadable-directory');
  });

  it('are listed under every name where they are hard links', async () => {
    const alias = (id: number, name: string): Parameters<typeof buildHfsPlus>[1][number] => {
      const finderInfo = Buffer.alloc(32);
      finderInfo.write('fdrpMACS', 'latin1');
      return { parent: ROOT, id, name, special: 5, flags: 0x20, finderInfo, mode: 0o100444 };
    };
    const folder = '.HFS+ Private Directory Data\r';
    await using image = await openBytes(
      buildHfsPlus('Links', [
        { parent: ROOT, id: 20, name: folder, isFolder: true },
        { parent: 20, id: 21, name: 'dir_5', isFolder: true, mode: 0o040755 },
        { parent: 21, id: 22, name: 'inside', data: Buffer.from('x'), mode: 0o100644 },
        alias(23, 'first'),
        alias(24, 'second'),
      ]),
    );
    const { entries, codes } = await readAll(image);
    expect([...entries.keys()].sort()).toEqual(['/', '/first', '/first/inside', '/second', '/second/inside']);
    expect(codes).toEqual([]);
  });
});

describe('files that share chains of allocation descriptors', () => {
  it('are read until the budget is used up; the rest has its size, a finding, and fails when it is read', async () => {
    const bytes = await readFaultInput('udf-chain.img');
    await using image = await openBytes(bytes);
    const { rows, extents } = await loadAll(image);
    expect(rows).toBe(4001);
    expect(extents * 16).toBeLessThanOrEqual(SPARE_KEPT_BYTES + MAX_KEPT_ROUNDS * bytes.length);
    const codes = new Set(image.findings.findings.map(({ code }) => code));
    expect(codes).toContain('broken-extent-chain');
    const { first, count } = await image.index.children(0);
    const last = image.index.node(first + count - 1);
    expect(last.size).toBeGreaterThan(0);
    expect(new RowExtents(image.index.table, last.row).length).toBeLessThanOrEqual(256);
    await expect(readFileContent(image, '/f03999')).rejects.toMatchObject({ code: 'damaged' });
  });
});
