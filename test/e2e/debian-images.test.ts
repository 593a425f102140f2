// Images as Debian ships them: the mounted tree holds what xorriso and bsdtar extract from the same image.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import { findCorpus, listImages, unpackImage } from '../support/corpus.js';
import { listTree } from '../support/programs/list-tree.js';
import type { ManifestEntry } from '../support/judges/manifest.js';
import { PrivateIsodrive } from '../support/programs/private-isodrive.js';
import { needs } from '../support/needs.js';

const corpus = findCorpus();
const images =
  corpus === undefined
    ? []
    : listImages(corpus, 'images').filter((name) => /^debian--(grub-rescue|ipxe|memtest86)/.test(name));

const EXTRACTORS = [
  {
    tool: 'xorriso' as const,
    args: (image: string, target: string) => [
      ...['-abort_on', 'FATAL', '-osirrox', 'on', '-indev', image, '-extract', '/', target],
    ],
  },
  { tool: 'bsdtar' as const, args: (image: string, target: string) => ['-xf', image, '-C', target] },
];

/** Path and hash of every file, and path and target of every symlink. */
function content(entries: readonly ManifestEntry[]): string[] {
  return entries
    .filter(({ type }) => type !== 'd')
    .map(({ type, path, sha256, target, size }) => `${type} ${path} ${size} ${sha256 ?? target ?? '-'}`)
    .sort();
}

describe('An image that Debian ships', needs('../shared/corpus'), () => {
  let isodrive: PrivateIsodrive;
  beforeAll(async () => {
    isodrive = await PrivateIsodrive.start();
  });
  afterAll(() => isodrive[Symbol.asyncDispose]());

  it('is in the corpus three times', () => {
    expect(images).toHaveLength(3);
  });

  describe.each(images)('%s', (image) => {
    for (const { tool, args } of EXTRACTORS) {
      it(`mounts, lists and reads with the hashes that ${tool} extracts`, needs(tool), async () => {
        const path = await unpackImage(corpus!, 'images', image);
        const target = join(isodrive.folder, `${tool}-${image}`);
        await mkdir(target);
        await mustRun(tool, args(path, target));
        const expected = content(await listTree(target));
        // So that others than root can remove it: folders of discs are not to be written to.
        await mustRun('chmod', ['-R', 'u+w', target]);
        await using mount = await isodrive.mount(path, { driver: 'fuse' });
        const mounted = content(await listTree(mount.mountPoint));
        expect(expected.length).toBeGreaterThan(0);
        expect(mounted).toEqual(expected);
      });
    }
  });
});
