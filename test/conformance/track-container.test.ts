// Runs the suite of containers with tracks on each of them, in every shape that their programs write.
import { describe, it } from 'vitest';
import { buildB6t } from '../support/builders/b6t-builder.js';
import type { B6tShape } from '../support/builders/b6t-builder.js';
import { buildCdi } from '../support/builders/cdi-builder.js';
import type { CdiShape } from '../support/builders/cdi-builder.js';
import { enhancedDisc, mixedDisc } from '../support/builders/disc-model.js';
import type { StoredAs } from '../support/builders/disc-model.js';
import { buildMds } from '../support/builders/mds-builder.js';
import type { MdsShape } from '../support/builders/mds-builder.js';
import { buildNrg } from '../support/builders/nrg-builder.js';
import type { NrgShape } from '../support/builders/nrg-builder.js';
import { checkContent, checkCut, checkFlips, checkTracks } from './track-container.js';
import type { ContainerCase } from './track-container.js';

const WITH_SUBCHANNELS: StoredAs = { bytes: 2352, subchannel: 96 };
const PLAIN: StoredAs = { bytes: 2048, subchannel: 0 };
const HEADLESS: StoredAs = { bytes: 2336, subchannel: 0 };
const RAW: StoredAs = { bytes: 2352, subchannel: 0 };

function nrgCase(name: string, shape: NrgShape, disc = mixedDisc()): ContainerCase {
  const image = buildNrg(disc, shape);
  const from =
    shape.isOld === true
      ? image.readUInt32BE(image.length - 4)
      : Number(image.readBigUInt64BE(image.length - 8));
  return {
    name: `nrg, ${name}`,
    ...{ disc, files: { 'image.nrg': image }, isRaw: true },
    descriptor: { file: 'image.nrg', from },
    tells: shape.isTao === true ? [] : ['catalog', 'isrc', 'index2', 'pregap'],
  };
}

function mdsCase(name: string, shape: MdsShape, disc = mixedDisc()): ContainerCase {
  return {
    name: `mds, ${name}`,
    ...{ disc, files: buildMds(disc, shape), isRaw: true },
    descriptor: { file: 'image.mds', from: 0 },
    tells: ['pregap'],
  };
}

function cdiCase(name: string, shape: CdiShape, disc = mixedDisc()): ContainerCase {
  const image = buildCdi(disc, shape);
  const field = image.readUInt32LE(image.length - 4);
  return {
    name: `cdi, ${name}`,
    ...{ disc, files: { 'image.cdi': image }, isRaw: true },
    descriptor: { file: 'image.cdi', from: shape.version === undefined ? image.length - field : field },
    tells: ['catalog', 'isrc', 'index2', 'pregap'],
  };
}

function b6tCase(name: string, shape: B6tShape, disc = mixedDisc()): ContainerCase {
  return {
    name: `b6t, ${name}`,
    ...{ disc, files: buildB6t(disc, shape), isRaw: true },
    descriptor: { file: 'image.b6t', from: 0 },
    tells: ['catalog', 'pregap'],
  };
}

const TAO = placeForTao();

const CASES: readonly ContainerCase[] = [
  nrgCase('version 2', {}),
  nrgCase('version 1', { isOld: true }),
  nrgCase('version 1 with times that are no digits', { isOld: true, hasBinaryTimes: true }),
  nrgCase('version 2, two sessions', {}, enhancedDisc()),
  nrgCase('version 1, two sessions', { isOld: true }, enhancedDisc()),
  nrgCase('version 2 with subchannels', { stored: () => WITH_SUBCHANNELS }),
  nrgCase('version 2, data of 2048 bytes', { stored: ({ mode }) => (mode === 'audio' ? RAW : PLAIN) }),
  nrgCase(
    'version 2, mode 2 of 2336 bytes',
    { stored: ({ mode }) => (mode === 'audio' ? RAW : HEADLESS) },
    mixedDisc('xa'),
  ),
  nrgCase('version 2, tracks at once', { isTao: true }, TAO),
  nrgCase('version 1, tracks at once', { isTao: true, isOld: true }, TAO),
  cdiCase('version 4', {}),
  cdiCase('version 3', { version: 3 }),
  cdiCase('version 2', { version: 2 }),
  cdiCase('version 4, two sessions', {}, enhancedDisc()),
  cdiCase('version 2, two sessions', { version: 2 }, enhancedDisc()),
  cdiCase('version 4 with subchannels', { stored: () => WITH_SUBCHANNELS }),
  cdiCase('version 4, data of 2048 bytes', { stored: ({ mode }) => (mode === 'audio' ? RAW : PLAIN) }),
  cdiCase(
    'version 4, mode 2 of 2336 bytes',
    { stored: ({ mode }) => (mode === 'audio' ? RAW : HEADLESS) },
    mixedDisc('xa'),
  ),
  b6tCase('whole sectors', {}),
  b6tCase('two sessions', {}, enhancedDisc()),
  b6tCase('subchannels', { stored: WITH_SUBCHANNELS }),
  b6tCase('several files', { partSectors: 40 }),
  mdsCase('whole sectors', {}),
  mdsCase('two sessions', {}, enhancedDisc()),
  mdsCase('subchannels', { stored: () => WITH_SUBCHANNELS }),
  mdsCase('data of 2048 bytes', { stored: ({ mode }) => (mode === 'audio' ? RAW : PLAIN) }),
  mdsCase(
    'mode 2 of 2336 bytes',
    { stored: ({ mode }) => (mode === 'audio' ? RAW : HEADLESS) },
    mixedDisc('xa'),
  ),
  mdsCase('a file in three parts', { names: ['*.mdf', '*.md1', '*.md2'], partBytes: 90_000 }),
  mdsCase('a name in UTF-16', { names: ['C:\\Images\\\u00fcber.mdf'], isWide: true }),
];

function placeForTao() {
  const { tracks, ...disc } = mixedDisc();
  let end = -150;
  return {
    ...disc,
    tracks: tracks.map((track) => {
      const start = end + 150;
      end = start + track.length;
      return { ...track, start, pregap: 150 };
    }),
  };
}

describe.each(CASES.map((one) => [one.name, one] as const))('an image of %s', (_name, one) => {
  it('has the tracks that it describes', () => checkTracks(one));
  it('gives their user data and their sound', () => checkContent(one));
  it('is refused, or read as far as it goes, where it is cut', () => checkCut(one));
  it('is refused, or read, where its descriptor lies', () => checkFlips(one));
});
