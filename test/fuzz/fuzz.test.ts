// A short run of the fuzzer, the same every time: nothing that it changes may show a defect.
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BasePool, prepareBase } from '../../scripts/fuzz/bases.js';
import type { Base } from '../../scripts/fuzz/bases.js';
import { makeImages, readImages } from '../../scripts/fuzz/corpus-images.js';
import { Defect, execute } from '../../scripts/fuzz/execute.js';
import { makeInput, remakeInput } from '../../scripts/fuzz/inputs.js';
import { MemorySource } from '../../scripts/fuzz/memory-source.js';
import { makeSheets } from '../../scripts/fuzz/sheet-images.js';
import { PagedImage, storeImage } from '../../scripts/fuzz/paged-image.js';
import { hasProgram, runCommand } from '../../scripts/support/run-command.js';
import { findCorpus } from '../support/corpus.js';
import { descriptor, terminator, ucs2 } from '../support/builders/descriptor-builder.js';
import { ER, SP, buildIso, directory, join as concat, nm, px } from '../support/builders/iso-builder.js';
import { readFaultInput } from '../support/builders/fault-input.js';

const EXECUTIONS = 3000;
const SHEET_EXECUTIONS = 250;
const SEED = 2026;
/** Milliseconds for them; on a busy machine they take more than a minute. */
const FUZZ_TIME = 300_000;
const PROGRAM = join(import.meta.dirname, '../../dist/scripts/fuzz/main.js');

