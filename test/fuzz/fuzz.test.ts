// A short run of the fuzzer, the same every time: nothing that it changes may show a defect.
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { prepareBase, readImages } from '../../scripts/fuzz/bases.js';
import { Defect, execute } from '../../scripts/fuzz/execute.js';
import { MemorySource } from '../../scripts/fuzz/memory-source.js';
import { mutate, randomOf } from '../../scripts/fuzz/mutate.js';
import { runCommand } from '../../scripts/bench/run-command.js';
import { findCorpus } from '../support/corpus.js';
import { descriptor, terminator, ucs2 } from '../support/descriptor-builder.js';
import { ER, SP, buildIso, directory, join as concat, nm, px } from '../support/iso-builder.js';

const EXECUTIONS = 3000;
const SEED = 2026;
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

describe('The fuzzer', () => {
  it('makes the same input of the same number, and another of another', async () => {
    const base = await prepareBase('sample', sampleDisc());
    const make = (number: number): Uint8Array => mutate(base.bytes, base.regions, randomOf(SEED, number));
    const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
    const inputs = Array.from({ length: 20 }, (_, number) => digest(make(number)));
    expect(digest(make(7))).toBe(inputs[7]);
    // A change may change nothing now and then.
    expect(new Set(inputs).size).toBeGreaterThan(15);
  });

  it('changes what a reader looks at', async () => {
    const { regions } = await prepareBase('sample', sampleDisc());
    const covers = (sector: number): boolean =>
      regions.some(({ start, length }) => start < (sector + 1) * 2048 && start + length > sector * 2048);
    expect([16, 17, 20, 30, 40].map(covers)).toEqual([true, true, true, true, true]);
    expect([5, 10].map(covers)).toEqual([false, false]);
  });

  it('tells a defect', async () => {
    const source = new MemorySource('sample', sampleDisc());
    source.bytesRead = 1e9;
    await expect(execute(source)).rejects.toBeInstanceOf(Defect);
  });

  it(`finds no defect in ${EXECUTIONS} changed images`, async () => {
    await writeFile(join(folder, 'sample.iso'), sampleDisc());
    const folders =
      corpus === undefined ? [folder] : [join(corpus.folder, 'images'), join(corpus.folder, 'malformed')];
    expect(readImages([folder])).toHaveLength(1);
    const args = ['--executions', `${EXECUTIONS}`, '--seed', `${SEED}`, ...folders];
    expect(existsSync(PROGRAM)).toBe(true);
    const { status, stdout, stderr } = await runCommand(process.execPath, [PROGRAM, ...args]);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout.toString())).toMatchObject({ executions: EXECUTIONS, defects: 0, shown: [] });
    expect(status).toBe(0);
  });

  it('says what it lacks', async () => {
    const { status, stderr } = await runCommand(process.execPath, [PROGRAM, join(folder, 'none')]);
    expect(status).toBe(2);
    expect(stderr).toContain('found no folder');
  });
});
