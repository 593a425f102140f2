// The corner cases that the project has promised to read, and that each has a test which says so: a test that is
// renamed or dropped must not take a case along unseen.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const FILESYSTEM = join(import.meta.dirname, '..');
const text = readdirSync(FILESYSTEM, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts') && !name.endsWith('corner-case-list.test.ts'))
  .map((name) => readFileSync(join(FILESYSTEM, name), 'utf8'))
  .join('\n');

describe('The list of corner cases', () => {
  it.each(Array.from({ length: 24 }, (_, i) => `I${i + 1}`))('has a test of %s', (name) => {
    expect(new RegExp(`(it|describe)[^\\n]*\\(\\s*['"\`]${name}: `).test(text)).toBe(true);
  });

  it.each([
    'section entries that have no header (Mageia 4)',
    'does not say that it is the last (FreeBSD 11)',
    'a value in the field that should be unused',
    'floppy and hard disk emulation by their media',
    'no volume descriptor (menuet)',
    'inside of a continuation area too',
    'catalogue in a relocated directory',
    'load sizes of 0 and 1',
    'show boot images whole, however little the firmware loads',
    'declared but absent, as on discs of Fedora 34',
    'with a Sun label lists its slices',
    'a long chain of headers',
    'cut off after %i bytes',
  ])('of El Torito and partitions has a test that says "%s"', (title) => {
    expect(text).toContain(title);
  });
});
