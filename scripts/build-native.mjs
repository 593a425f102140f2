// Compiles the addon and isodrive-keeper with the C++ compiler alone, against the headers of the npm packages node-api-headers and
// node-addon-api: no Python, no make, and no download of Node's own headers, which node-gyp would need.
// Objects are rebuilt when a source or header is newer; ISODRIVE_CXXFLAGS adds flags (sanitizers) in a folder of its own.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { ADDON_FLAGS, listUnits, modified } from './addon-units.mjs';

const root = join(import.meta.dirname, '..');
const sources = join(root, 'native');
/** Folder whose sources are the program isodrive-keeper; all others are the addon. */
const KEEPER = 'keeper';
/** Folders of the addons of other systems, which scripts of their own build. */
const OTHERS = ['windows', 'macos'];
const extra = (process.env.ISODRIVE_CXXFLAGS ?? '').split(' ').filter(Boolean);
const compiler = process.env.CXX ?? 'c++';
const flags = [...ADDON_FLAGS, '-g1', '-fPIC', '-fvisibility=hidden', '-pthread', ...extra];

/** Runs the compiler; its messages go to stderr. Gives the exit code, 127 when there is no compiler. */
function run(args) {
  return new Promise((resolve) => {
    const child = spawn(compiler, args, { stdio: ['ignore', 2, 2] });
    child.on('error', () => resolve(127));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** Gives 0 when the addon is up to date, else the compiler's exit code. */
export async function buildNative() {
  const variant =
    extra.length === 0 ? 'release' : createHash('sha256').update(extra.join(' ')).digest('hex').slice(0, 8);
  const output = join(root, 'build', variant);
  const addon = join(output, 'isodrive.node');
  const keeper = join(output, 'isodrive-keeper');
  mkdirSync(join(output, KEEPER), { recursive: true });
  const { objects, stale } = listUnits({
    ...{ folder: sources, output, script: import.meta.filename },
    accepts: (file) => !OTHERS.some((folder) => file.startsWith(folder)),
  });
  const built = Math.min(modified(addon), modified(keeper));
  if (stale.length === 0 && built >= Math.max(...objects.map(modified))) return 0;
  process.stderr.write(`isodrive: compiling the native parts (${stale.length} of ${objects.length} files)\n`);
  const queue = [...stale];
  let failed = 0;
  const worker = async () => {
    for (let unit = queue.pop(); unit !== undefined && failed === 0; unit = queue.pop()) {
      failed ||= await run([...flags, '-c', unit[0], '-o', unit[1]]);
    }
  };
  await Promise.all([worker(), worker()]);
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
