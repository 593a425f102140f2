// Named streams and extended attributes of UDF, a Mac's resource fork and finder info among them, as getfattr shows
// them on a real mount.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ErofsDriver } from '../../src/mount/erofs/erofs-driver.js';
import { createFuseDriver } from '../../src/mount/fuse/fuse-driver.js';
import { MountedImage } from '../support/programs/mounted-image.js';
import {
  FREE_BLOCK,
  buildUdf,
  directoryData,
  fileEntry,
  identifier,
  shortExtent,
  tagged,
  textFile,
} from '../../scripts/support/udf-builder.js';
import { needs } from '../support/needs.js';

const FILE = FREE_BLOCK;
const [STREAMS, FORK, ZONE, DATA] = [30, 31, 32, 40];
const FINDER_INFO = 'TEXTttxt'.padEnd(32, '.');

/** "f": a resource fork and a stream, and finder info among the attributes of its entry. */
function build(): Uint8Array {
  // ECMA-167 4/14.10.8: type, subtype, length, length of the value, identifier, value.
  const finder = Buffer.alloc(96);
  finder.writeUInt32LE(2048, 0);
  finder[4] = 1;
  finder.writeUInt32LE(96, 8);
  finder.writeUInt32LE(48, 12);
  finder.write('*UDF Mac FinderInfo', 17, 'latin1');
  finder.write(FINDER_INFO, 48 + 8, 'latin1');
  const attributes = Buffer.concat([tagged(262, FILE, Buffer.alloc(24)), finder]);
  const list = directoryData(FILE, [
    identifier('*UDF Macintosh Resource Fork', FORK, { characteristics: 0x10 }),
    identifier('Zone.Identifier', ZONE),
  ]);
  const file = { block: FILE, extended: true, kind: 0, streams: STREAMS, attributes };
  return buildUdf({
    root: [identifier('f', FILE)],
    blocks: {
      [FILE]: fileEntry({ ...file, allocation: shortExtent(2048, DATA), size: 2048 }),
      [STREAMS]: fileEntry({ block: STREAMS, fileType: 13, allocation: list, size: list.length }),
      [FORK]: textFile(FORK, 'the fork'),
      [ZONE]: textFile(ZONE, '[ZoneTransfer]'),
      [DATA]: Buffer.alloc(2048, 'd'),
    },
  });
}

let folder: string;
let image: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isodrive-udf-attributes-'));
  image = join(folder, 'image.udf');
  await writeFile(image, build());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const probeFolder = await mkdtemp(join(tmpdir(), 'isodrive-probe-'));
const drivers = [
  ['fuse', (await createFuseDriver().check()).available],
  ['erofs', (await new ErofsDriver({ folder: probeFolder }).check()).available],
] as const;
await rm(probeFolder, { recursive: true });

for (const [driver, available] of drivers) {
  describe(
    `On a mount by ${driver}`,
    // Its folder is its owner's.
    needs('root', 'getfattr', { what: `driver ${driver}`, isThere: available }),
    () => {
      it('streams and attributes of a UDF file are those of namespace "user"', async () => {
        await using mounted = await MountedImage.mount(image, driver);
        const path = join(mounted.directory, 'f');
        const { stdout } = await promisify(execFile)('getfattr', ['--dump', '--absolute-names', path]);
        expect(stdout.trim().split('\n').slice(1).sort()).toEqual([
          'user.Zone.Identifier="[ZoneTransfer]"',
          `user.com.apple.FinderInfo="${FINDER_INFO}"`,
          'user.com.apple.ResourceFork="the fork"',
        ]);
        expect(await readFile(path, 'latin1')).toBe('d'.repeat(2048));
      });
    },
  );
}
