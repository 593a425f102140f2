// Mounts every ISO image of the corpus for real, through the daemon, and compares the tree that a child process sees
// with the manifest of an independent reader. test/filesystem does the same without a mount, in every variant.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DRIVER_NAMES } from '../../src/options/driver-names.js';
import type { DriverName } from '../../src/options/driver-names.js';
import { findCorpus, listImages, readManifest, unpackImage } from '../support/corpus.js';
import type { Corpus } from '../support/corpus.js';
import { listTree } from '../support/programs/list-tree.js';
import { openImage } from '../../src/image/open-image.js';
import { compareEntries, parseManifest } from '../support/judges/manifest.js';
import type { Manifest } from '../support/judges/manifest.js';
import { KNOWN_DIFFERENCES } from '../filesystem/corpus-differences.js';
import type { KnownDifference } from '../filesystem/corpus-differences.js';
import { PrivateIsodrive } from '../support/programs/private-isodrive.js';
import { DRIVER_NEEDS, needs } from '../support/needs.js';

const corpus = findCorpus();
/** The kernel's EROFS cannot decompress these, and the driver says so. */
const CODED = ['libarchive--iso_zisofs.iso', 'xo-zisofs1-64k.iso', 'xo-zisofs1.iso', 'xo-zisofs2.iso'];

/** What a driver cannot show, whatever the disc says. */
const DRIVER_DIFFERENCES: Readonly<Record<DriverName, readonly KnownDifference[]>> = {
  erofs: [],
  fuse: [],
  'fuse-native': [
    {
      image: /-times\.iso$/,
      difference: /modified is 0, expected -\d+$/,
      reason: 'The package has no times before 1970',
    },
  ],
};

interface Expectation {
  readonly image: string;
  readonly manifest: Manifest;
}

/** Images that the independent reader could read. */
function findExpectations(within: Corpus): Expectation[] {
  return listImages(within, 'images').flatMap((image) => {
    const text = readManifest(within, image, 'iso');
    if (text === undefined) return [];
    const manifest = parseManifest(text);
    const isReadable = manifest.mountError === undefined && manifest.complete;
    return isReadable ? [{ image, manifest }] : [];
  });
}

/** What is for its owner alone, who is root more often than the user of these tests. */
const CLOSED = ': sha256 is open-error:EACCES, expected ';

const isRoot = process.getuid?.() === 0;

const testDriver = (driver: DriverName): void => {
  let isodrive: PrivateIsodrive;
  beforeAll(async () => {
    isodrive = await PrivateIsodrive.start();
  });
  afterEach(() => {
    expect(isodrive.remainingMounts()).toEqual([]);
  });
  afterAll(() => isodrive[Symbol.asyncDispose]());

  const expectations = corpus === undefined ? [] : findExpectations(corpus);
  it.each(expectations)('shows the tree of $image', async ({ image, manifest }) => {
    const path = await unpackImage(corpus!, 'images', image);
    // Linux shows the session whose descriptors stand first in a file, isodrive the last.
    await using opened = await openImage(path);
    const session = opened.sessions.find(({ descriptors }) => descriptors === 0)?.number;
    // Where UDF stands beside it, the manifest is still that of ISO 9660.
    const [best] = opened.trees;
    const tree = opened.trees.some(({ kind }) => kind === 'udf') ? best!.kind : 'auto';
    if (driver === 'erofs' && CODED.includes(image)) {
      await expect(isodrive.mount(path, { driver, session, tree })).rejects.toMatchObject({
        code: 'unsupported',
      });
      return;
    }
    await using mount = await isodrive.mount(path, { driver, session, tree });
    const shown = await listTree(mount.mountPoint, { timeout: 30_000 });
    const attributes = mount.tree === 'rock-ridge';
    const known = [...KNOWN_DIFFERENCES, ...DRIVER_DIFFERENCES[driver]].filter((row) =>
      row.image.test(image),
    );
    const differences = compareEntries(manifest.entries, shown, { attributes });
    const isKnown = (found: string): boolean =>
      known.some((row) => row.difference.test(found)) || (!isRoot && found.includes(CLOSED));
    expect(differences.filter((found) => !isKnown(found))).toEqual([]);
  });
};

for (const driver of DRIVER_NAMES) {
  const needed = needs('../shared/corpus', ...DRIVER_NEEDS[driver]);
  describe(`A mount by driver ${driver}`, needed, () => testDriver(driver));
}
