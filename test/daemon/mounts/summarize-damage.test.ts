// What is told of a damaged image, by the daemon and on the terminal.
import { describe, expect, it } from 'vitest';
import { MountFindings } from '../../../daemon/reader/mount-findings.js';
import { summarizeDamage } from '../../../daemon/mounts/summarize-damage.js';
import type { Finding } from '../../../src/base/finding.js';
import { formatDamage } from '../../../src/cli/format-damage.js';

const MEBIBYTE = 1024 * 1024;
const at = { source: 'a.iso' };
const damage = (code: string, message: string): Finding => ({ code, severity: 'damage', message, at });
const sizes = { size: 2.5 * MEBIBYTE, volumeSize: 29 * MEBIBYTE };

describe('summarizeDamage', () => {
  it('says nothing of an image with notes and warnings alone', () => {
    const findings = new MountFindings([{ code: 'quirk', severity: 'warning', message: 'Odd', at }]);
    expect(summarizeDamage(findings, sizes, true)).toBeUndefined();
  });

  it('counts the files beyond the end of a truncated image', () => {
    const findings = new MountFindings([
      damage('truncated-image', 'Image is truncated'),
      damage('file-beyond-end', 'File "a" reaches beyond'),
      damage('file-beyond-end', 'File "b" reaches beyond'),
    ]);
    const found = summarizeDamage(findings, sizes, true);
    expect(found).toMatchObject({ endsAt: sizes.size, expectedSize: sizes.volumeSize, filesBeyondEnd: 2 });
    expect(formatDamage(found!)).toBe(
      'the image ends at 2.5 MiB of 29.0 MiB: 2 files cannot be read whole; see isodrive info IMAGE',
    );
    expect(formatDamage({ ...found!, isWhole: false })).toContain(': at least 2 files cannot');
    expect(formatDamage({ ...found!, filesBeyondEnd: 0 })).toContain(': what lies beyond cannot be read;');
  });

  it('tells the first of other damage', () => {
    const found = summarizeDamage(new MountFindings([damage('x', 'Directory is broken')]), sizes, true);
    expect(found).toEqual({ filesBeyondEnd: 0, isWhole: true, messages: ['Directory is broken'] });
    expect(formatDamage(found!)).toBe('the image is damaged: Directory is broken; see isodrive info IMAGE');
  });
});
