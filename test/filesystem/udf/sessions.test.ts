// U3: write-once discs of several sessions, made by mkudffs (each with a table of its own) and from the shared corpus.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../../scripts/support/run-command.js';
import { findUdfSessions } from '../../../src/filesystem/udf/sessions.js';
import { ROOT_ROW } from '../../../src/index/index-table.js';
import { openImage } from '../../../src/image/open-image.js';
import { findCorpus, unpackImage } from '../../support/corpus.js';
import { readAll } from '../../support/judges/opened-bytes.js';
import { needs } from '../../support/needs.js';

const SECTOR = 2048;
const STARTS = [0, 320, 640];
/** Blocks of an 80-minute CD-R, to whose end every session's partition reaches. */
const DISC_BLOCKS = '445472';

describe('U3: of a disc in three sessions (needs mkudffs)', needs('mkudffs'), () => {
  let folder: string;
  let path: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-udf-sessions-'));
    path = join(folder, 'disc.img');
    for (const start of STARTS) {
      const kind = ['--media-type=cdr', '--udfrev=2.01', `--blocksize=${SECTOR}`];
      const place = [`--startblock=${start}`, `--lvid=session at ${start}`];
      await mustRun('mkudffs', [
        ...(start === 0 ? ['--new-file'] : []),
        ...kind,
        ...place,
        path,
        DISC_BLOCKS,
      ]);
    }
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('all are found, with their places and labels', async () => {
    await using image = await openImage(path);
    const facts = image.sessions.map(({ number, start, label }) => [number, start, label]);
    expect(facts).toEqual(STARTS.map((start, index) => [index + 1, start, `session at ${start}`]));
    expect(image.session?.number).toBe(3);
  });

  it.each([1, 2, 3])('session %i is read by its own table', async (session) => {
    await using image = await openImage(path, { session });
    const start = STARTS[session - 1]!;
    expect(image.tree.label).toBe(`session at ${start}`);
    // Behind the anchor and the file set.
    expect(image.index.node(ROOT_ROW).inode).toBe((start + 258) * SECTOR);
    expect((await readAll(image)).codes).toEqual([]);
  });

  it('the others stand beside the last in the view of all', async () => {
    await using image = await openImage(path, { tree: 'all' });
    const { entries } = await readAll(image);
    expect([...entries.keys()]).toEqual(expect.arrayContaining(['/session-1/udf', '/session-2/udf', '/udf']));
  });

  it('a fourth is refused', async () => {
    await expect(openImage(path, { session: 4 })).rejects.toThrow(/disc has 3, expected session 4/);
  });
});

const corpus = findCorpus();
describe('U9: an image that Linux refuses (needs ../shared/corpus)', needs('../shared/corpus'), () => {
  it('of three sessions shows each of them, though Linux takes the table of the last for every one', async () => {
    const path = await unpackImage(corpus!, 'images', 'utillinux--udf-multi-0-320-640-mkudffs.img');
    const labels = ['first session', 'second session', 'third session'];
    for (const [index, label] of labels.entries()) {
      await using image = await openImage(path, { session: index + 1 });
      expect(image.tree.label).toBe(label);
      // Read with a hex dump: the root's entry is block 1 of the partition, which starts 288 sectors behind the
      // session.
      expect(image.index.node(ROOT_ROW).inode).toBe((STARTS[index]! + 289) * SECTOR);
      expect((await readAll(image)).codes).toEqual([]);
    }
  });

  it('for want of a recognition sequence is read like the image with one', async () => {
    const path = await unpackImage(corpus!, 'malformed', 'mut--udf-no-vrs.img');
    await using image = await openImage(path);
    const { entries, codes } = await readAll(image);
    expect(codes).toContain('no-recognition-sequence');
    expect(entries.size).toBeGreaterThan(60);
    expect(image.volume.udf).toMatchObject({ files: 65, directories: 5 });
  });

  it.each([
    ['mut--udf-lvd-maplen.img', /partition maps/],
    ['mut--udf-lvd-nmaps-huge.img', /partition maps/],
    ['mut--udf-pd-start-far.img', /no file set descriptor/],
    ['mut--udf-spare-table-bad.img', /sparing table/],
    ['mut--udf-trunc-avdp.img', /no anchor/],
    ['mut--udf-vat-self.img', /no file set descriptor/],
    ['syzkaller--udf-26.img', /no anchor/],
  ])('because it is broken is refused with the reason: %s', async (name, reason) => {
    const path = await unpackImage(corpus!, 'malformed', name);
    await expect(openImage(path, { tree: 'udf' })).rejects.toMatchObject({ code: 'damaged' });
    await expect(openImage(path, { tree: 'udf' })).rejects.toThrow(reason);
  });
});

describe('A disc without UDF', () => {
  it('is not read where UDF would have its anchor', async () => {
    const read: number[] = [];
    const reader = {
      name: 'disc.iso',
      size: 2000 * SECTOR,
      layout: undefined,
      read: (target: Uint8Array, position: number) => {
        read.push(position);
        target.fill(0);
        return Promise.resolve(target.length);
      },
    };
    expect(await findUdfSessions(reader, 0)).toEqual([]);
    expect(read.length).toBeGreaterThan(0);
    expect(Math.max(...read)).toBeLessThan(256 * SECTOR);
  });
});
