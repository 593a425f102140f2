// Fails when a module imports from a stage that comes after its own: the folder tree is the data flow. The table is
// the architecture; ARCHITECTURE.md explains it. Fails on import circles too, of files and of folders beside each
// other.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { findCircles } from './find-circles.mjs';

const root = join(import.meta.dirname, '..');

/**
 * The stages of src: each may import itself and those before it, mount and present not each other. A container is
 * opened into a disc, so it knows the disc's contract, and a disc knows nothing of where it came from.
 */
const flow = [
  ...['base', 'io', 'codec', 'source', 'disc', 'container', 'filesystem', 'index', 'options', 'image'],
].map((name) => `src/${name}`);
/** What shows an image needs of them: how it is stored is behind it. */
const shown = flow.filter((layer) => layer !== 'src/codec' && layer !== 'src/container');
/** Files that the protocol needs for words of its messages. */
const words = ['src/filesystem/contract/file-tree.ts', 'src/mount/mount-driver.ts'];

/** Layer -> layers it may import from. The longest prefix of a path decides its layer. */
const allowed = new Map([
  ...flow.map((layer, i) => [layer, flow.slice(0, i + 1)]),
  ['src/io', ['src/base', 'src/io', 'native/index.ts', 'native/windows']],
  ['src/source', ['src/base', 'src/io', 'src/source', 'native/index.ts', 'native/windows', 'native/macos']],
  [
    'src/options',
    [
      ...['src/base', 'src/options'],
      // The closed sets and bounds that values are of.
      ...['src/disc/data-stream.ts', 'src/filesystem/contract/file-tree.ts'],
    ],
  ],
  ['src/mount', [...shown, 'src/mount', 'native/index.ts']],
  ['src/mount/windows', ['src/base', 'src/io', 'src/mount/windows', 'native/windows']],
  ['src/present', [...shown, 'src/present', 'native/index.ts']],
  ['src/imaging', [...flow, 'src/present', 'src/imaging', 'native/index.ts']],
  ['src/endpoint', ['src/base', 'src/io', 'src/endpoint', 'native/index.ts', 'native/windows']],
  [
    'src/drive',
    [
      ...['src/base', 'src/io', 'src/source', 'src/disc', 'src/container', 'src/endpoint', 'src/drive'],
      'native/index.ts',
    ],
  ],
  ['src/protocol', ['src/base', 'src/endpoint', 'src/options', 'src/protocol', 'native/index.ts', ...words]],
  ['src/wine', ['src/base', 'src/wine']],
  ['native/windows', ['native/index.ts']],
  ['native/macos', ['native/index.ts']],
  [
    'src/cli',
    [
      ...[...shown, 'src/mount', 'src/present', 'src/imaging', 'src/drive', 'src/wine', 'src/endpoint'],
      ...['src/protocol', 'src/cli'],
    ],
  ],
  [
    'daemon',
    [
      ...[...shown, 'src/mount', 'src/imaging', 'src/drive', 'src/endpoint', 'src/protocol'],
      ...['daemon', 'native/index.ts', 'native/windows'],
    ],
  ],
  ['native/index.ts', ['native/session.ts', 'native/program-calls.ts']],
  ['native/session.ts', []],
  ['native/program-calls.ts', []],
  ['scripts', ['src', 'scripts']],
]);

function listFiles(folder, name) {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

function isWithin(path, layer) {
  return path === layer || path.startsWith(`${layer}/`);
}

function layerOf(path) {
  return [...allowed.keys()]
    .filter((layer) => isWithin(path, layer))
    .sort((a, b) => b.length - a.length)
    .at(0);
}

/** Relative modules that a file imports or re-exports, types included, as paths from the root. */
function importsOf(path) {
  const text = readFileSync(join(root, path), 'utf8');
  const found = [];
  for (const [, name] of text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)'(\.{1,2}\/[^']*)'/g)) {
    const target = relative(root, resolve(root, dirname(path), name))
      .split(sep)
      .join('/');
    found.push(target.replace(/\.js$/, '.ts'));
  }
  return found;
}

/** Headers of ours that a C++ file includes: of its own folder, or by their path in native/. */
function includesOf(path) {
  return [...readFileSync(join(root, path), 'utf8').matchAll(/^#include "([^"]+)"/gm)].map(([, name]) =>
    name.includes('/') ? `native/${name}` : `${dirname(path)}/${name}`,
  );
}

const modules = ['src', 'daemon', 'native', 'scripts'].flatMap((folder) => listFiles(folder, /\.ts$/));
const imports = new Map(modules.map((path) => [path, importsOf(path)]));
const faults = [];
for (const [path, targets] of imports) {
  const layer = layerOf(path);
  if (layer === undefined) {
    faults.push(`${path}: found a folder without a layer, expected one of ${[...allowed.keys()].join(', ')}`);
    continue;
  }
  for (const target of targets) {
    if (allowed.get(layer).some((permitted) => isWithin(target, permitted))) continue;
    faults.push(`${path}: found an import of ${target}, expected only ${allowed.get(layer).join(', ')}`);
  }
}
const includes = new Map(listFiles('native', /\.(?:cc|hh)$/).map((path) => [path, includesOf(path)]));
const circles = [imports, includes].flatMap(findCircles);
faults.push(...circles.map((circle) => `circle of imports: ${circle}`));
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.stdout.write(`${circles.length} circles\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
