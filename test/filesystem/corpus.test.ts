// Every ISO 9660, HFS and HFS+ image of the shared corpus equals what Linux's own drivers show of it, and what is
// malformed is read as far as it goes or refused with a clear error.
import { afterAll, describe, expect, it } from 'vitest';
import { IsodriveError } from '../../src/base/error.js';
import type { TreeKind } from '../../src/filesystem/contract/file-tree.js';
import { openImage } from '../../src/image/open-image.js';
import type { OpenedImage } from '../../src/image/open-image.js';
import {
  findCorpus,
  listImages,
  listVariants,
  readManifest,
  readSourceManifest,
  unpackImage,
} from '../support/corpus.js';
import type { Corpus } from '../support/corpus.js';
import { listImage } from '../support/judges/index-manifest.js';
import { compareEntries, parseManifest } from '../support/judges/manifest.js';
import type { Manifest, ManifestEntry } from '../support/judges/manifest.js';
import { KNOWN_DIFFERENCES } from './corpus-differences.js';
import type { KnownDifference } from './corpus-differences.js';

/** Mount options of the kernel, and the tree that they choose. */
const VARIANTS: Readonly<Record<string, (kinds: readonly TreeKind[]) => TreeKind | 'auto'>> = {
  iso: (kinds) => (kinds.includes('udf') ? kinds[0]! : 'auto'),
  'iso-unhide': (kinds) => (kinds.includes('udf') ? kinds[0]! : 'auto'),
  'iso-norock': (kinds) => (kinds.includes('joliet') ? 'joliet' : 'iso9660'),
  'iso-nojoliet': (kinds) => (kinds.includes('rock-ridge') ? 'rock-ridge' : 'iso9660'),
  'iso-norock-nojoliet': () => 'iso9660',
  'iso-cruft': () => 'auto',
  'iso-map-off': () => 'iso9660',
  'iso-modes': () => 'auto',
  'iso-uid-mode': () => 'auto',
  hfs: () => 'hfs',
  hfsplus: () => 'hfsplus',
};
const ISO_KINDS: readonly TreeKind[] = ['rock-ridge', 'joliet', 'iso9660-1999', 'iso9660'];
/** Trees with modes, owners and links of their own, which are compared. */
const WITH_ATTRIBUTES: readonly TreeKind[] = ['rock-ridge', 'hfs', 'hfsplus'];
/** Variants in which Linux shows modes and owners that its mount options say, and not the disc's. */
const CHOSEN_ATTRIBUTES = ['iso-modes', 'iso-uid-mode'];
/**
 * Ways of Linux to show names that isodrive does not have: for Acorn's RISC OS, and in a charset of the user's, where
 * "?" stands for what that lacks. Names are UTF-8 here, and --charset is for those that are read.
 */
const LEFT_OUT = ['iso-map-acorn', 'iso-iocharset-iso8859-1'];
/** sbsector: Linux looks for the descriptors of the session that starts there. */
const SESSION_VARIANT = /^iso-sbsector(\d+)$/;
const HASH_LIMIT = 64 * 1024 * 1024;
/** Milliseconds that a malformed image may take. */
const TIME_LIMIT = 2000;

const corpus = findCorpus();
const used = new Set<KnownDifference>();

async function openVariant(path: string, name: string, variant: string): Promise<OpenedImage> {
  // Linux counts the size of a session from sector 0: the root of Rock Ridge then seems to lie outside, not Joliet's.
  const text = corpus && readManifest(corpus, name, variant);
  const fallsBack = /^#mounted.*\bnorock\b/m.test(text ?? '');
  const choose = VARIANTS[variant] ?? VARIANTS[fallsBack ? 'iso-norock' : 'iso']!;
  const start = Number(SESSION_VARIANT.exec(variant)?.[1] ?? 0);
  await using image = await openImage(path);
  const tree = choose(image.trees.map(({ kind }) => kind));
  // Linux shows what stands at one place of a file; isodrive knows the sessions and takes the last.
  const session = image.sessions.find(
    (one) => one.descriptors === start || (start > 0 && one.start === start),
  );
  return await openImage(path, { tree, session: session?.number });
}

/** None where the image is refused or holds other file systems only. */
async function listIsoViews(path: string): Promise<TreeKind[]> {
  try {
    await using image = await openImage(path);
    return image.trees.map(({ kind }) => kind).filter((kind) => ISO_KINDS.includes(kind));
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(IsodriveError);
    return [];
  }
}

async function findDifferences(
  image: OpenedImage,
  manifest: Manifest,
  name: string,
  variant: string,
): Promise<string[]> {
  const actual = await listImage(image, { hashLimit: HASH_LIMIT });
  const attributes = WITH_ATTRIBUTES.includes(image.tree.kind) && !CHOSEN_ATTRIBUTES.includes(variant);
  return compareEntries(mapNames(manifest.entries, variant), actual, { attributes }).filter((difference) => {
    const known = KNOWN_DIFFERENCES.filter((row) => row.image.test(name) && row.difference.test(difference));
    known.forEach((row) => used.add(row));
    return known.length === 0;
  });
}

/** map=off shows names as they are recorded; their default form is made from them as Linux does it. */
function mapNames(entries: readonly ManifestEntry[], variant: string): readonly ManifestEntry[] {
  if (variant !== 'iso-map-off') return entries;
  const toDefault = (path: string): string =>
    path
      .toLowerCase()
      .replace(/\.?;1$/, '')
      .replaceAll(';', '.');
  const mapped = entries.map((entry) => ({ ...entry, path: toDefault(entry.path) }));
  // Names that differ by case only become the same.
  return mapped.filter(({ path }, index) => mapped.findIndex((other) => other.path === path) === index);
}

function readManifests(from: Corpus, image: string): [string, Manifest][] {
  return listVariants(from, image).flatMap((variant) => {
    const isKnown = variant in VARIANTS || SESSION_VARIANT.test(variant);
    if (!isKnown) return [];
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
          expect(await listIsoViews(path)).toEqual([]);
          return;
        }
        await using image = await openVariant(path, name, variant);
        expect(await findDifferences(image, manifest, name, variant)).toEqual([]);
      });
    }
  }

  it('has no manifest of an ISO 9660 variant that is not compared', () => {
    const variants = new Set(listImages(corpus, 'images').flatMap((name) => listVariants(corpus, name)));
    const isLeft = (variant: string): boolean => !(variant in VARIANTS) && !SESSION_VARIANT.test(variant);
    const left = [...variants].filter((variant) => variant.startsWith('iso') && isLeft(variant));
    expect(left.sort()).toEqual([...LEFT_OUT].sort());
  });

  // xorriso leaves out the slash at the end of a target.
  for (const [name, source, writerDiffers] of [
    ['xo-times.iso', 'times', []],
    ['gi-apple.iso', 'small', []],
    ['xo-zisofs2.iso', 'z', []],
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
        await using image = await openVariant(await unpackImage(corpus, 'malformed', name), name, variant);
        expect(await findDifferences(image, manifest, name, variant)).toEqual([]);
      });
    }
  }
});

afterAll(() => {
  const unused = KNOWN_DIFFERENCES.filter((row) => !used.has(row)).map(({ reason }) => reason);
  if (corpus !== undefined) expect(unused).toEqual([]);
});
