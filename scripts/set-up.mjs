// What has to be done to a checkout before it can be used, in order, by one process at a time (build.mjs says when it
// runs).
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { acquireLock } from './build-lock.mjs';
import { buildMacos } from './build-macos.mjs';
import { buildNative } from './build-native.mjs';
import { modified } from './addon-units.mjs';
import { COMMANDS, bundlePrograms } from './bundle.mjs';
import { hasDependencies, installDependencies } from './install.mjs';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
/** Touched when what mounting needs is built, and when all is. */
const STAMP = join(dist, '.build-stamp');
const STAMP_OF_ALL = join(dist, '.full-build-stamp');
/**
 * Holds the path of the compiler that did not build the addon; empty when there was none. scripts/isodrive reads
 * it.
 */
const NO_ADDON = join(dist, '.no-addon');
/** What the build is made from. scripts/isodrive looks at the same. */
const INPUTS = [
  'src',
  'daemon',
  'native',
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
];

function newest(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(found.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function newestInput() {
  return Math.max(...INPUTS.map((path) => newest(join(root, path))));
}

function isBuilt(stamp) {
  return COMMANDS.every((path) => existsSync(path)) && newestInput() <= modified(stamp);
}

/** A compiler that is there now and was not, or was another, when the addon could not be built. */
function hasNewCompiler() {
  if (!existsSync(NO_ADDON)) return false;
  const compiler = findCompiler();
  return compiler !== '' && (compiler !== readLine(NO_ADDON) || modified(compiler) > modified(NO_ADDON));
}

function readLine(path) {
  return readFileSync(path, 'utf8').trim();
}

function findCompiler() {
  const { stdout } = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', process.env.CXX ?? 'c++']);
  return stdout?.toString().trim() ?? '';
}

/** What is edited from now on is newer, and is built next time; a file from the future is not built every time. */
function stampAt(stamp, time) {
  writeFileSync(stamp, '');
  utimesSync(stamp, time, time);
}

async function buildPrograms(isLenient) {
  const time = new Date(Math.max(Date.now(), newestInput()));
  process.stderr.write('isodrive: bundling the programs\n');
  await bundlePrograms();
  const native = await (process.platform === 'darwin' ? buildMacos() : buildNative());
  if (native === 0) rmSync(NO_ADDON, { force: true });
  else if (isLenient) writeFileSync(NO_ADDON, `${findCompiler()}\n`);
  else return native;
  stampAt(STAMP, time);
  return 0;
}

function compileTypeScript() {
  const time = new Date(Math.max(Date.now(), newestInput()));
  process.stderr.write('isodrive: compiling TypeScript\n');
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [tsc, '-p', join(root, 'tsconfig.build.json')];
  return new Promise((resolve) => {
    spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] }).on('close', (code) => {
      if (code === 0) stampAt(STAMP_OF_ALL, time);
      resolve(code ?? 1);
    });
  });
}

/** Gives the exit code. */
export async function setUp({ isLenient }) {
  const needsPrograms = () => !isBuilt(STAMP) || (isLenient ? hasNewCompiler() : existsSync(NO_ADDON));
  const needsAll = () => !isLenient && !isBuilt(STAMP_OF_ALL);
  if (hasDependencies(isLenient) && !needsPrograms() && !needsAll()) return 0;
  let lock;
  try {
    mkdirSync(join(root, 'build'), { recursive: true });
    lock = await acquireLock(join(root, 'build', '.lock'));
  } catch (error) {
    if (error.code !== 'EACCES' && error.code !== 'EROFS' && error.code !== 'EPERM') throw error;
    process.stderr.write(
      `isodrive: ${root} has to be set up, and you cannot write to ${error.path}\n` +
        `hint: Ask whom it belongs to for "npm run build" in ${root}\n`,
    );
    return 1;
  }
  try {
    // Whoever held the lock before may have done it all.
    if (!hasDependencies(isLenient)) {
      const code = await installDependencies(isLenient, lock);
      if (code !== 0) return code;
      lock.name(undefined);
    }
    if (needsPrograms()) {
      const code = await buildPrograms(isLenient);
      if (code !== 0) return code;
    }
    return needsAll() ? await compileTypeScript() : 0;
  } finally {
    lock.release();
  }
}
