// Images of BlindWrite 5 and 6 (.b5t and .b5i, .b6t and .b6i): a descriptor, and beside it the files with the sectors.
// Opening one of them finds the other.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import type { Disc, TrackMode } from '../../disc/disc.js';
import type { ByteSource } from '../../source/byte-source.js';
import type { ImageFiles } from '../../source/image-files.js';
import { readAtMost } from '../../source/read-fully.js';
import { buildDisc } from '../build-disc.js';
import { DataFiles, findDescriptor } from '../data-files.js';
import type { Container } from '../format.js';
import { layOutTracks, partSectorBytes } from '../lay-out-tracks.js';
import type { DeclaredRun, DeclaredTrack } from '../lay-out-tracks.js';
import { parseCatalog, trackFlags } from '../track-codes.js';
import { B6T_SIGNATURE, parseB6t } from './parse.js';
import type { B6tDataBlock, B6tFacts, B6tTrack } from './parse.js';

/** Longest descriptor: measures of where sectors lie on the disc, which are not read, make up most of it. */
const MAX_DESCRIPTOR_BYTES = 4_194_304;
/** Of files with sectors: the first, and the parts behind it (NAME.001 and so on). */
const DATA_NAME = /\.b(?<version>[56])i$/i;
const MODES: Readonly<Record<number, TrackMode>> = {
  1: 'audio',
  2: 'mode1',
  3: 'mode2',
  4: 'xa',
  5: 'xa',
  6: 'mode1',
};

export const b6tFormat: Container = {
  kind: 'container',
  name: 'b6t',
  title: 'an image of BlindWrite',

  async probe(files, _marks, signal) {
    return (await findOwn(files, signal)) === undefined ? 0 : 3;
  },

  async open(files, signal) {
    const descriptor = await findOwn(files, signal);
    if (descriptor === undefined) throw new RangeError('Probe found a descriptor');
    const bytes = await readAtMost(descriptor, 0, MAX_DESCRIPTOR_BYTES, signal);
    return createDisc(files, descriptor, parseB6t(bytes, descriptor.name), signal);
  },
};

function findOwn(files: ImageFiles, signal: AbortSignal | undefined): Promise<ByteSource | undefined> {
  return findDescriptor(files, B6T_SIGNATURE, descriptorOf, signal);
}

function descriptorOf(name: string): string | undefined {
  const version = DATA_NAME.exec(name)?.groups?.version;
  return version === undefined ? undefined : name.replace(DATA_NAME, `.b${version}t`);
}

async function createDisc(
  files: ImageFiles,
  descriptor: ByteSource,
  facts: B6tFacts,
  signal: AbortSignal | undefined,
): Promise<Disc> {
  const { name } = descriptor;
  const opened = new DataFiles(files, descriptor, /\.b5t$/i.test(name) ? '.b5i' : '.b6i');
  const blocks: DeclaredRun[] = [];
  for (const block of facts.dataBlocks) {
    if (block.sectors === 0) continue;
    const base = await opened.openParts([block.name], signal);
    blocks.push(declareRun(name, block, base));
  }
  opened.refuseNone();
  blocks.sort((a, b) => a.start - b.start);
  const declared = facts.sessions.map(({ tracks }) => tracks.map((track) => declareTrack(track, blocks)));
  const { tracks, findings, storage } = await layOutTracks(name, declared.flat(), opened.bases, signal);
  const catalog = parseCatalog(facts.catalog);
  let first = 0;
  return buildDisc({
    format: b6tFormat.name,
    ...{ name, storage, bases: opened.bases },
    // Twelve bytes of a channel follow each other, other than where drives give them.
    subchannelForm: 'linear',
    findings: [...opened.findings, ...findings],
    ...(facts.medium === undefined ? {} : { medium: facts.medium }),
    ...(catalog === undefined ? {} : { catalog }),
    ...(facts.cdText === undefined ? {} : { cdText: facts.cdText }),
    sessions: facts.sessions.map(({ end }, i) => ({
      number: i + 1,
      tracks: tracks.slice(first, (first += declared[i]!.length)),
      ...(facts.medium === 'cd' ? { leadOut: end } : {}),
    })),
  });
}

/** Its bytes are those of all its sectors: that says how many each has. */
function declareRun(name: string, block: B6tDataBlock, base: number | undefined): DeclaredRun {
  const { bytes, sectors, start, offset } = block;
  const sizes = partSectorBytes(bytes / sectors);
  if (sizes !== undefined) return { ...sizes, start, sectors, offset, base };
  const found = `found ${sectors} sectors in ${countBytes(bytes)}, expected 2048 to 2448 a sector`;
  throw new IsodriveError('damaged', `Cannot open "${name}": ${found}`, { at: { source: name } });
}

function declareTrack(
  { type, number, control, pregap, start, sectors }: B6tTrack,
  blocks: readonly DeclaredRun[],
): DeclaredTrack {
  const end = start + sectors;
  return {
    number,
    mode: MODES[type] ?? 'mode1',
    start: start + Math.min(pregap, sectors),
    length: Math.max(0, sectors - pregap),
    pregap: Math.min(pregap, sectors),
    runs: blocks.filter((block) => block.start < end && block.start + block.sectors > start),
    ...(type === 6 ? {} : trackFlags(control)),
  };
}