const corpus = findCorpus();
const folder = await mkdtemp(join(tmpdir(), 'isodrive-fuzz-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A small disc with Rock Ridge and Joliet, for machines without the corpus. */
function sampleDisc(): Uint8Array {
  const inner = directory(30, [
    { name: 'F.;1', extent: 34, size: 9, systemUse: concat(px(0o100644), nm('file')) },
  ]);
  const joliet = directory(40, [{ name: ucs2('file'), extent: 34, size: 9 }]);
  return buildIso({
    root: [
      { name: 'D', extent: 30, size: inner.length, flags: 2, systemUse: concat(px(0o40755), nm('dir')) },
    ],
    dotUse: concat(SP, ER, px(0o40755)),
    sectors: {
      17: descriptor({ type: 2, escapes: '%/E', root: { extent: 40, size: joliet.length } }),
      18: terminator(),
      30: inner,
      40: joliet,
    },
  });
}

function prepareSample(): Promise<Base> {
  return prepareBase(storeImage('sample', sampleDisc()));
}

describe('The fuzzer', () => {
  it('makes the same input of the same number, and another of another', async () => {
    const pool = new BasePool([await prepareSample()]);
    const digest = (image: PagedImage): string => createHash('sha256').update(image.toBytes()).digest('hex');
    const make = (number: number): string => digest(makeInput(pool, SEED, number).image);
    const inputs = Array.from({ length: 20 }, (_, number) => make(number));
    expect(make(7)).toBe(inputs[7]);
    // A change may change nothing now and then.
    expect(new Set(inputs).size).toBeGreaterThan(15);
  });

  it('changes further what it kept, and makes such an input again from its lineage', async () => {
    const base = await prepareSample();
    const pool = new BasePool([base]);
    const numbers = Array.from({ length: 200 }, (_, number) => number);
    for (const number of numbers) pool.keep(makeInput(pool, SEED, number));
    const late = numbers.map((number) => makeInput(pool, SEED, 1000 + number));
    const deepest = late.reduce((a, b) => (b.lineage.length > a.lineage.length ? b : a));
    expect(deepest.lineage.length).toBeGreaterThan(2);
    const again = remakeInput(new BasePool([base]), SEED, deepest.lineage);
    expect(Buffer.compare(again.image.toBytes(), deepest.image.toBytes())).toBe(0);
  });

  it('never changes what an input was made from', async () => {
    const base = await prepareSample();
    const pool = new BasePool([base]);
    for (let number = 0; number < 100; number += 1) pool.keep(makeInput(pool, SEED, number));
    expect(Buffer.compare(base.image.toBytes(), sampleDisc())).toBe(0);
  });

  it('reads an image over pages as it is in one piece, changed and cut', () => {
    const bytes = new Uint8Array(10_000).map((_, i) => (i > 4096 && i < 8192 ? 0 : i & 0xff));
    const image = PagedImage.from(bytes).copy();
    const part = new Uint8Array(5000).fill(7);
    image.write(1000, part);
    bytes.set(part, 1000);
    image.write(9999, part);
    bytes[9999] = 7;
    expect(Buffer.compare(image.toBytes(), bytes)).toBe(0);
    expect(Buffer.compare(image.slice(2000, 4000), bytes.slice(2000, 6000))).toBe(0);
    image.cut(3000);
    expect(image.slice(2990, 100)).toHaveLength(10);
  });

  it('changes what a reader looks at', async () => {
    const { regions } = await prepareSample();
    const covers = (sector: number): boolean =>
      [...regions.values()]
        .flat()
        .some(({ start, length }) => start < (sector + 1) * 2048 && start + length > sector * 2048);
    expect([16, 17, 20, 30, 40].map(covers)).toEqual([true, true, true, true, true]);
    expect([5, 10].map(covers)).toEqual([false, false]);
    expect([...regions.keys()].sort()).toEqual(['iso9660', 'joliet', 'none', 'rock-ridge']);
  });

  it('has volumes of the formats that discs seldom have', async () => {
    const bases = await Promise.all(makeImages().map(prepareBase));
    const found = bases.flatMap(({ name, kinds }) => kinds.map((kind) => `${name} ${kind}`));
    for (const [program, wanted] of [
      ['mkfs.vfat', 'made-fat12.img fat'],
      ['mkfs.vfat', 'made-fat16.img fat'],
      ['mkfs.vfat', 'made-fat32.img fat'],
      ['hformat', 'made-hfs.img hfs'],
      ['xorriso', 'made-hfsplus.iso hfsplus'],
    ] as const) {
      expect([await hasProgram(program), found.includes(wanted)]).not.toEqual([true, false]);
    }
  });

  it('changes sheets beside files that they name', async () => {
    const bases = await Promise.all(makeSheets().map(prepareBase));
    expect(bases.map(({ name }) => name)).toEqual([
      'made.cue',
      'sound.cue',
      'made.toc',
      'made.gdi',
      'made.ccd',
    ]);
    const pool = new BasePool(bases);
    const outcomes = new Set<string>();
    for (let number = 0; number < SHEET_EXECUTIONS; number += 1) {
      const { base, image, all } = makeInput(pool, 7, number);
      const options = { all, ...(base.files === undefined ? {} : { files: base.files }) };
      outcomes.add((await execute(new MemorySource(base.name, image), options)).outcome);
    }
    expect([...outcomes]).toEqual(expect.arrayContaining(['damaged', 'unsupported', '1 views, entries']));
  });

  it('finds no work without end in a bridge disc whose UDF leads back to itself', async () => {
    const bytes = await readFaultInput('bridge-directory-loop.iso');
    const source = new MemorySource('loop', PagedImage.from(bytes));
    expect((await execute(source)).outcome).toMatch(/views, entries$/);
  });

  it('tells a defect', async () => {
    const source = new MemorySource('sample', PagedImage.from(sampleDisc()));
    source.bytesRead = 1e9;
    await expect(execute(source)).rejects.toBeInstanceOf(Defect);
  });

  it(
    `finds no defect in ${EXECUTIONS} changed images`,
    async () => {
      await writeFile(join(folder, 'sample.iso'), sampleDisc());
      const shared =
        corpus === undefined ? [folder] : [join(corpus.folder, 'images'), join(corpus.folder, 'malformed')];
      const folders = [join(import.meta.dirname, '../corpus/ok'), ...shared];
      expect(readImages([folder])).toHaveLength(1);
      const args = ['--executions', `${EXECUTIONS}`, '--seed', `${SEED}`, ...folders];
      expect(existsSync(PROGRAM)).toBe(true);
      const { status, stdout, stderr } = await runCommand(process.execPath, [PROGRAM, ...args], {
        timeout: FUZZ_TIME,
      });
      expect(stderr).toBe('');
      const record = JSON.parse(stdout.toString()) as { executions: number; kept: number; about: object };
      expect(record).toMatchObject({ defects: 0, shown: [] });
      // Inputs that may have led to new code run a second time.
      expect(record.executions).toBeGreaterThanOrEqual(EXECUTIONS);
      expect(record.kept).toBeGreaterThan(0);
      expect(Object.keys(record.about)).toEqual(expect.arrayContaining(['xdvdfs', 'opera', 'cd-i']));
      expect(status).toBe(0);
    },
    FUZZ_TIME,
  );

  it('says what it lacks', async () => {
    const { status, stderr } = await runCommand(process.execPath, [PROGRAM, join(folder, 'none')]);
    expect(status).toBe(2);
    expect(stderr).toContain('found no folder');
  });
});
