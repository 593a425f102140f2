// FLAC files as samples: those that flac writes are what it was given, wherever they are read, and damage costs frames.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openFlac } from '../../../src/container/sound/flac.js';
import type { ByteSource } from '../../../src/source/byte-source.js';
import { makeSound, wrapWave } from '../../support/builders/sound-files.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import { needs } from '../../support/needs.js';
import { codesOf, readRaw, useSheetFolder } from '../sheet/sheet-folder.js';

const { write, withDisc, path } = useSheetFolder('isodrive-flac-');

/** Tones, with silence, noise and a channel that is the other turned round between them: every kind of frame. */
function makeMusic(sectors: number): Buffer {
  const bytes = makeSound(sectors);
  for (let at = 0; at < bytes.length; at += 4) {
    const part = Math.floor((at / bytes.length) * 8);
    const tone = Math.round(9000 * Math.sin(at / 37) + 4000 * Math.sin(at / 411));
    if (part === 1) bytes.writeInt32LE(0, at);
    else if (part === 2) bytes.writeInt32LE(0x01230123, at);
    else if (part !== 3) {
      bytes.writeInt16LE(tone, at);
      bytes.writeInt16LE(part === 5 ? -tone : part === 6 ? tone & ~0xff : tone + (at % 7), at + 2);
    }
  }
  return bytes;
}

function encode(samples: Buffer, ...options: readonly string[]): Buffer {
  writeFileSync(path('x.wav'), wrapWave(samples));
  const made = spawnSync('flac', ['-s', '-f', ...options, '-o', path('x.flac'), path('x.wav')]);
  expect(made.status).toBe(0);
  return readFileSync(path('x.flac'));
}

async function open(bytes: Buffer): Promise<ByteSource> {
  const opened = await openFlac(new FaultySource(bytes));
  if ('refusal' in opened) throw new Error(opened.refusal);
  return opened;
}

describe('a FLAC file', needs('flac'), () => {
  it.each(['-0', '-5', '-8', '-8 -b 576', '-5 --no-mid-side', '-8 -e -p', '-1 -b 4608'])(
    'written with %s gives the samples that went in',
    async (options) => {
      const samples = makeMusic(400).subarray(0, 400 * 2352 - 1000);
      const source = await open(encode(samples, ...options.split(' ')));
      const bytes = Buffer.alloc(samples.length + 100);
      expect(await source.read(bytes, 0)).toBe(samples.length);
      expect(bytes.subarray(0, samples.length).equals(samples)).toBe(true);
    },
  );

  it('is read from any place without what lies before', async () => {
    const samples = makeMusic(3000);
    const encoded = encode(samples, '-5');
    const faulty = new FaultySource(encoded);
    const source = (await openFlac(faulty)) as ByteSource;
    for (const position of [samples.length - 5000, 3_333_333, 77, 5_000_000]) {
      faulty.reads.length = 0;
      const bytes = Buffer.alloc(3000);
      expect(await source.read(bytes, position)).toBe(3000);
      expect(bytes.equals(samples.subarray(position, position + 3000))).toBe(true);
      expect(faulty.reads.reduce((sum, [, length]) => sum + length, 0)).toBeLessThan(encoded.length / 2);
    }
  });

  it('that is damaged lacks the frames that are, and no other', async () => {
    const samples = makeMusic(2000);
    const encoded = encode(samples, '-5');
    const middle = Math.floor(encoded.length / 2);
    encoded.fill(0x55, middle, middle + 100);
    const source = await open(encoded);
    const bad: number[] = [];
    const unit = 4096 * 4;
    for (let at = 0; at < samples.length; at += unit) {
      const bytes = Buffer.alloc(Math.min(unit, samples.length - at));
      try {
        await source.read(bytes, at);
        expect(bytes.equals(samples.subarray(at, at + unit))).toBe(true);
      } catch {
        bad.push(at / unit);
      }
    }
    expect(bad.length).toBeGreaterThan(0);
    expect(bad.length).toBeLessThan(3);
  });

  it('is a track of a cue sheet, called WAVE or FLAC', async () => {
    const samples = makeMusic(300);
    write('a.flac', encode(samples, '-8'));
    const cue = write(
      'x.cue',
      'FILE a.flac WAVE\nTRACK 1 AUDIO\nINDEX 1 0:0:0\nTRACK 2 AUDIO\nINDEX 1 0:2:0\n' +
        'FILE a.flac FLAC\nTRACK 3 AUDIO\nINDEX 1 0:0:0\n',
    );
    const disc = await withDisc(cue, async (opened) => {
      expect((await readRaw(opened, 0, 300)).equals(samples)).toBe(true);
      expect((await readRaw(opened, 400, 100)).equals(samples.subarray(100 * 2352, 200 * 2352))).toBe(true);
    });
    expect(codesOf(disc)).toEqual([]);
  });

  it('of another kind, or cut off, says so', async () => {
    const samples = makeMusic(50);
    const encoded = encode(samples);
    const cut = await open(encoded.subarray(0, encoded.length / 2));
    await expect(cut.read(Buffer.alloc(100), samples.length - 100)).rejects.toMatchObject({
      code: 'damaged',
    });
    encoded[20]! ^= 2;
    expect(await openFlac(new FaultySource(encoded))).toMatchObject({
      refusal: expect.stringContaining('expected 2, 16 and 44100') as string,
    });
    expect(await openFlac(new FaultySource(Buffer.from('fLaC')))).toHaveProperty('refusal');
  });
});
