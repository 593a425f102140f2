// Images of DiscJuggler (.cdi): the sectors of all tracks with the pauses before them, and behind them a descriptor.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import type { Disc, SessionKind, TrackMode } from '../../disc/disc.js';
import { LEAD_FRAMES } from '../../disc/sector-address.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readAtMost, readIfPossible } from '../../source/read-fully.js';
import { buildDisc } from '../build-disc.js';
import type { Container } from '../format.js';
import { layOutTracks, strideOf } from '../lay-out-tracks.js';
import type { DeclaredTrack, SectorForm, SectorSizes } from '../lay-out-tracks.js';
import { parseCatalog, parseIsrc, trackFlags } from '../track-codes.js';
import { CDI_VERSIONS, parseCdi, startsDescriptor } from './parse.js';
import type { CdiFacts, CdiTrack } from './parse.js';

/** Longest descriptor: 99 tracks have less than 64 KiB, and names and texts as much again. */
const MAX_DESCRIPTOR_BYTES = 1_048_576;
const TAIL_BYTES = 8;
const HEAD_BYTES = 40;
const MODES: readonly TrackMode[] = ['audio', 'mode1', 'xa'];
const SIZES: readonly SectorSizes[] = [
  { bytes: 2048, subchannelBytes: 0 },
  { bytes: 2336, subchannelBytes: 0 },
  { bytes: 2352, subchannelBytes: 0 },
  { bytes: 2352, subchannelBytes: 16 },
  { bytes: 2352, subchannelBytes: 96 },
];
const SESSION_KINDS: readonly SessionKind[] = ['cd-rom', 'cd-rom', 'xa'];
const MEDIA: Readonly<Record<number, 'cd' | 'dvd'>> = { 0x98: 'cd', 0x38: 'dvd' };

export const cdiFormat: Container = {
  kind: 'container',
  name: 'cdi',
  title: 'an image of DiscJuggler',

  async probe({ main }, _marks, signal) {
    return (await findDescriptor(main, signal)) === undefined ? 0 : 3;
  },

  async open({ main }, signal) {
    const found = await findDescriptor(main, signal);
    if (found === undefined) throw new RangeError('Probe found a descriptor');
    const { offset, version } = found;
    const bytes = await readAtMost(main, offset, MAX_DESCRIPTOR_BYTES, signal);
    return createDisc(main, parseCdi(bytes, main.name, offset, version), signal);
  },
};

/** Where the descriptor begins: its place, or its length, is the last field of the file, as the version has it. */
async function findDescriptor(
  source: ByteSource,
  signal: AbortSignal | undefined,
): Promise<{ readonly offset: number; readonly version: number } | undefined> {
  const from = Math.max(0, source.size - TAIL_BYTES);
  const tail = new ByteCursor(await readAtMost(source, from, TAIL_BYTES, signal), source.name, from);
  if (tail.length < TAIL_BYTES) return undefined;
  const [version, field] = [tail.u32le(0), tail.u32le(4)];
  if (!Object.values<number>(CDI_VERSIONS).includes(version)) return undefined;
  const places = [source.size - field, field];
  // Programs do not agree which versions count from the end.
  for (const offset of version === CDI_VERSIONS.v35 ? places : places.reverse()) {
    if (offset < 0 || offset > from) continue;
    const head = await readIfPossible(source, offset, HEAD_BYTES, signal);
    if (head.length === HEAD_BYTES && startsDescriptor(head)) return { offset, version };
  }
  return undefined;
}

async function createDisc(
  source: ByteSource,
  facts: CdiFacts,
  signal: AbortSignal | undefined,
): Promise<Disc> {
  const { name } = source;
  const bases = [source];
  const declared = declareTracks(name, facts);
  const { tracks, findings, storage } = await layOutTracks(name, declared, bases, signal);
  const medium = facts.medium === undefined ? undefined : MEDIA[facts.medium];
  const catalog = parseCatalog(facts.catalog);
  let first = 0;
  const sessions = facts.sessions.map(({ tracks: own, type }) => {
    const kind = type === undefined ? undefined : SESSION_KINDS[type];
    return {
      tracks: tracks.slice(first, (first += own.length)),
      ...(kind === undefined ? {} : { kind }),
    };
  });
  return buildDisc({
    format: cdiFormat.name,
    ...{ name, bases, storage },
    findings: [...findings, ...describeCut(name, declared)],
    ...(medium === undefined ? {} : { medium }),
    ...(catalog === undefined ? {} : { catalog }),
    ...(facts.cdText === undefined ? {} : { cdText: facts.cdText }),
    sessions: sessions
      .filter((session) => session.tracks.length > 0)
      .map((session, i) => ({ ...session, number: i + 1 })),
  });
}

/** Their sectors follow each other in the file, from its first byte on. */
function declareTracks(name: string, { sessions }: CdiFacts): DeclaredTrack[] {
  let at = 0;
  return sessions
    .flatMap(({ tracks }) => tracks)
    .map((track, i) => {
      const { mode, ...sizes } = formOf(name, i + 1, track);
      const [pregap = 0, ...lengths] = track.indexes;
      const start = track.block + pregap - LEAD_FRAMES;
      const length = Math.max(
        ...[0, track.stored - pregap],
        lengths.reduce((sum, one) => sum + one, 0),
      );
      const run = { ...sizes, start: start - pregap, sectors: track.stored, base: 0, offset: at };
      at += track.stored * strideOf(sizes);
      let end = start;
      const further = lengths.slice(0, -1).map((one) => (end += one));
      const isrc = parseIsrc(track.isrc);
      return {
        ...{ number: i + 1, mode, start, length, pregap, runs: [run] },
        ...trackFlags(track.control),
        ...(isrc === undefined ? {} : { isrc }),
        ...(further.length === 0 ? {} : { indexes: further }),
      };
    });
}

function formOf(name: string, number: number, { mode, readMode }: CdiTrack): SectorForm {
  const [kind, sizes] = [MODES[mode], SIZES[readMode]];
  if (kind !== undefined && sizes !== undefined) return { ...sizes, mode: kind };
  const found = `mode ${mode} and read mode ${readMode} of track ${number}`;
  const message = `Cannot open "${name}": found ${found}, expected 0 to 2 and 0 to 4`;
  throw new IsodriveError('damaged', message, { at: { source: name } });
}

/** Programs for games cut tracks to make them fit. */
function describeCut(name: string, declared: readonly DeclaredTrack[]): Finding[] {
  return declared.flatMap(({ number, pregap, length, runs }) => {
    const stored = Math.max(0, runs[0]!.sectors - pregap);
    if (stored >= length) return [];
    const found = `Track ${number} has ${stored} sectors in the image, ${length} on its disc`;
    const message = `${found}: the others cannot be read`;
    return [{ code: 'cut-track', severity: 'damage', message, at: { source: name } }];
  });
}
