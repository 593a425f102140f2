// A disc of data and sound through every face: its tracks and its other forms, by each driver, extracted and printed,
// each byte for byte what the image holds; whole sectors that are made; and a daemon that dies under readers.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import { makeNoise } from '../support/builders/made-disc.js';
import { wrapSectors } from '../support/builders/raw-sectors.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';
import { PrivateIsodrive } from '../support/programs/private-isodrive.js';

const COMMAND = join(import.meta.dirname, '..', '..', 'scripts', 'isodrive');
const RAW = 2352;
/** 39 MB: more than a request, and than what is kept of decoded units. */
const SOUND_SECTORS = 16_500;

function formatTime(sectors: number): string {
  const parts = [Math.floor(sectors / 4500), Math.floor((sectors % 4500) / 75), sectors % 75];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

describe('A disc of data and sound', needs('xorriso'), () => {
  let folder: string;
  let plain: string;
  let tree: string;
  let cue: string;
  let whole: Buffer;
  let sound: Buffer;
  let isodrive: PrivateIsodrive;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-tracks-'));
    ({ image: plain, tree } = await makeSampleImage(folder, { large: 5_000_000, 'a/small': 5 }));
    const data = wrapSectors(await readFile(plain), { mode: 'mode1' });
    sound = makeNoise(SOUND_SECTORS, 11);
    whole = Buffer.concat([data, sound]);
    await writeFile(join(folder, 'game.bin'), whole);
    cue = join(folder, 'game.cue');
    const start = data.length / RAW;
    const lines = [
      ...['FILE "game.bin" BINARY', 'TRACK 01 MODE1/2352', 'INDEX 01 00:00:00'],
      ...['TRACK 02 AUDIO', 'TITLE "Song"', 'PREGAP 00:02:00', `INDEX 01 ${formatTime(start)}`],
      ...['TRACK 03 AUDIO', `INDEX 00 ${formatTime(start + 9000)}`, `INDEX 01 ${formatTime(start + 9150)}`],
    ];
    await writeFile(cue, lines.join('\n'));
    isodrive = await PrivateIsodrive.start();
  });

  afterAll(async () => {
    await isodrive[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function expectAll(root: string): Promise<void> {
    await mustRun('diff', ['-r', tree, join(root, 'rockridge')]);
    expect((await readFile(join(root, 'image', 'game.bin'))).equals(whole)).toBe(true);
    for (const name of ['tracks/01.iso', 'image/game.iso'])
      expect((await readFile(join(root, name))).equals(await readFile(plain))).toBe(true);
    const first = await readFile(join(root, 'tracks', '02.wav'));
    expect(first.subarray(44).equals(sound.subarray(0, 9150 * RAW))).toBe(true);
    const second = await readFile(join(root, 'tracks', '03.wav'));
    expect(second.subarray(44).equals(sound.subarray(9150 * RAW))).toBe(true);
  }

  it('is mounted with all of it, and nothing is decoded', async () => {
    await using mount = await isodrive.mount(cue, { driver: 'fuse', tree: 'all' });
    await expectAll(mount.mountPoint);
    await using client = await isodrive.connect();
    const { mounts } = await client.call('list', {});
    expect(mounts[0]!.counters).toMatchObject({ decodedReads: 0 });
  });

  it('is mounted by the other drivers, or refused by them in words', async () => {
    await using javaScript = await isodrive.mount(cue, { driver: 'fuse-native', tree: 'all' });
    await expectAll(javaScript.mountPoint);
    // The samples and their header are in no whole blocks: 39 MB of sound are copied, of image and tracks too much is.
    await using automatic = await isodrive.mount(cue, { tree: 'all' });
    expect(automatic.driver).toBe('fuse');
  });

  it('is listed, printed and extracted', async () => {
    const { stdout } = await mustRun(COMMAND, ['ls', '--tree', 'tracks', '--track-names', 'title', cue]);
    expect(stdout.toString()).toBe('01.iso\n02 - Song.wav\n03.wav\n');
    const printed = await mustRun(COMMAND, ['cat', '--tree', 'tracks', cue, '/03.wav']);
    expect(printed.stdout.subarray(44).equals(sound.subarray(9150 * RAW))).toBe(true);
    const out = join(folder, 'out');
    await mustRun(COMMAND, ['extract', '--tree', 'all', cue, '-C', out]);
    await expectAll(out);
  });

  it('has whole sectors that are made, through a mount and through JavaScript alike', async () => {
    const made = wrapSectors(await readFile(plain), { mode: 'mode1' });
    for (const driver of ['fuse', 'fuse-native'] as const) {
      await using mount = await isodrive.mount(plain, { driver, tree: 'image' });
      expect((await readFile(join(mount.mountPoint, 'sample.bin'))).equals(made)).toBe(true);
      expect((await readFile(join(mount.mountPoint, 'sample.iso'))).equals(await readFile(plain))).toBe(true);
    }
  });

  it('has subchannels through a mount as through JavaScript', async () => {
    const raw = join(folder, 'raw.img');
    const bytes = wrapSectors(await readFile(plain), { mode: 'xa', subchannel: 96 });
    const noise = makeNoise(400, 5);
    for (let i = 0; (i + 1) * 2448 <= bytes.length; i += 1)
      bytes.set(noise.subarray((i % 9000) * 96, (i % 9000) * 96 + 96), i * 2448 + RAW);
    await writeFile(raw, bytes);
    await using mount = await isodrive.mount(raw, { driver: 'fuse', tree: 'image' });
    for (const name of ['raw.sub', 'raw.img', 'raw.bin', 'raw.ccd', 'raw.cue']) {
      const { stdout } = await mustRun(COMMAND, ['cat', '--tree', 'image', raw, `/${name}`]);
      expect((await readFile(join(mount.mountPoint, name))).equals(stdout)).toBe(true);
    }
  });

  it('goes on under readers when the daemon is killed', async () => {
    await using mount = await isodrive.mount(cue, { driver: 'fuse', tree: 'all' });
    const bin = join(mount.mountPoint, 'image', 'game.bin');
    const reading = mustRun('sha256sum', [bin]);
    const { pid } = await isodrive.daemon.status();
    process.kill(pid, 'SIGKILL');
    const { stdout } = await reading;
    const direct = await mustRun('sha256sum', [join(folder, 'game.bin')]);
    expect(stdout.toString().slice(0, 64)).toBe(direct.stdout.toString().slice(0, 64));
    await expectAll(mount.mountPoint);
  });
});
