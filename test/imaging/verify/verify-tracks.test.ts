// Verifies discs of several tracks: what lies between them is not looked for, and what a track lacks is told.
import { describe, expect, it } from 'vitest';
import { openDisc } from '../../../src/container/open-container.js';
import { volumeMarks } from '../../../src/filesystem/choose/volume-marks.js';
import type { Check } from '../../../src/imaging/verify/check.js';
import { verifySectors } from '../../../src/imaging/verify/verify-raw.js';
import { enhancedDisc, mixedDisc } from '../../support/builders/disc-model.js';
import { buildMds } from '../../support/builders/mds-builder.js';
import { openMemory } from '../../support/builders/memory-folder.js';
import type { MemoryFiles } from '../../support/builders/memory-folder.js';

async function verify(image: MemoryFiles): Promise<Check[]> {
  const files = openMemory(image);
  const { disc } = await openDisc(files, volumeMarks);
  return verifySectors(files, disc, { path: '/nowhere/image.mds' });
}

describe('verifying a disc of tracks', () => {
  it('looks at the sectors of all sessions, and at nothing between them', async () => {
    const checks = await verify(buildMds(enhancedDisc()));
    const sectors = enhancedDisc().tracks[2]!.length;
    expect(checks.filter(({ status }) => status !== 'unchecked')).toMatchObject([
      { status: 'ok', detail: `${sectors} sectors of mode 2 form 1 agree` },
    ]);
  });

  it('names the sector of a fault as the disc counts it', async () => {
    const files = buildMds(enhancedDisc());
    const { start, length } = enhancedDisc().tracks[2]!;
    const data = Buffer.from(files['image.mdf']!);
    data[data.length - length * 2352 + 3 * 2352 + 100]! ^= 1;
    const checks = await verify({ ...files, 'image.mdf': data });
    expect(checks.find(({ status }) => status === 'mismatch')?.detail).toContain(
      `sector ${start + 3}, mode 2`,
    );
  });

  it('tells what a track lacks, however much a descriptor claims', async () => {
    const disc = mixedDisc();
    const tracks = disc.tracks.map((track) => ({ ...track }));
    const last = tracks[2]!;
    const files = buildMds({ ...disc, tracks });
    const descriptor = Buffer.from(files['image.mds']!);
    const extra = 88 + 24 + 80 * 6 + 8 * 2;
    expect(descriptor.readUInt32LE(extra + 4)).toBe(last.length);
    descriptor.writeUInt32LE(0xf000_0000, extra + 4);
    const checks = await verify({ ...files, 'image.mds': descriptor });
    const lacking = 0xf000_0000 - last.length;
    expect(checks.filter(({ status }) => status === 'unreadable')).toMatchObject([
      { evidence: 'tracks', detail: `${lacking} sectors of track 3 are not in the image` },
    ]);
  });
});
