// Extraction of discs whose directories share their records.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT_ROW } from '../../../src/index/index-table.js';
import { ROW, STATE } from '../../../src/index/layout.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { extract } from '../../../src/present/extract/extract.js';
import { RepeatedDirectories } from '../../../src/present/extract/repeated-directories.js';
import { openFaultInput } from '../../support/builders/fault-input.js';

let folder: string;

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'isodrive-repeated-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Rows of the directories that lie where another one lies, every directory loaded. */
async function repeatedRows({ index }: OpenedImage): Promise<number[]> {
  await index.load(ROOT_ROW);
  await index.loadAll();
  const places = new Set<number>();
  const rows: number[] = [];
  for (let row = 0; row < index.table.rowCount; row += 1) {
    if (index.table.word(row, ROW.state) !== STATE.loaded) continue;
    const place = index.table.wide(row, ROW.dataLow);
    if (places.has(place)) rows.push(row);
    places.add(place);
  }
  return rows;
}

describe('Directories that lie where others lie', () => {
  it('are left out where the index refuses them, and nothing is made of them', async () => {
    await using image = await openFaultInput('dag3.iso');
    const { directories, failureCount } = await extract(image, { rows: [ROOT_ROW], directory: folder });
    expect(failureCount).toBeGreaterThan(10_000);
    expect(readdirSync(folder, { recursive: true }).length).toBeLessThan(100);
    // Of those that can be listed, not all are written either.
    expect(directories).toBeLessThan((await repeatedRows(image)).length);
  }, 120_000);

  it('are all written where they are few', async () => {
    await using image = await openFaultInput('dag4.iso');
    const [row] = await repeatedRows(image);
    const repeated = new RepeatedDirectories(image.index, 10);
    for (let i = 0; i < 1 + (4096 + 40) / 4; i += 1) repeated.enter(row!, 4);
    expect(() => repeated.enter(row!, 4)).toThrow(expect.objectContaining({ code: 'loop' }));
    expect(() => repeated.enter(row!, 0)).not.toThrow();
  });
});
