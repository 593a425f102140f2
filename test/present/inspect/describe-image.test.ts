// What `info` shows of a real image.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openImage } from '../../../src/image/open-image.js';
import { describeImage, formatDescription } from '../../../src/present/inspect/describe-image.js';

const IMAGE = join(import.meta.dirname, '../../corpus/ok/copying-rr.iso');

describe('describeImage', () => {
  it('tells label, sizes, views and descriptors', async () => {
    await using image = await openImage(IMAGE);
    const description = describeImage(image);
    expect(description).toMatchObject({
      image: IMAGE,
      format: 'iso',
      size: image.source.size,
      findingCount: 0,
    });
    expect(description.trees.filter(({ chosen }) => chosen)).toEqual([
      { kind: 'rock-ridge', label: image.tree.label, chosen: true },
    ]);
    expect(description.volume).toMatchObject({ blockSize: 2048, hasUdf: false });
    expect(description.volume.created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/);
    expect(() => JSON.stringify(description)).not.toThrow();
  });
});

describe('formatDescription', () => {
  it('leaves out what is empty, lists what is not, and escapes what the disc says', async () => {
    await using image = await openImage(IMAGE);
    const description = describeImage(image);
    const text = formatDescription({
      ...description,
      label: '\x1b[2J',
      volume: { ...description.volume, publisherId: '', systemId: 'LINUX' },
      bootEntries: [{ platform: 'efi', bootable: true, emulation: 'none', offset: 4096, loadSize: 512 }],
      findings: [
        {
          code: 'odd',
          severity: 'warning',
          message: 'Found odd',
          at: { source: 'x', offset: 5, clause: 'Y 1' },
        },
      ],
      findingCount: 3,
    });
    const lines = text.split('\n');
    expect(lines).toContain('Label:        \\x1b[2J');
    expect(lines).toContain('System:       LINUX');
    expect(lines).toContain('Boot entry:   efi, bootable, emulation none, 512 bytes at 4096');
    expect(lines).toContain('Warning:      Found odd (at byte 5, Y 1) [odd]');
    expect(lines).toContain('Findings:     2 more');
    expect(text).not.toContain('Publisher');
  });
});
