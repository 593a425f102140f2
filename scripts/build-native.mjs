// Compiles the addon and isodrive-keeper with the C++ compiler alone, against the headers of the npm packages
// node-api-headers and node-addon-api: no Python, no make, and no download of Node's own headers, which node-gyp
// would need. Objects are rebuilt when a source or header is newer; ISODRIVE_CXXFLAGS adds flags (sanitizers) in a
// folder of its own.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { ADDON_FLAGS, listUnits, modified } from './addon-units.mjs';

const root = join(import.meta.dirname, '..');
const sources = join(root, 'native');
/** Folder whose sources are the program isodrive-keeper; all others are the addon. */
const KEEPER = 'keeper';
/** Folders of the addons of other systems, which scripts of their own build. */
const OTHERS = ['windows', 'macos'];
/** How many of the addon's files include a header that is worth compiling once for all of them. */
const COMMON = 4;
const extra = (process.env.ISODRIVE_CXXFLAGS ?? '').split(' ').filter(Boolean);
const compiler = process.env.CXX ?? 'c++';
const flags = [...ADDON_FLAGS, `-I${sources}`, '-g1', '-fPIC', '-fvisibility=hidden', '-pthread', ...extra];

/** Runs the compiler; its messages go to stderr. Gives the exit code, 127 when there is no compiler. */
function run(args) {
  return new Promise((resolve) => {
    const child = spawn(compiler, args, { stdio: ['ignore', 2, 2] });
    child.on('error', () => resolve(127));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** One line that counts, on a terminal; elsewhere one sentence. */
function startProgress(count, total) {
  const isTerminal = process.stderr.isTTY === true;
  const what = 'isodrive: compiling the native parts';
  if (!isTerminal) process.stderr.write(`${what} (${count} of ${total} files), which takes about a minute\n`);
  let done = 0;
  const show = () => isTerminal && process.stderr.write(`\r${what}: ${done} of ${count}`);
  show();
  return {
    count: () => {
      done += 1;
      show();
    },
    end: () => isTerminal && process.stderr.write('\n'),
  };
}

/**
 * The headers of the system and of npm's packages that many files of the addon include, compiled once: reading them
 * takes most of the time that a file takes. Gives the exit code, and the flags that use it.
 */
async function precompileHeaders(output) {
  const header = join(output, 'common.hh');
  const counts = new Map();
  const isAddons = (name) => /\.(cc|hh)$/.test(name) && ![KEEPER, ...OTHERS].includes(name.split('/')[0]);
  for (const file of readdirSync(sources, { recursive: true }).filter(isAddons)) {
    for (const [line] of readFileSync(join(sources, file), 'utf8').matchAll(/^#include <.+>$/gm)) {
      counts.set(line, (counts.get(line) ?? 0) + 1);
    }
  }
  const lines = [...counts].filter(([, count]) => count >= COMMON).map(([line]) => `${line}\n`);
  writeFileSync(header, lines.sort().join(''));
  const code = await run([...flags, '-x', 'c++-header', header, '-o', `${header}.gch`]);
  return { code, common: ['-include', header] };
}

/** Compiles as many at a time as there are processors. Gives the first exit code that is not 0, or 0. */
async function compileUnits(units, total, output) {
  const progress = startProgress(units.length, total);
  const isKeepers = ([source]) => source.startsWith(join(sources, KEEPER));
  const { code, common } = await precompileHeaders(output);
  let failed = code;
  const queue = [...units];
  const worker = async () => {
    for (let unit = queue.pop(); unit !== undefined && failed === 0; unit = queue.pop()) {
      const [source, object] = unit;
      failed ||= await run([...flags, ...(isKeepers(unit) ? [] : common), '-c', source, '-o', object]);
      progress.count();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  progress.end();
  return failed;
}

/** Where the addon and the keeper are that were built with these flags more. */
export function nativeFolder(added) {
  const variant =
    added.length === 0 ? 'release' : createHash('sha256').update(added.join(' ')).digest('hex').slice(0, 8);
  return join(root, 'build', variant);
}

/** Gives 0 when the addon is up to date, else the compiler's exit code. */
export async function buildNative() {
  const output = nativeFolder(extra);
  const addon = join(output, 'isodrive.node');
  const keeper = join(output, 'isodrive-keeper');
  const { objects, stale } = listUnits({
    ...{ folder: sources, output, script: import.meta.filename },
    accepts: (file) => !OTHERS.some((folder) => file.startsWith(folder)),
  });
  for (const object of objects) mkdirSync(dirname(object), { recursive: true });
  const built = Math.min(modified(addon), modified(keeper));
  if (stale.length === 0 && built >= Math.max(...objects.map(modified))) return 0;
  let failed = stale.length === 0 ? 0 : await compileUnits(stale, objects.length, output);
  const isKeepers = (object) => object.startsWith(join(output, KEEPER));
  for (const [program, mode, parts] of [
    [addon, ['-shared', '-pthread'], objects.filter((object) => !isKeepers(object))],
    [keeper, ['-pthread'], objects.filter(isKeepers)],
  ]) {
    failed ||= await run([...mode, ...extra, ...parts, '-o', `${program}.tmp`]);
    // Renamed into place: a running daemon may have the old file mapped.
    if (failed === 0) renameSync(`${program}.tmp`, program);
  }
  if (failed !== 0) {
    process.stderr.write(
      `isodrive: the native addon was not built ("${compiler}" gave ${failed}); driver fuse needs it\n`,
    );
  }
  return failed;
}

if (process.argv[1] === import.meta.filename) process.exit(await buildNative());
