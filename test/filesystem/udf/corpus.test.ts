// Every UDF image of the shared corpus equals what Linux's own udf shows of it, and so do the malformed ones where
// Linux reads them.
import { afterAll, describe, expect, it } from 'vitest';
import { openImage } from '../../../src/image/open-image.js';
import { findCorpus, listImages, readManifest, unpackImage } from '../../support/corpus.js';
import type { Corpus } from '../../support/corpus.js';
import { listImage } from '../../support/judges/index-manifest.js';
import { compareEntries, parseManifest } from '../../support/judges/manifest.js';
import { UDF_DIFFERENCES } from './corpus-differences.js';
import type { KnownDifference } from '../corpus-differences.js';

const HASH_LIMIT = 64 * 1024 * 1024;
const corpus = findCorpus();
const used = new Set<KnownDifference>();

async function findDifferences(
  from: Corpus,
  part: 'images' | 'malformed',
  name: string,
  text: string,
): Promise<string[]> {
  const path = await unpackImage(from, part, name);
  await using any = await openImage(path);
  // Linux looks at the first session of an image, isodrive at the last.
  const session = any.sessions.length > 1 ? { session: 1 } : {};
  await using image = await openImage(path, { tree: 'udf', ...session });
  const actual = await listImage(image, { hashLimit: HASH_LIMIT });
  return compareEntries(parseManifest(text).entries, actual, { attributes: true }).filter((difference) => {
    const known = UDF_DIFFERENCES.filter((row) => row.image.test(name) && row.difference.test(difference));
    known.forEach((row) => used.add(row));
    return known.length === 0;
  });
}

describe('UDF image of the corpus', () => {
  if (corpus === undefined) {
    it.skip('equals what Linux shows (needs ../shared/corpus)');
    return;
  }
  for (const part of ['images', 'malformed'] as const) {
    for (const name of listImages(corpus, part)) {
      const text = readManifest(corpus, name, 'udf');
      if (text === undefined) continue;
      const { mountError, complete } = parseManifest(text);
      if (mountError !== undefined || !complete) continue;
      it(`${name} equals what Linux shows`, async () => {
        expect(await findDifferences(corpus, part, name, text)).toEqual([]);
      });
    }
  }
});

afterAll(() => {
  const unused = UDF_DIFFERENCES.filter((row) => !used.has(row)).map(({ reason }) => reason);
  if (corpus !== undefined) expect(unused).toEqual([]);
});
