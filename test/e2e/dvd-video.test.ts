// DVD-Video on UDF: players look for VIDEO_TS in its case and read its files by their place on the disc, so each must
// be one run of bytes. libdvdread, which `dvd://` players use, reads the mount as it reads the image.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import { RowExtents } from '../../src/index/row-extents.js';
import { openImage } from '../../src/image/open-image.js';
import { createFuseDriver } from '../../src/mount/fuse/fuse-driver.js';
import { dvdVideoFiles } from '../support/builders/dvd-video.js';
import { MountedImage } from '../support/programs/mounted-image.js';
import { needs } from '../support/needs.js';

const isMountable = (await createFuseDriver().check()).available;

describe('A disc with DVD-Video (needs genisoimage)', needs('genisoimage'), () => {
  let folder: string;
  let image: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-dvd-'));
    image = join(folder, 'dvd.iso');
    const tree = join(folder, 'tree');
    await mkdir(join(tree, 'VIDEO_TS'), { recursive: true });
    await mkdir(join(tree, 'AUDIO_TS'));
    for (const [name, bytes] of dvdVideoFiles()) await writeFile(join(tree, 'VIDEO_TS', name), bytes);
    await mustRun('genisoimage', ['-quiet', '-dvd-video', '-udf', '-o', image, tree]);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is shown as UDF, its files one run each that starts at a sector', async () => {
    await using opened = await openImage(image);
    expect(opened.tree.kind).toBe('udf');
    for (const [name, bytes] of dvdVideoFiles()) {
      const row = await opened.index.resolve(`/VIDEO_TS/${name}`);
      const runs = [...new RowExtents(opened.index.table, row)];
      expect(runs).toHaveLength(1);
      expect(runs[0]!.length).toBe(bytes.length);
      expect(runs[0]!.offset! % 2048).toBe(0);
    }
  });

  it(
    'has the same titles mounted as libdvdread reads from the image (needs lsdvd)',
    needs('lsdvd', { what: 'driver fuse', isThere: isMountable }),
    async () => {
      await using mounted = await MountedImage.mount(image, 'fuse');
      const titlesOf = async (path: string): Promise<string[]> => {
        const { stdout } = await mustRun('lsdvd', ['-x', path], { timeout: 20_000 });
        return stdout
          .toString()
          .split('\n')
          .filter((line) => !/Disc Title|libdvdread/.test(line));
      };
      const titles = await titlesOf(mounted.directory);
      expect(titles.join('\n')).toMatch(/Title: 01, Length: 00:00:04\.000 Chapters: 01/);
      expect(titles).toEqual(await titlesOf(image));
    },
  );
});
