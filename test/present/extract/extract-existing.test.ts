// Extraction into a folder that holds something already, and what an extraction that ends early leaves.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { extract } from '../../../src/present/extract/extract.js';
import type { ExtractOptions } from '../../../src/present/extract/extract.js';
import type { ExtractSummary } from '../../../src/present/extract/extract-log.js';
import type { ReplaceAnswer } from '../../../src/present/extract/existing-entries.js';
import { openImage } from '../../../src/image/open-image.js';
import { unpackFaultInput } from '../../support/builders/fault-input.js';
import { memoryImage } from '../../support/fakes/memory-tree.js';
import { needs } from '../../support/needs.js';

const DISC_TIME = 1_000_000_000;
let folder: string;
let out: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isodrive-existing-'));
  out = join(folder, 'out');
});
afterEach(() => {
  execFileSync('chmod', ['-R', 'u+rwx', folder]);
  rmSync(folder, { recursive: true, force: true });
});

/** A disc with files in a folder and beside it, small and large. */
async function extractDisc(options: Partial<ExtractOptions> = {}): Promise<ExtractSummary> {
  const modified = [DISC_TIME, 123_456] as const;
  const file = (name: string, content: string | Uint8Array) =>
    ({ type: 'file', name, content, modified, mode: 0o400 }) as const;
  const image = await memoryImage([
    file('a', 'disc a'),
    file('large', new Uint8Array(100_000).fill(7)),
    { type: 'directory', name: 'd', mode: 0o555, children: [file('b', 'disc b'), file('c', 'disc c')] },
    { type: 'symlink', name: 'l', target: 'a' },
    { type: 'fifo', name: 'p' },
  ]);
  return extract(image, { rows: [0], directory: out, ...options });
}

const read = (name: string): string => readFileSync(join(out, name), 'utf8');
const pathsOf = ({ failures }: ExtractSummary): string[] => failures.map(({ path }) => path);

/** Puts the user's own in the place of a file, with a time in seconds. */
function edit(name: string, time: number, text = 'mine'): void {
  rmSync(join(out, name), { force: true });
  writeFileSync(join(out, name), text);
  utimesSync(join(out, name), time, time);
}

describe('extract into a folder that holds something', () => {
  it('counts what it extracted before as done, whatever the rule', async () => {
    await extractDisc();
    for (const existing of ['refuse', 'update', 'skip'] as const) {
      expect(await extractDisc({ existing })).toMatchObject({
        ...{ failures: [], files: 0, symlinks: 0, specials: 0, directories: 1, unchanged: 6, bytes: 0 },
      });
    }
  });

  it('refuses what is there and not the same, names it, and goes on', async () => {
    await extractDisc();
    edit('a', DISC_TIME + 5);
    edit('d/b', DISC_TIME - 5);
    rmSync(join(out, 'd/c'));
    const summary = await extractDisc();
    expect(pathsOf(summary)).toEqual(['/a', '/d/b']);
    expect(summary.failures[0]?.error).toMatchObject({
      code: 'partial',
      action: expect.stringContaining('--overwrite') as string,
    });
    expect([read('a'), read('d/b'), read('d/c')]).toEqual(['mine', 'mine', 'disc c']);
    expect(summary).toMatchObject({ files: 1, unchanged: 3 });
  });

  it('replaces everything with "overwrite", files without write permission too', async () => {
    await extractDisc();
    edit('a', DISC_TIME + 5);
    chmodSync(join(out, 'a'), 0o400);
    const summary = await extractDisc({ existing: 'overwrite' });
    expect(summary).toMatchObject({ failures: [], files: 4, unchanged: 0 });
    expect([read('a'), lstatSync(join(out, 'a')).mode & 0o777]).toEqual(['disc a', 0o400]);
  });

  it('replaces with "update" what is older, or as old and of another size, and keeps what is newer', async () => {
    await extractDisc();
    edit('a', DISC_TIME - 5);
    edit('d/b', DISC_TIME + 5);
    edit('d/c', DISC_TIME, 'of another size');
    const summary = await extractDisc({ existing: 'update' });
    expect(summary).toMatchObject({ failures: [], files: 2, skipped: 1 });
    expect([read('a'), read('d/b'), read('d/c')]).toEqual(['disc a', 'mine', 'disc c']);
  });

  it('keeps all that is there with "skip", and writes what is missing', async () => {
    await extractDisc();
    edit('a', DISC_TIME - 5);
    rmSync(join(out, 'd/c'));
    const summary = await extractDisc({ existing: 'skip' });
    expect(summary).toMatchObject({ failures: [], files: 1, skipped: 1 });
    expect([read('a'), read('d/c')]).toEqual(['mine', 'disc c']);
  });

  it.each<[ReplaceAnswer, string[], number]>([
    ['yes', ['disc a', 'disc b', 'disc c'], 3],
    ['no', ['mine', 'mine', 'mine'], 3],
    ['all', ['disc a', 'disc b', 'disc c'], 1],
    ['none', ['mine', 'mine', 'mine'], 1],
  ])('does what the user answers: %s', async (answer, contents, questions) => {
    await extractDisc();
    for (const name of ['a', 'd/b', 'd/c']) edit(name, DISC_TIME + 5);
    const asked: string[] = [];
    const summary = await extractDisc({
      askToReplace: (path) => {
        asked.push(path);
        return Promise.resolve(answer);
      },
    });
    expect(summary.failures).toEqual([]);
    expect([read('a'), read('d/b'), read('d/c')]).toEqual(contents);
    expect(asked).toHaveLength(questions);
  });

  it('stops where the user wants no more', async () => {
    await extractDisc();
    edit('a', DISC_TIME + 5);
    const askToReplace = (): Promise<ReplaceAnswer> => Promise.resolve('quit');
    await expect(extractDisc({ askToReplace })).rejects.toMatchObject({ code: 'cancelled' });
    expect(read('a')).toBe('mine');
  });

  it('leaves what stands in the place of a folder, with all that would be in it', async () => {
    mkdirSync(out);
    symlinkSync(folder, join(out, 'd'));
    const summary = await extractDisc();
    expect(pathsOf(summary)).toEqual(['/d']);
    expect(lstatSync(join(out, 'd')).isSymbolicLink()).toBe(true);
    expect(readdirSync(folder)).toEqual(['out']);
  });

  it("gives folders that their owner can write into, or exactly the disc's modes", async () => {
    await extractDisc();
    expect(lstatSync(join(out, 'd')).mode & 0o777).toBe(0o755);
    await extractDisc({ preserve: true });
    expect(lstatSync(join(out, 'd')).mode & 0o777).toBe(0o555);
  });

  it('removes drafts of runs that are no more, and leaves those of others alone', async () => {
    mkdirSync(join(out, 'd'), { recursive: true });
    const gone = execFileSync('sh', ['-c', 'echo $$']).toString().trim();
    const files = [`.isodrive-${gone}.part`, `d/.isodrive-${gone}-3.part`];
    const kept = [`.isodrive-${process.ppid}.part`, '.isodrive-x.part'];
    for (const name of [...files, ...kept]) writeFileSync(join(out, name), 'half');
    await extractDisc();
    expect(readdirSync(out).sort()).toEqual([...kept, 'a', 'd', 'l', 'large', 'p'].sort());
    expect(readdirSync(join(out, 'd')).sort()).toEqual(['b', 'c']);
  });
});

