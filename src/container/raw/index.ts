// Raw sectors without a sheet (.bin, .img, .mdf): what a drive gives of a data track of a CD, with everything around
// the user data. Several tracks cannot be told apart without their sheet.
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import { countBytes } from '../../base/byte-count.js';
import type { Disc } from '../../disc/disc.js';
import type { ByteSource } from '../../source/byte-source.js';
import { buildDisc } from '../build-disc.js';
import type { Container } from '../format.js';
import { findSectorLayout } from './sector-layout.js';
import type { SectorLayout } from './sector-layout.js';

const MODE_TITLES = { mode1: 'mode 1', mode2: 'mode 2', xa: 'mode 2 (CD-ROM XA)' } as const;

export const rawFormat: Container = {
  kind: 'container',
  name: 'raw',
  title: 'raw sectors of a CD',

  async probe({ main }, _marks, signal) {
    const layout = await findSectorLayout(main, signal);
    if (layout === undefined) return 0;
    return layout === 'scrambled' || layout.right > 0 ? 3 : 2;
  },

  async open({ main }, signal) {
    const layout = await findSectorLayout(main, signal);
    if (layout === undefined || layout === 'scrambled') throw refuseScrambled(main.name);
    return createDisc(main, layout);
  },
};

function createDisc(source: ByteSource, layout: SectorLayout): Disc {
  const { bytes, mode, start } = layout;
  const sectors = Math.floor(source.size / bytes);
  // A pause before the first track is on the disc, but not in the address space of its data.
  const pregap = Math.min(sectors, Math.max(0, -start));
  const track = {
    ...{ number: 1, mode, start: Math.max(0, start), length: sectors - pregap },
    ...(pregap > 0 ? { pregap } : {}),
    pieces: [{ sectors, stored: { base: 0, offset: 0, sector: layout } }],
  };
  return buildDisc({
    format: rawFormat.name,
    medium: 'cd',
    storage: `sectors of ${countBytes(bytes)}, ${MODE_TITLES[mode]}`,
    name: source.name,
    bases: [source],
    sessions: [{ number: 1, tracks: track.length > 0 ? [track] : [] }],
    findings: describeFaults(source, layout),
  });
}

function describeFaults(source: ByteSource, { bytes, right }: SectorLayout): Finding[] {
  const at = { source: source.name };
  const rest = source.size % bytes;
  const findings: Finding[] = [];
  if (rest > 0) {
    const message = `Image ends with ${countBytes(rest)} of a sector, expected whole sectors of ${bytes}`;
    findings.push({
      code: 'partial-sector',
      severity: 'warning',
      message,
      at: { ...at, offset: source.size - rest },
    });
  }
  if (right === 0) {
    const message =
      'Error detection codes of all sectors that were looked at are wrong, expected some to be right';
    findings.push({ code: 'wrong-sector-codes', severity: 'warning', message, at });
  }
  return findings;
}

function refuseScrambled(name: string): IsodriveError {
  return new IsodriveError(
    'unsupported',
    `Cannot open "${name}": its sectors are scrambled, as they stand on a disc, expected them as a drive gives them`,
    { at: { source: name }, action: 'Convert it with the program that read the disc, such as redumper' },
  );
}
