// An image made in this process, of a medium whose sectors fail or change exactly where the test wants it.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IsodriveError } from '../../../src/base/error.js';
import { createImage, unfinished } from '../../../src/imaging/create/create-image.js';
import type { CreateOptions, CreateReport } from '../../../src/imaging/create/create-image.js';
import { outputPaths } from '../../../src/imaging/create/resume.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import { SECTOR, buildIso } from '../../support/builders/iso-builder.js';

const FILE_SECTOR = 30;
const CONTENT = Buffer.alloc(4 * SECTOR, 'content');
const DISC = buildIso({
  root: [{ name: 'FILE.BIN;1', extent: FILE_SECTOR, size: CONTENT.length }],
  sectors: Object.fromEntries(
    Array.from({ length: 4 }, (_, i) => [FILE_SECTOR + i, CONTENT.subarray(i * SECTOR, (i + 1) * SECTOR)]),
  ),
});

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isodrive-create-image-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function create(
  source: FaultySource,
  output: string,
  options: Partial<CreateOptions> = {},
): Promise<CreateReport> {
  return createImage(source, {
    paths: outputPaths(output, undefined),
    algorithms: ['sha256'],
    retries: 0,
    verify: false,
    preallocates: false,
    force: false,
    acceptErrors: false,
    schemaVersion: 1,
    ...options,
  });
}

const fresh = (): string => join(folder, `${(count += 1)}.iso`);

/** A medium that is unreadable from a sector on. */
function withBadEnd(bytes: Uint8Array, from: number): FaultySource {
  const source = new FaultySource(bytes);
  source.bad = [from * SECTOR, bytes.length];
  return source;
}

describe('An image of a disc', () => {
  it.each([1, 2, 152])('ends before %i run-out blocks that no structure claims', async (blocks) => {
    const output = fresh();
    const sectors = DISC.length / SECTOR;
    const medium = withBadEnd(Buffer.concat([DISC, Buffer.alloc(blocks * SECTOR, 'junk')]), sectors);
    const report = await create(medium, output);
    expect(report.findings.map(({ code }) => code)).toEqual(['run-out-blocks']);
    expect(report).toMatchObject({ finished: true, size: DISC.length, structureEnd: DISC.length });
    expect(Buffer.compare(await readFile(output), DISC)).toBe(0);
  });

  it('keeps what can be read behind the end that its structures claim', async () => {
    const output = fresh();
    const bytes = Buffer.concat([DISC, Buffer.alloc(5 * SECTOR, 'more')]);
    expect(await create(new FaultySource(bytes), output)).toMatchObject({ finished: true, findings: [] });
    expect(Buffer.compare(await readFile(output), bytes)).toBe(0);
  });

  it.each([
    ['153 bad blocks behind its end', 153, 0],
    ['bad blocks that its structures claim', 0, 1],
  ])('is not finished with %s', async (_, behind, before) => {
    const output = fresh();
    const bytes = Buffer.concat([DISC, Buffer.alloc(behind * SECTOR)]);
    const report = await create(withBadEnd(bytes, DISC.length / SECTOR - before), output);
    expect(report.finished).toBe(false);
    expect(unfinished(report)).toMatchObject({ code: 'partial' });
    expect(existsSync(output)).toBe(false);
  });

  it('says when the drive gives less than the disc claims', async () => {
    const report = await create(new FaultySource(DISC.subarray(0, 60 * SECTOR)), fresh());
    expect(report.findings.map(({ code }) => code)).toEqual(['short-medium']);
  });

  it('reads again, when wanted, what reads differently the second time, and names the file', async () => {
    const output = fresh();
    const unsure = new FaultySource(DISC);
    const place = (FILE_SECTOR + 2) * SECTOR;
    const read = unsure.read.bind(unsure);
    let times = 0;
    unsure.read = async (target, position) => {
      const got = await read(target, position);
      if (position <= place && position + got > place) target[place - position]! ^= times += 1;
      return got;
    };
    const report = await create(unsure, output, { verify: true });
    expect(report).toMatchObject({ finished: false, differing: [{ position: place, size: SECTOR }] });
    expect(report.affectedFiles).toEqual([
      { path: '/file.bin', ranges: [{ position: 2 * SECTOR, size: SECTOR }] },
    ]);
    expect(unfinished(report)).toMatchObject({ code: 'verification-failed' });
    expect(existsSync(output)).toBe(false);
    const sure = await create(new FaultySource(DISC), output, { verify: true });
    expect(sure).toMatchObject({ finished: true, resumed: true, differing: [] });
    expect(Buffer.compare(await readFile(output), DISC)).toBe(0);
  });

  it('leaves no image and a way on when its source vanishes', async () => {
    const output = fresh();
    const source = new FaultySource(DISC);
    const gone = new IsodriveError('image-unreadable', 'Cannot read: ENODEV', {
      cause: Object.assign(new Error('ENODEV'), { code: 'ENODEV' }),
    });
    source.fault = (position, end) => (end - position > SECTOR ? gone : undefined);
    await expect(create(source, output)).rejects.toThrow('ENODEV');
    expect([output, `${output}.json`, `${output}.part`, `${output}.map`].map(existsSync)).toEqual([
      false,
      false,
      true,
      true,
    ]);
    await create(new FaultySource(DISC), output);
    expect(Buffer.compare(await readFile(output), DISC)).toBe(0);
  });
});
