// Sound of a cue sheet: the files it lies in, pauses, and which sound is not that of a disc.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeSound, swapSound, wrapWave } from '../../support/builders/sound-files.js';
import { needs } from '../../support/needs.js';
import { codesOf, readRaw, readRawTo, sheetTime as time, useSheetFolder } from '../sheet/sheet-folder.js';

const { write, withDisc, path } = useSheetFolder('isodrive-cue-sound-');

describe('sound of a cue sheet', () => {
  it('is the same in files of every kind', async () => {
    const [one, two, three] = [makeSound(40, 1), makeSound(50, 2), makeSound(60, 3)];
    write('1.bin', one);
    write('2.mot', swapSound(two));
    write('3.wav', wrapWave(three, Buffer.from('LIST\x08\0\0\0INFOISFT')));
    const cue = write(
      'x.cue',
      'FILE 1.bin BINARY\nTRACK 1 AUDIO\nINDEX 1 0:0:0\nFILE "2.mot" MOTOROLA\nTRACK 2 AUDIO\nINDEX 1 0:0:0\n' +
        "FILE '3.wav' WAVE\nTRACK 3 AUDIO\nINDEX 1 0:0:0\n",
    );
    const disc = await withDisc(cue, async (opened) => {
      expect((await readRaw(opened, 0, 150)).equals(Buffer.concat([one, two, three]))).toBe(true);
      // From an odd byte on, within a pair that changes places.
      const part = await readRawTo(opened, 40 * 2352 + 3, 2001);
      expect(part.equals(two.subarray(3, 2004))).toBe(true);
    });
    expect(codesOf(disc)).toEqual([]);
  });

  it('ends in silence where samples do not fill a sector', async () => {
    const samples = makeSound(3).subarray(0, 2 * 2352 + 1000);
    write('a.wav', wrapWave(samples));
    write('b.wav', wrapWave(makeSound(1, 9)));
    const cue = write(
      'x.cue',
      'FILE a.wav WAVE\nTRACK 1 AUDIO\nINDEX 1 0:0:0\nFILE b.wav WAVE\nTRACK 2 AUDIO\nINDEX 1 0:0:0\n',
    );
    const disc = await withDisc(cue, async (opened) => {
      const silence = Buffer.alloc(2352 - 1000);
      const all = Buffer.concat([samples, silence, makeSound(1, 9)]);
      expect((await readRaw(opened, 0, 4)).equals(all)).toBe(true);
    });
    expect(disc.sessions[0]!.tracks.map(({ start, length }) => [start, length])).toEqual([
      [0, 3],
      [3, 1],
    ]);
    expect(codesOf(disc)).toEqual([]);
  });

  it('has pauses in the file before, in none, and before the first track', async () => {
    const [one, two] = [makeSound(200, 1), makeSound(100, 2)];
    write('1.wav', wrapWave(one));
    write('2.wav', wrapWave(two));
    const cue = write(
      'x.cue',
      [
        ...['FILE "1.wav" WAVE', 'TRACK 01 AUDIO', `INDEX 01 ${time(33)}`],
        ...['TRACK 02 AUDIO', `INDEX 00 ${time(150)}`],
        ...['FILE "2.wav" WAVE', `INDEX 01 ${time(0)}`, `POSTGAP ${time(10)}`],
        ...['TRACK 03 AUDIO', `PREGAP ${time(20)}`, `INDEX 01 ${time(60)}`],
      ].join('\n'),
    );
    const disc = await withDisc(cue, async (opened) => {
      const gap = Buffer.alloc(30 * 2352);
      const all = [one, two.subarray(0, 60 * 2352), gap, two.subarray(60 * 2352)];
      expect((await readRaw(opened, 0, 330)).equals(Buffer.concat(all))).toBe(true);
    });
    expect(disc.sessions[0]!.tracks).toMatchObject([
      { start: 33, length: 117, pregap: 33 },
      { start: 200, length: 70, pregap: 50 },
      { start: 290, length: 40, pregap: 20 },
    ]);
  });

  it('that is no sound of a CD is absent, and said so', async () => {
    const mono = wrapWave(makeSound(2));
    mono.writeUInt16LE(1, 22);
    write('mono.wav', mono);
    write('a.mp3', Buffer.concat([Buffer.from('ID3'), Buffer.alloc(5000)]));
    write('b.wav', wrapWave(makeSound(5)));
    const cue = write(
      'x.cue',
      ['mono.wav', 'a.mp3', 'b.wav']
        .map(
          (name, i) =>
            `FILE "${name}" ${name.endsWith('3') ? 'MP3' : 'WAVE'}\nTRACK ${i + 1} AUDIO\nINDEX 01 0:0:0`,
        )
        .join('\n'),
    );
    const disc = await withDisc(cue);
    expect(disc.findings!.map(({ code, severity }) => [code, severity])).toEqual([
      ['unread-sound-file', 'damage'],
      ['unread-sound-file', 'damage'],
    ]);
    expect(disc.findings![0]!.message).toContain(
      '1 channels, 16 bits and 44100 Hz, expected 2, 16 and 44100',
    );
    expect(disc.findings![1]!.message).toContain('an MP3 file');
    expect(disc.sessions[0]!.tracks.map(({ length }) => length)).toEqual([0, 0, 5]);
  });

  it('called binary is sound whatever it looks like', async () => {
    const sound = makeSound(4);
    sound.write('ID3\x03', 0, 'latin1');
    write('a.bin', sound);
    const cue = write('x.cue', 'FILE a.bin BINARY\nTRACK 1 AUDIO\nINDEX 1 0:0:0\n');
    await withDisc(cue, async (opened) => {
      expect((await readRaw(opened, 0, 4)).equals(sound)).toBe(true);
    });
  });

  it.each(['aiff', 'aifc'])('in files that sox writes as %s is the same', needs('sox'), async (kind) => {
    const sound = makeSound(20);
    write('x.raw', sound);
    const raw = ['-t', 'raw', '-r', '44100', '-e', 'signed', '-b', '16', '-c', '2', '-L', path('x.raw')];
    expect(spawnSync('sox', [...raw, '-t', kind, path(`x.${kind}`)]).status).toBe(0);
    expect(readFileSync(path(`x.${kind}`)).toString('latin1', 0, 4)).toBe('FORM');
    const cue = write('x.cue', `FILE x.${kind} AIFF\nTRACK 1 AUDIO\nINDEX 1 0:0:0\n`);
    const disc = await withDisc(cue, async (opened) => {
      expect((await readRaw(opened, 0, 20)).equals(sound)).toBe(true);
    });
    expect(codesOf(disc)).toEqual([]);
  });
});
