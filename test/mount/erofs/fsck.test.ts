// fsck.erofs and dump.erofs, the format's own tools, on the metadata of every image of the corpus and of a tree with
// every kind of entry. ISODRIVE_EROFS_UTILS names a folder with a current fsck.erofs and dump.erofs, by default those
// on the PATH serve: erofs-utils before 1.6 (Debian 12 has 1.5) knows no blocks smaller than a page, so that it is
// given metadata with blocks of 4096 bytes, in which more files are copies.
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../../scripts/support/run-command.js';
import { toIsodriveError } from '../../../src/base/error.js';
import { openImage } from '../../../src/image/open-image.js';
import { writeMetadata } from '../../../src/mount/erofs/write-metadata.js';
import { findCorpus, listImages, unpackImage } from '../../support/corpus.js';
import { makeImage, writeTree } from '../../present/presenter-tree.js';
import { has, needs } from '../../support/needs.js';

/** Version since which the tools take blocks of less than a page. */
const SMALL_BLOCKS_SINCE = 1.6;
const OLD_BLOCK_SIZE = 4096;

const tools = process.env.ISODRIVE_EROFS_UTILS;
const fsck = tools === undefined ? 'fsck.erofs' : join(tools, 'fsck.erofs');
const dump = tools === undefined ? 'dump.erofs' : join(tools, 'dump.erofs');
const version = has('fsck.erofs') ? await readVersion() : 0;
const corpus = findCorpus();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isodrive-fsck-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function readVersion(): Promise<number> {
  const { stdout, stderr } = await runCommand(fsck, ['-V']);
  return Number(/(\d+\.\d+)/.exec(`${stdout.toString()}${stderr}`)?.[1] ?? 0);
}

/** The tools' complaints about an image's metadata; undefined when EROFS cannot serve it. */
async function check(image: string): Promise<string | undefined> {
  const metadata = join(folder, 'check.erofs');
  await using opened = await openImage(image);
  const { index, data, tree } = opened;
  try {
    await using file = await open(metadata, 'w+');
    const blockSize = version < SMALL_BLOCKS_SINCE ? { blockSize: OLD_BLOCK_SIZE } : {};
    await writeMetadata({ index, data, label: tree.label, ...blockSize }, file);
  } catch (thrown) {
    if (toIsodriveError(thrown).code === 'unsupported') return undefined;
    throw thrown;
  }
  const checked = await runCommand(fsck, [`--device=${image}`, metadata]);
  const dumped = await runCommand(dump, ['-s', `--device=${image}`, metadata]);
  const failed = [checked, dumped].filter(({ status }) => status !== 0);
  return failed.map(({ stdout, stderr }) => `${stdout.toString()}${stderr}`).join('\n');
}

describe(`fsck.erofs ${version}`, needs('fsck.erofs'), () => {
  it('accepts a tree with every kind of entry', needs('xorriso'), async () => {
    const tree = mkdtempSync(join(folder, 'tree-'));
    writeTree(tree);
    const image = join(folder, 'suite.iso');
    makeImage(tree, image);
    expect(await check(image)).toBe('');
  });

  it(
    'accepts the metadata of every image of the corpus',
    { ...needs('../shared/corpus'), timeout: 300_000 },
    async () => {
      let accepted = 0;
      for (const kind of ['images', 'malformed'] as const) {
        for (const name of listImages(corpus!, kind)) {
          const image = await unpackImage(corpus!, kind, name);
          const complaint = await check(image).catch((thrown: unknown) => {
            // What cannot be opened is for other tests.
            if (toIsodriveError(thrown).code === 'internal') throw thrown;
            return undefined;
          });
          if (complaint === undefined) continue;
          expect(`${name}: ${complaint}`).toBe(`${name}: `);
          accepted += 1;
        }
      }
      expect(accepted).toBeGreaterThan(50);
    },
  );
});
