// Random trees, written by programs that share no code with us and read back: every file, link, mode and time.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import type { TreeKind } from '../../src/filesystem/contract/file-tree.js';
import { openImage } from '../../src/image/open-image.js';
import { listImage } from '../support/judges/index-manifest.js';
import { listTree } from '../support/programs/list-tree.js';
import { compareEntries } from '../support/judges/manifest.js';
import type { ManifestEntry } from '../support/judges/manifest.js';
import { writeRandomTree } from '../support/builders/random-tree.js';
import { needs } from '../support/needs.js';
import type { Need, Program } from '../support/needs.js';

const SEEDS = [1, 20, 300];
const HASH_LIMIT = 16 * 1024 * 1024;
/** Debian's own, which alone sees Debian's packages. */
const PYTHON = '/usr/bin/python3';
const PYCDLIB_WRITER = join(import.meta.dirname, '../support/builders/write-with-pycdlib.py');

interface Writer {
  readonly name: string;
  readonly command: (source: string, image: string) => [string, ...string[]];
  /** What the tree keeps of what was written. */
  readonly views: Readonly<Partial<Record<TreeKind, { times: boolean; modes: boolean; links: boolean }>>>;
}

const ALL = { times: true, modes: true, links: true };
const JOLIET = { times: true, modes: false, links: false };
/** pycdlib writes the time of writing, and root as the owner. */
const MODES = { times: false, modes: true, links: true };
const NAMES = { times: false, modes: false, links: false };
const QUIET = ['-quiet', '-R', '-J', '-joliet-long'];

const WRITERS: readonly Writer[] = [
  {
    name: 'xorriso',
    command: (source, image) => ['xorriso', '-as', 'mkisofs', ...QUIET, '-o', image, source],
    views: { 'rock-ridge': ALL, joliet: JOLIET },
  },
  {
    name: 'genisoimage',
    command: (source, image) => [
      ...(['genisoimage', ...QUIET, '-input-charset', 'utf-8'] as const),
      ...(['-o', image, source] as const),
    ],
    views: { 'rock-ridge': ALL, joliet: JOLIET },
  },
  ...['1.09', '1.12'].map((version): Writer => {
    return {
      name: `pycdlib, Rock Ridge ${version}`,
      command: (source, image) => [PYTHON, PYCDLIB_WRITER, source, image, version, '3'],
      views: { 'rock-ridge': MODES, joliet: NAMES },
    };
  }),
];

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'isodrive-round-trip-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));
/** What a writer takes to be run. */
function programOf({ command }: Writer): Need {
  const [program] = command('', '');
  return program === PYTHON ? 'pycdlib' : (program as Program);
}

/** Trees by seed, written once. */
const trees = new Map<number, Promise<string>>();

async function makeTree(seed: number): Promise<string> {
  const directory = join(folder, `tree-${seed}`);
  await mkdir(directory);
  await writeRandomTree(directory, seed);
  return directory;
}

function treeOf(seed: number): Promise<string> {
  const made = trees.get(seed) ?? makeTree(seed);
  trees.set(seed, made);
  return made;
}

/** What a view can keep of a tree. Where it knows no links, some writers put empty files in their stead. */
function reduce(
  entries: readonly ManifestEntry[],
  { times, links }: { times: boolean; links: boolean },
  linkPaths: ReadonlySet<string>,
): ManifestEntry[] {
  return entries
    .filter(({ path }) => path !== '/' && (links || !linkPaths.has(path)))
    .map((entry) => ({
      ...entry,
      ...(times ? {} : { modified: 0, userId: 0, groupId: 0 }),
      // Permissions of a link mean nothing, and pycdlib writes others.
      mode: entry.type === 'l' ? 0 : entry.mode,
    }));
}

describe('A random tree', () => {
  for (const writer of WRITERS) {
    for (const seed of SEEDS) {
      it(
        `of seed ${seed}, written by ${writer.name}, is read back as it was`,
        needs(programOf(writer)),
        async () => {
          const source = await treeOf(seed);
          const truth = await listTree(source);
          expect(truth.length).toBeGreaterThan(6);
          const path = join(folder, `${seed}-${writer.name.replaceAll(/\W/g, '-')}.iso`);
          await mustRun(...split(writer.command(source, path)));
          for (const [kind, view] of Object.entries(writer.views)) {
            await using image = await openImage(path, { tree: kind as TreeKind });
            const actual = await listImage(image, { hashLimit: HASH_LIMIT });
            const links = new Set(truth.filter(({ type }) => type === 'l').map(({ path: link }) => link));
            const differences = compareEntries(reduce(truth, view, links), reduce(actual, view, links), {
              attributes: view.modes,
            });
            expect(differences).toEqual([]);
            expect(image.findings.findings).toEqual([]);
          }
          await rm(path);
        },
      );
    }
  }
});

function split([program, ...args]: [string, ...string[]]): [string, string[]] {
  return [program, args];
}
