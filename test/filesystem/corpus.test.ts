// Every ISO 9660 image of the shared corpus equals what Linux's own isofs shows of it, and what is malformed is read as
// far as it goes or refused with a clear error.
import { afterAll, describe, expect, it } from 'vitest';
import { IsodriveError } from '../../src/base/error.js';
import type { TreeKind } from '../../src/filesystem/file-tree.js';
import { openImage } from '../../src/index/open-image.js';
import type { OpenedImage } from '../../src/index/open-image.js';
import { findCorpus, listImages, readManifest, readSourceManifest, unpackImage } from '../support/corpus.js';
import type { Corpus } from '../support/corpus.js';
import { listImage } from '../support/index-manifest.js';
import { compareEntries, parseManifest } from '../support/manifest.js';
import type { Manifest, ManifestEntry } from '../support/manifest.js';
import { KNOWN_DIFFERENCES } from './corpus-differences.js';
import type { KnownDifference } from './corpus-differences.js';

/** Mount options of the kernel, and the tree that they choose. */
const VARIANTS: Readonly<Record<string, (kinds: readonly TreeKind[]) => TreeKind | 'auto'>> = {
  iso: () => 'auto',
  'iso-unhide': () => 'auto',
  'iso-norock': (kinds) => (kinds.includes('joliet') ? 'joliet' : 'iso9660'),
  'iso-nojoliet': (kinds) => (kinds.includes('rock-ridge') ? 'rock-ridge' : 'iso9660'),
  'iso-norock-nojoliet': () => 'iso9660',
};
const HASH_LIMIT = 64 * 1024 * 1024;
/** Milliseconds that a malformed image may take. */
const TIME_LIMIT = 2000;

const corpus = findCorpus();
const used = new Set<KnownDifference>();

async function openVariant(path: string, variant: string): Promise<OpenedImage> {
  const choose = VARIANTS[variant]!;
  await using image = await openImage(path);
  const tree = choose(image.trees.map(({ kind }) => kind));
  return await openImage(path, { tree });
}

async function findDifferences(image: OpenedImage, manifest: Manifest, name: string): Promise<string[]> {
  const actual = await listImage(image, { hashLimit: HASH_LIMIT });
  const attributes = image.tree.kind === 'rock-ridge';
  return compareEntries(manifest.entries, actual, { attributes }).filter((difference) => {
    const known = KNOWN_DIFFERENCES.filter((row) => row.image.test(name) && row.difference.test(difference));
    known.forEach((row) => used.add(row));
    return known.length === 0;
  });
}

function readManifests(from: Corpus, image: string): [string, Manifest][] {
  return Object.keys(VARIANTS).flatMap((variant) => {
    const text = readManifest(from, image, variant);
    return text === undefined ? [] : [[variant, parseManifest(text)] as [string, Manifest]];
  });
}

function isIso(name: string): boolean {
  return name.includes('iso') || name.endsWith('.iso');
}

describe('image of the corpus', () => {
  if (corpus === undefined) {
    it.skip('equals what Linux shows (needs ../shared/corpus)');
    return;
  }
  for (const name of listImages(corpus, 'images')) {
    for (const [variant, manifest] of readManifests(corpus, name)) {
      const refused = manifest.mountError !== undefined;
      it(`${name} ${refused ? 'is refused like Linux does' : 'equals what Linux shows'} with ${variant}`, async () => {
        const path = await unpackImage(corpus, 'images', name);
        if (refused) {
          await expect(openImage(path)).rejects.toBeInstanceOf(IsodriveError);
          return;
        }
        await using image = await openVariant(path, variant);
        expect(await findDifferences(image, manifest, name)).toEqual([]);
      });
    }
  }

  // xorriso leaves out the slash at the end of a target.
  for (const [name, source, writerDiffers] of [
    ['xo-times.iso', 'times', []],
    ['gi-apple.iso', 'small', []],
    ['xo-1999.iso', 'rich', ['/sym_trailing']],
  ] as const) {
    it(`${name} equals the tree it was made from, where Linux shows less of it`, async () => {
      const isCompared = ({ path }: ManifestEntry): boolean =>
        path !== '/' && !(writerDiffers as readonly string[]).includes(path);
      const truth = parseManifest(readSourceManifest(corpus, source)!);
      await using image = await openImage(await unpackImage(corpus, 'images', name));
      const actual = await listImage(image, { hashLimit: HASH_LIMIT });
      const wanted = truth.entries.filter(isCompared);
      expect(compareEntries(wanted, actual.filter(isCompared), { attributes: true })).toEqual([]);
    });
  }
});

describe('malformed image of the corpus', () => {
  if (corpus === undefined) {
    it.skip('is read as far as it goes or refused (needs ../shared/corpus)');
    return;
  }
  for (const name of listImages(corpus, 'malformed')) {
    it(`${name} is read as far as it goes or refused, in time`, async () => {
      const path = await unpackImage(corpus, 'malformed', name);
      const started = performance.now();
      try {
        await using image = await openImage(path);
        const entries = await listImage(image, { hashLimit: HASH_LIMIT });
        expect(entries.length).toBeGreaterThan(0);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(IsodriveError);
        expect(['damaged', 'unsupported', 'image-unreadable']).toContain((thrown as IsodriveError).code);
      }
      expect(performance.now() - started).toBeLessThan(TIME_LIMIT);
    });
    if (!isIso(name)) continue;
    for (const [variant, manifest] of readManifests(corpus, name)) {
      if (manifest.mountError !== undefined || !manifest.complete) continue;
      it(`${name} equals what Linux shows with ${variant}`, async () => {
        await using image = await openVariant(await unpackImage(corpus, 'malformed', name), variant);
        expect(await findDifferences(image, manifest, name)).toEqual([]);
      });
    }
  }
});

afterAll(() => {
  const unused = KNOWN_DIFFERENCES.filter((row) => !used.has(row)).map(({ reason }) => reason);
  if (corpus !== undefined) expect(unused).toEqual([]);
});
