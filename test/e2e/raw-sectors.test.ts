// An image of raw sectors without a sheet, through every face: files as in the tree it was made of, sectors as in the
// plain image that it was made of.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import { wrapSectors } from '../support/builders/raw-sectors.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';
import { PrivateIsodrive } from '../support/programs/private-isodrive.js';
import { ServedDrive } from '../support/programs/served-drive.js';

const COMMAND = join(import.meta.dirname, '..', '..', 'scripts', 'isodrive');

describe('An image of raw sectors', needs('xorriso'), () => {
  let folder: string;
  let plain: string;
  let tree: string;
  let raw: string;
  let isodrive: PrivateIsodrive;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-raw-'));
    const files = { large: 5_000_000, 'a/small': 5, 'a/middle': 70_001 };
    ({ image: plain, tree } = await makeSampleImage(folder, files));
    raw = join(folder, 'game.bin');
    await writeFile(raw, wrapSectors(await readFile(plain), { mode: 'xa', subchannel: 96 }));
    isodrive = await PrivateIsodrive.start();
  });

  afterAll(async () => {
    await isodrive[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('is mounted as the tree it was made of, and no file is decoded', async () => {
    await using mount = await isodrive.mount(raw, { driver: 'fuse' });
    await mustRun('diff', ['-r', tree, mount.mountPoint]);
    await using client = await isodrive.connect();
    const { mounts } = await client.call('list', {});
    expect(mounts[0]!.counters).toMatchObject({ decodedReads: 0 });
    expect(mounts[0]!.state).toBe('ok');
  });

  it('is extracted, hashed and described', async () => {
    const out = join(folder, 'out');
    await mustRun(COMMAND, ['extract', raw, '-C', out]);
    await mustRun('diff', ['-r', tree, out]);
    const sums = await mustRun(COMMAND, ['checksum', raw, '/']);
    await writeFile(join(folder, 'sums'), sums.stdout);
    await mustRun('sh', ['-c', `cd "${tree}" && sha256sum --quiet -c ../sums`]);
    const info = await mustRun(COMMAND, ['info', '--json', raw]);
    expect(JSON.parse(info.stdout.toString())).toMatchObject({
      format: 'raw',
      storage: 'sectors of 2448 bytes, mode 2 (CD-ROM XA)',
      tracks: [{ number: 1, session: 1, mode: 'xa', start: 0 }],
    });
  });

  it('is served as the plain image', needs('nbdcopy'), async () => {
    await using drive = await ServedDrive.start([raw, '--nbd', '--listen', join(folder, 'socket')]);
    const copy = join(folder, 'copy');
    await mustRun('nbdcopy', [drive.uris[0]!, copy]);
    expect((await readFile(copy)).equals(await readFile(plain))).toBe(true);
  });
});
