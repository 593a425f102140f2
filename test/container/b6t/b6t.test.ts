// Images of BlindWrite: which file finds which, discs in several files, DVDs, and descriptors that are hostile.
import { describe, expect, it } from 'vitest';
import { openFiles } from '../../conformance/track-container.js';
import { buildB6t } from '../../support/builders/b6t-builder.js';
import { enhancedDisc, mixedDisc, placeTracks, samples } from '../../support/builders/disc-model.js';

const DVD = placeTracks([[{ mode: 'mode1', content: samples(2048, 8).subarray(0, 2048 * 300), pregap: 0 }]]);
/** The pause of a DVD is none. */
const DVD_DISC = { ...DVD, tracks: DVD.tracks.map((track) => ({ ...track, start: 0 })) };

describe('an image of BlindWrite', () => {
  it('is found from its first file, in any case of its name', async () => {
    const { 'image.b6t': descriptor, 'image.b6i': data } = buildB6t(mixedDisc());
    const disc = await openFiles({ 'IMAGE.B6I': data!, 'Image.B6T': descriptor! });
    expect([disc.format, disc.sessions[0]!.tracks.length]).toEqual(['b6t', 3]);
    expect(disc.findings).toEqual([]);
  });

  it('passes over what is of no use here, and over folders in names', async () => {
    const cdText = Buffer.alloc(36, 0x80);
    const disc = await openFiles(buildB6t(mixedDisc(), { padding: 77, cdText, folder: 'C:\\Images\\' }));
    expect(Buffer.from(disc.cdText!).equals(cdText)).toBe(true);
    expect([disc.medium, disc.sessions[0]!.tracks.length]).toEqual(['cd', 3]);
  });

  it('has the lead-outs of its sessions', async () => {
    const model = enhancedDisc();
    const disc = await openFiles(buildB6t(model));
    const ends = [model.tracks[1]!, model.tracks[2]!].map(({ start, length }) => start + length);
    expect(disc.sessions.map(({ leadOut }) => leadOut)).toEqual(ends);
  });

  it('of a DVD in several files is one disc', async () => {
    const stored = { bytes: 2048, subchannel: 0 } as const;
    const files = buildB6t(DVD_DISC, { isDvd: true, stored, partSectors: 120, padding: 10 });
    expect(Object.keys(files)).toEqual(['image.b6t', 'image.b6i', 'image.001', 'image.002']);
    const disc = await openFiles(files);
    const { content } = DVD_DISC.tracks[0]!;
    const bytes = Buffer.alloc(content.length);
    await disc.data.read(bytes, 0);
    expect([disc.medium, bytes.equals(content)]).toEqual(['dvd', true]);
  });

  it('without one of its files is read but for what that held', async () => {
    const all = buildB6t(mixedDisc(), { partSectors: 20 });
    const files = Object.fromEntries(Object.entries(all).filter(([name]) => name !== 'image.001'));
    const disc = await openFiles(files);
    expect(disc.findings).toMatchObject([
      { code: 'missing-image-file', message: expect.stringContaining('"image.001"') as string },
    ]);
    const sector = Buffer.alloc(2048);
    expect(await disc.data.read(sector, 16 * 2048)).toBe(2048);
    await expect(disc.data.read(sector, 25 * 2048)).rejects.toMatchObject({ code: 'damaged' });
    const { start, content } = mixedDisc().tracks[1]!;
    const sound = Buffer.alloc(2352);
    await disc.raw!.read(sound, start * 2352);
    expect(sound.equals(content.subarray(0, 2352))).toBe(true);
  });

  it('without all of its files is refused', async () => {
    const { 'image.b6t': descriptor } = buildB6t(mixedDisc());
    await expect(openFiles({ 'image.b6t': descriptor! })).rejects.toMatchObject({ code: 'image-not-found' });
  });

  it.each<[string, (bytes: Buffer) => void]>([
    ['blocks without end', (bytes) => void bytes.writeUInt32LE(0xffff_ffff, 320)],
    ['a path without end', (bytes) => void bytes.writeUInt32LE(0xffff_ffff, 324)],
    ['a name without end', (bytes) => void bytes.writeUInt32LE(0xffff_ffff, 334 + 48)],
    ['sessions without end', (bytes) => void bytes.writeUInt16LE(0xffff, 50)],
    ['lengths without end', (bytes) => void bytes.writeUInt32LE(0xffff_ffff, 240)],
    ['sectors of a size that is none', (bytes) => void bytes.writeUInt32LE(7, 334 + 44)],
    ['nothing but its signature', (bytes) => void bytes.fill(0, 16)],
  ])('with %s is refused', async (_what, change) => {
    const files = buildB6t(mixedDisc());
    const descriptor = Buffer.from(files['image.b6t']!);
    change(descriptor);
    await expect(openFiles({ ...files, 'image.b6t': descriptor })).rejects.toMatchObject({
      code: expect.stringMatching(/damaged|image-not-found/) as string,
    });
  });
});
