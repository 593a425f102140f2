// Cue sheets as independent programs read and write them.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openImage } from '../../../src/image/open-image.js';
import { openFile } from '../../../src/image/file-content.js';
import { mustRun } from '../../../scripts/support/run-command.js';
import { buildIso } from '../../support/builders/iso-builder.js';
import { wrapSectors } from '../../support/builders/raw-sectors.js';
import { makeSound } from '../../support/builders/sound-files.js';
import { needs } from '../../support/needs.js';
import {
  codesOf,
  placesOf,
  readData,
  readRaw,
  sheetTime as time,
  useSheetFolder,
} from '../sheet/sheet-folder.js';

const { write, withDisc, path } = useSheetFolder('isodrive-cue-programs-');
const PLAIN = Buffer.from(buildIso({ root: [{ name: 'F.;1', extent: 30, size: 2048 }] }));
const SECTORS = PLAIN.length / 2048;

/** A mixed mode disc in one file, of which libcdio reads no pauses that are stored. */
function writeMixed(): string {
  write('x.bin', Buffer.concat([wrapSectors(PLAIN, { mode: 'mode1' }), makeSound(500)]));
  return write(
    'x.cue',
    `CATALOG 1234567890123\nFILE "x.bin" BINARY\n  TRACK 01 MODE1/2352\n    INDEX 01 00:00:00\n` +
      `  TRACK 02 AUDIO\n    ISRC USRC17607839\n    INDEX 01 ${time(SECTORS)}\n` +
      `  TRACK 03 AUDIO\n    INDEX 01 ${time(SECTORS + 200)}\n`,
  );
}

describe('a cue sheet', () => {
  it('has the tracks that libcdio prints', needs('cd-info'), async () => {
    const cue = writeMixed();
    const { stdout } = spawnSync('cd-info', ['--no-device-info', '--no-analyze', `--cue-file=${cue}`]);
    const rows = [...stdout.toString().matchAll(/^\s+(\d+): \d\d:\d\d:\d\d\s+(\d{6}) (\w+)/gm)];
    const disc = await withDisc(cue);
    const [session] = disc.sessions;
    const tracks = session!.tracks.map(({ number, start, mode }) => [number, start, mode === 'audio']);
    expect(
      rows.slice(0, 3).map(([, number, start, kind]) => [Number(number), Number(start), kind === 'audio']),
    ).toEqual(tracks);
    expect(stdout.toString()).toContain('1234567890123');
  });

  it('gives the data and the sound that bchunk takes out', needs('bchunk'), async () => {
    const cue = writeMixed();
    await mustRun('bchunk', [path('x.bin'), cue, path('out')]);
    await withDisc(cue, async (disc) => {
      expect((await readData(disc, 0, SECTORS)).equals(readFileSync(path('out01.iso')))).toBe(true);
      for (const [file, start, count] of [
        ['out02.cdr', SECTORS, 200],
        ['out03.cdr', SECTORS + 200, 300],
      ] as const)
        expect((await readRaw(disc, start, count)).equals(readFileSync(path(file)))).toBe(true);
    });
  });

  it('of a Video CD that vcdimager writes shows its files', needs('vcdxbuild'), async () => {
    write(
      'v.xml',
      `<?xml version="1.0"?><!DOCTYPE videocd PUBLIC "-//GNU//DTD VideoCD//EN" "http://www.gnu.org/software/vcdimager/videocd.dtd">
<videocd xmlns="http://www.gnu.org/software/vcdimager/1.0/" class="vcd" version="2.0">
<info><album-id></album-id><volume-count>1</volume-count><volume-number>1</volume-number><restriction>0</restriction></info>
<pvd><volume-id>VIDEOCD</volume-id><system-id>CD-RTOS CD-BRIDGE</system-id></pvd>
<sequence-items><sequence-item src="${path('v.mpg')}" id="s"/></sequence-items>
</videocd>`,
    );
    write('v.mpg', '');
    const args = ['-c', path('v.cue'), '-b', path('v.bin'), path('v.xml')];
    const made = spawnSync('vcdxbuild', args, { encoding: 'utf8' });
    expect([made.status, made.stderr]).toEqual([0, '']);
    const disc = await withDisc(path('v.cue'));
    expect(codesOf(disc)).toEqual([]);
    expect(placesOf(disc)[0]!.slice(0, 2)).toEqual([1, 0]);
    expect(disc.sessions[0]!.tracks.every(({ mode }) => mode === 'xa')).toBe(true);
    await using image = await openImage(path('v.cue'));
    const content = openFile(image, await image.index.resolve('/vcd/info.vcd'));
    const bytes = Buffer.alloc(content.size);
    await content.read(bytes, 0);
    expect(bytes.toString('latin1', 0, 8)).toBe('VIDEO_CD');
  });
});
