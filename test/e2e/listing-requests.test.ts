// How many requests the kernel needs to list a tree: each is a round trip between two processes, which costs more than
// answering it.
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import type { TreeKind } from '../../src/filesystem/contract/file-tree.js';
import { createFuseDriver } from '../../src/mount/fuse/fuse-driver.js';
import { PrivateIsodrive } from '../support/programs/private-isodrive.js';
import { needs } from '../support/needs.js';

const DIRECTORIES = 40;
/** Of the mount itself and its root. */
const OTHERS = 10;

const isMountable = (await createFuseDriver().check()).available;

describe(
  'Listing a tree of small directories',
  needs('genisoimage', { what: 'driver fuse', isThere: isMountable }),
  () => {
    let isodrive: PrivateIsodrive;
    let image: string;
    beforeAll(async () => {
      isodrive = await PrivateIsodrive.start();
      const tree = await isodrive.makeDirectory('tree-');
      for (let i = 0; i < DIRECTORIES; i += 1) {
        await mkdir(join(tree, `directory-${i}`));
        await writeFile(join(tree, `directory-${i}`, 'file'), `${i}`);
      }
      image = join(isodrive.folder, 'bridge.iso');
      await mustRun('genisoimage', ['-quiet', '-udf', '-R', '-o', image, tree]);
    });
    afterAll(() => isodrive[Symbol.asyncDispose]());

    it.each<TreeKind>(['rock-ridge', 'udf'])('takes two requests a directory, as %s', async (tree) => {
      await using mount = await isodrive.mount(image, { driver: 'fuse', tree });
      const { stdout } = await promisify(execFile)('find', [mount.mountPoint, '-type', 'f', '-size', '-9']);
      expect(stdout.trim().split('\n')).toHaveLength(DIRECTORIES);
      await using client = await isodrive.connect();
      const { mounts } = await client.call('status', {});
      const { counters } = mounts.find(({ id }) => id === mount.id)!;
      expect(counters!.requests).toBeGreaterThanOrEqual(2 * DIRECTORIES);
      expect(counters!.requests).toBeLessThanOrEqual(2 * DIRECTORIES + OTHERS);
    });
  },
);
