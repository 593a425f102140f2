// What is written of an image follows from its size, however often its files share their bytes.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  ContentBudget,
  MAX_CONTENT_ROUNDS,
  SPARE_CONTENT_BYTES,
} from '../../../src/present/extract/content-budget.js';
import { extract } from '../../../src/present/extract/extract.js';
import { openImage } from '../../../src/image/open-image.js';

const SIZE = 1_000_000;
const ALL = SPARE_CONTENT_BYTES + MAX_CONTENT_ROUNDS * SIZE;

describe('The budget of content', () => {
  it('gives all that it has, and refuses more as a loop', () => {
    const budget = new ContentBudget('disc.iso', SIZE);
    budget.take(ALL - 1, false);
    expect(() => budget.take(2, false)).toThrow(/Cannot extract more of "disc.iso"/u);
    budget.take(1, false);
    expect(() => budget.take(1, false)).toThrow(expect.objectContaining({ code: 'loop' }) as Error);
  });

  it('counts silence that a sheet asks for, and no file holds', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isodrive-budget-'));
    const cue = join(folder, 'disc.cue');
    await writeFile(join(folder, 'disc.bin'), Buffer.alloc(2352, 1));
    const track = 'TRACK 01 AUDIO\nINDEX 01 00:00:00\nPOSTGAP 99:59:74\n';
    await writeFile(cue, `FILE "disc.bin" BINARY\n${track}`);
    await using image = await openImage(cue);
    const directory = join(folder, 'out');
    const { failures } = await extract(image, { rows: [0], directory });
    expect(failures.map(({ error }) => error.code)).toEqual(['loop']);
    await rm(folder, { recursive: true });
  });

  it('counts decoded bytes for less, as they may be many more than those that are stored', () => {
    const budget = new ContentBudget('disc.iso', SIZE);
    budget.take(4 * ALL, true);
    expect(() => budget.take(4, true)).toThrow();
  });
});
