// Proves that parts are separated: takes a container, a file system or a driver out of a copy of the project, with its
// lines in the tables that list it, and lets what is left compile and pass its unit tests. Usage: node
// scripts/check-separable.mjs [FOLDER...]; all parts of the table where none is named.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Folder -> the tables that list what is in it, and tests that are about it without importing it. */
const PARTS = new Map([
  ['src/container/raw', { tables: ['src/container/open-container.ts'], tests: [] }],
  [
    'src/filesystem/opera',
    {
      tables: ['src/filesystem/choose/probe-volumes.ts'],
      // They have a row for each file system.
      tests: ['conformance/file-tree', 'filesystem/choose/volume-marks'],
    },
  ],
  ['src/mount/fuse-native', { tables: ['src/mount/all-drivers.ts'], tests: [] }],
]);

/** What a copy needs; dependencies and native programs are those of the project. */
const COPIED = ['daemon', 'native', 'scripts', 'src', 'systemd', 'test', 'docs'];

function copyProject() {
  const copy = mkdtempSync(join(tmpdir(), 'isodrive-separable-'));
  const files = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isFile());
  for (const name of [...COPIED, ...files.map((entry) => entry.name)]) {
    cpSync(join(root, name), join(copy, name), { recursive: true, verbatimSymlinks: true });
  }
  for (const name of ['node_modules', 'dist', 'build']) symlinkSync(join(root, name), join(copy, name));
  return copy;
}

/** Takes the imports from `folder` out of a file, and every element of a list that they name. */
function removeFromTable(path, folder) {
  const name = folder.slice(folder.lastIndexOf('/') + 1);
  let text = readFileSync(path, 'utf8');
  const imports = new RegExp(`^import (?:type )?\\{([^}]*)\\} from '[^']*/${name}/[^']*';\\n`, 'gmu');
  const names = [...text.matchAll(imports)].flatMap(([, list]) => list.split(',').map((one) => one.trim()));
  if (names.length === 0) throw new Error(`Found no import of ${folder} in ${path}, expected its line`);
  text = text.replaceAll(imports, '');
  for (const one of names.filter((name) => name !== '')) {
    text = text.replaceAll(new RegExp(`^ *\\[[^\\n]*\\b${one}\\b[^\\n]*\\],\\n`, 'gmu'), '');
    text = text.replaceAll(new RegExp(`\\b${one}\\b(?:\\(\\))?,? ?`, 'gu'), '');
  }
  writeFileSync(path, text);
}

/** Tests that import the part are about it. */
function removeTests(copy, folder, named) {
  const mention = folder.replace(/^src\//u, '/src/') + '/';
  for (const entry of readdirSync(join(copy, 'test'), { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.ts')) continue;
    const path = join(copy, 'test', entry);
    if (named.some((one) => entry.startsWith(one)) || readFileSync(path, 'utf8').includes(mention))
      rmSync(path);
  }
}

function run(copy, command, args) {
  const { status } = spawnSync(command, args, { cwd: copy, stdio: ['ignore', 'inherit', 'inherit'] });
  return status === 0;
}

function provePart(folder) {
  const part = PARTS.get(folder);
  if (part === undefined)
    throw new Error(`Found "${folder}", expected one of ${[...PARTS.keys()].join(', ')}`);
  const copy = copyProject();
  try {
    rmSync(join(copy, folder), { recursive: true });
    for (const table of part.tables) removeFromTable(join(copy, table), folder);
    removeTests(copy, folder, part.tests);
    const compiles = run(copy, process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit']);
    const passes = compiles && run(copy, 'npx', ['vitest', 'run', '--project', 'unit', '--reporter=dot']);
    return compiles && passes;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : [...PARTS.keys()];
const results = wanted.map((folder) => [folder, provePart(folder)]);
for (const [folder, isSeparate] of results)
  console.log(`${folder}: ${isSeparate ? 'the rest compiles and passes without it' : 'FAILED'}`);
process.exitCode = results.every(([, isSeparate]) => isSeparate) ? 0 : 1;