describe('extract of paths that are selected twice', () => {
  it('extracts hard links once, whatever the order', async () => {
    const image = await unpackFaultInput('hardlinks-selected-twice.iso', folder);
    for (const order of [
      ['/', '/a'],
      ['/a', '/', '/a', '/b'],
    ]) {
      await using opened = await openImage(image);
      const rows = await Promise.all(order.map((path) => opened.index.resolve(path)));
      const directory = join(folder, order.length.toString());
      const summary = await extract(opened, { rows, directory });
      expect(summary).toMatchObject({ failures: [], files: 1, hardLinks: 1 });
      expect(readdirSync(directory).sort()).toEqual(['a', 'b']);
      const [a, b] = ['a', 'b'].map((name) => lstatSync(join(directory, name)).ino);
      expect(a).toBe(b);
    }
  });
});

describe('extract that ends early', () => {
  it('leaves neither short files nor drafts when it is aborted', async () => {
    mkdirSync(out);
    writeFileSync(join(out, 'b'), 'mine');
    const image = await memoryImage([
      { type: 'file', name: 'a', content: 'a' },
      { type: 'file', name: 'b', content: new Uint8Array(8_000_000) },
    ]);
    const stop = new AbortController();
    const askToReplace = (): Promise<ReplaceAnswer> => {
      stop.abort();
      return Promise.resolve('yes');
    };
    const options = { rows: [0], directory: out, signal: stop.signal, askToReplace };
    await expect(extract(image, options)).rejects.toMatchObject({ code: 'cancelled' });
    expect(readdirSync(out).filter((name) => name !== 'a')).toEqual(['b']);
    expect(read('b')).toBe('mine');
  });

  it('stops at a full disk with one message, and keeps what is complete', needs('root'), async () => {
    mkdirSync(out);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', out]);
    try {
      const image = await memoryImage([
        ...Array.from({ length: 5 }, (_, i) => ({ type: 'file', name: `f${i}`, content: 'small' }) as const),
        { type: 'file', name: 'g', content: new Uint8Array(3_000_000) },
        { type: 'file', name: 'h', content: 'never' },
      ]);
      const { stopped, files, failures } = await extract(image, { rows: [0], directory: out });
      expect(stopped).toMatchObject({
        code: 'partial',
        message: `Cannot write "${out}/g": no space left on device, expected room for 3000000 bytes`,
      });
      expect(failures).toEqual([]);
      for (const name of readdirSync(out)) expect(read(name)).toMatch(/^small$|^never$/u);
      expect(files).toBeGreaterThanOrEqual(0);
    } finally {
      execFileSync('umount', [out]);
    }
  });
});
