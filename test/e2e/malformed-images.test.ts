// Every damaged, hostile and fuzzed image of the corpus, given to a real daemon: mounted and walked as far as it goes,
// or refused with a code of ours. Nothing hangs, nothing crashes, nothing is left behind.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IsodriveError } from '../../src/base/error.js';
import { readResidentMemory } from '../../scripts/support/process-memory.js';
import { findCorpus, listImages, unpackImage } from '../support/corpus.js';
import { listTree } from '../support/programs/list-tree.js';
import { PrivateIsodrive } from '../support/programs/private-isodrive.js';
import { needs } from '../support/needs.js';

const corpus = findCorpus();
/** Milliseconds for one image, walk and hashes included. */
const TIME_LIMIT = 20_000;
/** Depth and breadth of a hostile tree are bounded by the index; content is not read, it may be terabytes of holes. */
const WITHOUT_CONTENT = { content: false, timeout: TIME_LIMIT };
const MEMORY_LIMIT = 160 * 1024 * 1024;
const REFUSALS = ['damaged', 'unsupported', 'image-unreadable', 'loop'];

describe('A daemon that is given malformed images', needs('../shared/corpus'), () => {
  let isodrive: PrivateIsodrive;
  let pid: number;
  beforeAll(async () => {
    isodrive = await PrivateIsodrive.start();
    ({ pid } = await isodrive.daemon.status());
  });
  afterAll(() => isodrive[Symbol.asyncDispose]());

  it.each(corpus === undefined ? [] : listImages(corpus, 'malformed'))('survives %s', async (name) => {
    const image = await unpackImage(corpus!, 'malformed', name);
    try {
      await using mount = await isodrive.mount(image, { driver: 'fuse' });
      expect((await listTree(mount.mountPoint, WITHOUT_CONTENT)).length).toBeGreaterThan(0);
    } catch (error) {
      if (!(error instanceof IsodriveError)) throw error;
      expect(REFUSALS).toContain(error.code);
      expect(error.message).toMatch(/expected/);
    }
    expect(isodrive.remainingMounts()).toEqual([]);
  });

  it('is the same daemon afterwards, and small', async () => {
    expect(await isodrive.daemon.status()).toMatchObject({ pid, mounts: [] });
    expect((await readResidentMemory(pid)).total).toBeLessThan(MEMORY_LIMIT);
  });
});
