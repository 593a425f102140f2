// All views of every image of the corpus: each shows what it shows alone, and malformed images end soon.
import { describe, expect, it } from 'vitest';
import { IsodriveError } from '../../../src/base/error.js';
import type { TreeKind } from '../../../src/filesystem/contract/file-tree.js';
import { openImage } from '../../../src/image/open-image.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { findCorpus, listImages, unpackImage } from '../../support/corpus.js';
import { listImage } from '../../support/judges/index-manifest.js';
import type { ManifestEntry } from '../../support/judges/manifest.js';
import { needs } from '../../support/needs.js';

const WITHOUT_CONTENT = { hashLimit: 0 };
const corpus = findCorpus();

async function openIfPossible(path: string, tree: TreeKind | 'auto'): Promise<OpenedImage | undefined> {
  try {
    return await openImage(path, { tree });
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(IsodriveError);
    expect((thrown as IsodriveError).code).not.toBe('internal');
    return undefined;
  }
}

/** The entries of a view among all of them, as if it stood alone. */
function selectView(all: readonly ManifestEntry[], kind: TreeKind): ManifestEntry[] {
  const prefix = kind === 'rock-ridge' ? '/rockridge' : `/${kind}`;
  return all
    .filter(({ path }) => path === prefix || path.startsWith(`${prefix}/`))
    .map((entry) => ({ ...entry, path: entry.path.slice(prefix.length) || '/' }));
}

describe('all views of', needs('../shared/corpus'), () => {
  it.each(corpus === undefined ? [] : listImages(corpus, 'images'))(
    '%s are those that it has',
    async (name) => {
      const path = await unpackImage(corpus!, 'images', name);
      await using opened = await openIfPossible(path, 'all');
      if (opened === undefined) return;
      const all = await listImage(opened, WITHOUT_CONTENT);
      expect(opened.trees.length).toBeGreaterThan(0);
      for (const { kind } of opened.trees) {
        // A view whose root is damaged cannot be opened, and is left out of all.
        await using single = await openIfPossible(path, kind);
        const alone = single === undefined ? [] : await listImage(single, WITHOUT_CONTENT);
        expect(selectView(all, kind)).toEqual(alone);
      }
    },
  );

  it.each(corpus === undefined ? [] : listImages(corpus, 'malformed'))(
    '%s are listed to their end, or refused',
    async (name) => {
      await using opened = await openIfPossible(await unpackImage(corpus!, 'malformed', name), 'all');
      if (opened === undefined) return;
      expect((await listImage(opened, WITHOUT_CONTENT)).length).toBeGreaterThan(0);
    },
  );
});
