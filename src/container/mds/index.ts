// Images of Alcohol 120% (.mds and .mdf): a descriptor, and beside it the files with the sectors. Opening one of them
// finds the other.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import type { Disc, SessionKind, TrackMode } from '../../disc/disc.js';
import type { ByteSource } from '../../source/byte-source.js';
import type { ImageFiles } from '../../source/image-files.js';
import { readAtMost } from '../../source/read-fully.js';
import { buildDisc } from '../build-disc.js';
import { DataFiles, findDescriptor } from '../data-files.js';
import type { Container } from '../format.js';
import { layOutTracks, partSectorBytes } from '../lay-out-tracks.js';
import type { DeclaredTrack } from '../lay-out-tracks.js';
import { trackFlags } from '../track-codes.js';
import { MDS_SIGNATURE, MDS_VERSION, parseMds } from './parse.js';
import type { MdsFacts, MdsSession, MdsTrack } from './parse.js';

/** Longest descriptor: measures of where sectors lie on the disc, which are not read, make up most of it. */
const MAX_DESCRIPTOR_BYTES = 4_194_304;
const DATA_NAME = /\.mdf$/i;
const MODES: Readonly<Record<number, TrackMode>> = { 1: 'audio', 2: 'mode1', 4: 'xa', 5: 'xa' };
const DISC_TYPES: Readonly<Record<number, SessionKind>> = { 0x00: 'cd-rom', 0x10: 'cd-i', 0x20: 'xa' };

export const mdsFormat: Container = {
  kind: 'container',
  name: 'mds',
  title: 'an image of Alcohol 120%',

  async probe(files, _marks, signal) {
    return (await findOwn(files, signal)) === undefined ? 0 : 3;
  },

  async open(files, signal) {
    const descriptor = await findOwn(files, signal);
    if (descriptor === undefined) throw new RangeError('Probe found a descriptor');
    return createDisc(files, descriptor, signal);
  },
};

function findOwn(files: ImageFiles, signal: AbortSignal | undefined): Promise<ByteSource | undefined> {
  const signature = MDS_SIGNATURE + String.fromCharCode(MDS_VERSION);
  return findDescriptor(files, signature, descriptorOf, signal);
}

function descriptorOf(name: string): string | undefined {
  return DATA_NAME.test(name) ? name.replace(DATA_NAME, '.mds') : undefined;
}

async function createDisc(
  files: ImageFiles,
  descriptor: ByteSource,
  signal: AbortSignal | undefined,
): Promise<Disc> {
  const { name } = descriptor;
  const facts = parseMds(await readAtMost(descriptor, 0, MAX_DESCRIPTOR_BYTES, signal), name);
  const opened = new DataFiles(files, descriptor, '.mdf');
  const placed: { readonly session: MdsSession; readonly tracks: DeclaredTrack[] }[] = [];
  for (const session of facts.sessions) {
    const tracks: DeclaredTrack[] = [];
    for (const track of session.tracks) {
      const base = await opened.openParts(track.files, signal);
      tracks.push(declareTrack(name, track, facts, base, opened.bases));
    }
    placed.push({ session, tracks });
  }
  opened.refuseNone();
  const declared = placed.flatMap(({ tracks }) => tracks);
  const { tracks, findings, storage } = await layOutTracks(name, declared, opened.bases, signal);
  let first = 0;
  return buildDisc({
    format: mdsFormat.name,
    ...{ name, storage, bases: opened.bases },
    medium: facts.isDvd ? 'dvd' : 'cd',
    findings: [...opened.findings, ...findings],
    ...(facts.structures.length === 0 ? {} : { discStructures: facts.structures }),
    sessions: placed.map(({ session, tracks: own }, i) => ({
      number: i + 1,
      tracks: tracks.slice(first, (first += own.length)),
      ...sessionFacts(session, facts),
    })),
  });
}

function sessionFacts(
  { discType, leadOut }: MdsSession,
  { isDvd }: MdsFacts,
): { kind?: SessionKind; leadOut?: number } {
  const kind = discType === undefined ? undefined : DISC_TYPES[discType];
  if (isDvd) return {};
  return { ...(kind === undefined ? {} : { kind }), ...(leadOut === undefined ? {} : { leadOut }) };
}

function declareTrack(
  name: string,
  track: MdsTrack,
  { isDvd }: MdsFacts,
  base: number | undefined,
  bases: readonly ByteSource[],
): DeclaredTrack {
  const { number, start, offset, pregap, sectorBytes, control } = track;
  const sizes = partSectorBytes(sectorBytes);
  if (sizes === undefined) {
    const found = `sectors of track ${number} have ${countBytes(sectorBytes)}, expected 2048 to 2448`;
    throw new IsodriveError('damaged', `Cannot open "${name}": ${found}`, { at: { source: name } });
  }
  const held = base === undefined ? 0 : Math.max(0, bases[base]!.size - offset);
  const length = track.length ?? Math.floor(held / sectorBytes);
  return {
    ...{ number, start, length, pregap },
    mode: isDvd ? 'mode1' : (MODES[track.mode] ?? 'mode2'),
    runs: [{ ...sizes, start, sectors: length, base, offset }],
    ...(isDvd ? {} : trackFlags(control)),
  };
}
