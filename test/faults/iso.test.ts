// Discs of ISO 9660 and UDF that were once shown wrong, each with what is right.
import { describe, expect, it } from 'vitest';
import type { OpenImageOptions } from '../../src/image/open-image.js';
import { checkImage } from '../../src/present/inspect/check-image.js';
import { openFaultInput } from '../support/builders/fault-input.js';
import { readAll } from '../support/judges/opened-bytes.js';

interface Expected {
  readonly options?: OpenImageOptions;
  readonly tree: string;
  readonly label?: string;
  /** Paths of all files with their bytes. */
  readonly files: Readonly<Record<string, number>>;
  /** SHA-256 of some of them. */
  readonly sums?: Readonly<Record<string, string>>;
  /** Codes of findings. */
  readonly codes: readonly string[];
  /** Those of a whole check are among them. */
  readonly isChecked?: boolean;
}

const SYMPHONY = '/Symphony No. 9 in D minor, Op. 125, recorded live in Vienna, disc one, part';

const INPUTS: Readonly<Record<string, Expected>> = {
  // genisoimage -allow-limited-size writes sizes of ISO 9660 modulo 2^32, this one modulo 65536.
  'bridge-limited-size.iso': {
    tree: 'udf',
    files: { '/NSRLFile.zip': 100_000, '/read_me.txt': 6 },
    sums: { '/NSRLFile.zip': 'd4c41caacbac8da162aa12848f9212fb8d5a55b150f9e8235ad6ae312b6df079' },
    codes: ['bridge-disagreement'],
  },
  // Joliet cuts names to 64 characters.
  'bridge-long-names.iso': {
    tree: 'udf',
    files: { [`${SYMPHONY} 1.flac`]: 1, [`${SYMPHONY} 2.flac`]: 1 },
    codes: [],
  },
  'zisofs2-256k-blocks.iso': {
    tree: 'rock-ridge',
    files: { '/a.txt': 420_000 },
    codes: [],
  },
  // As hdiutil makehybrid of macOS writes it: Rock Ridge without NM.
  'rr-without-nm.iso': {
    tree: 'joliet',
    files: { '/Program Files/Main.c': 3, '/Quarterly Report 2024 final version.doc': 6, '/README.md': 6 },
    codes: ['rock-ridge-without-names'],
  },
  'zisofs-joliet-false-warning.iso': {
    tree: 'rock-ridge',
    files: { '/a.txt': 20_000 },
    codes: [],
    isChecked: true,
  },
  'label-utf8.iso': {
    tree: 'rock-ridge',
    label: 'Gr\u00f6\u00dfe Fotos',
    files: { '/a.txt': 1 },
    codes: [],
  },
  'rr-root-without-fields.iso': {
    tree: 'rock-ridge',
    files: { '/Alpha.txt': 1, '/Sub/Beta.txt': 1 },
    codes: [],
  },
};

describe('A disc that was once shown wrong', () => {
  it.each(Object.entries(INPUTS))('has the right files and label: %s', async (name, expected) => {
    await using image = await openFaultInput(name, expected.options);
    if (expected.isChecked === true) await checkImage(image);
    const { entries, codes } = await readAll(image);
    const files = [...entries.values()].filter(({ type }) => type === 'f');
    expect(image.tree.kind).toBe(expected.tree);
    expect(Object.fromEntries(files.map(({ path, size }) => [path, size]))).toEqual(expected.files);
    expect(codes).toEqual(expected.codes);
    if (expected.label !== undefined) expect(image.tree.label).toBe(expected.label);
    for (const [path, sum] of Object.entries(expected.sums ?? {})) {
      expect(entries.get(path)?.sha256).toBe(sum);
    }
  });
});
