// The whole set-up, for `npm test`, `npm run build` and the launcher alike: installs dependencies when they are
// missing or older than the lock file, compiles TypeScript and the addon when a source is newer than the last build.
// Runs before any dependency exists, so it uses node alone. Progress goes to stderr.
// --lenient: go on without the addon when it cannot be compiled (driver fuse-native does not need it).
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLock } from './build-lock.mjs';
import { buildMacos } from './build-macos.mjs';
import { buildNative } from './build-native.mjs';
import { bundlePrograms } from './bundle.mjs';

const root = join(import.meta.dirname, '..');
const stamp = join(root, 'dist', '.build-stamp');
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
const PROGRAMS = ['dist/src/cli/main.js', 'dist/bundle/isodrived.js'];
/** Milliseconds by which npm may write the lock file after the tree that it describes. */
const LOCK_FILE_SLACK = 5000;

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function newest(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(found.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function hasDependencies() {
  const installed = modified(join(root, 'node_modules', '.package-lock.json'));
  return installed > 0 && installed + LOCK_FILE_SLACK >= modified(join(root, 'package-lock.json'));
}

function isBuilt() {
  const built = modified(stamp);
  return (
    PROGRAMS.every((path) => existsSync(join(root, path))) &&
    INPUTS.every((path) => newest(join(root, path)) <= built)
  );
}

/** Gives the exit code. */
function run(program, args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 2, 2] });
    child.on('error', (error) => {
      process.stderr.write(`isodrive: cannot run ${program}: ${error.message}\n`);
      resolve(127);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

async function installDependencies() {
  process.stderr.write('isodrive: installing dependencies\n');
  return run('npm', [
    'ci',
    '--no-update-notifier',
    '--ignore-scripts',
    '--include=dev',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
}

async function compile(isLenient) {
  // What is edited from now on is newer, and is built next time; a file from the future is not built every time.
  const stampTime = new Date(Math.max(Date.now(), ...INPUTS.map((path) => newest(join(root, path)))));
  process.stderr.write('isodrive: compiling TypeScript\n');
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const typescript = await run(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')]);
  if (typescript !== 0) return typescript;
  await bundlePrograms();
  for (const program of PROGRAMS) chmodSync(join(root, program), 0o755);
  const native = await (process.platform === 'darwin' ? buildMacos() : buildNative());
  if (native !== 0 && !isLenient) return native;
  writeFileSync(stamp, '');
  utimesSync(stamp, stampTime, stampTime);
  return 0;
}

async function setUp(isLenient) {
  if (hasDependencies() && isBuilt()) return 0;
  mkdirSync(join(root, 'build'), { recursive: true });
  const release = await acquireLock(join(root, 'build', '.lock'));
  try {
    // Whoever held the lock before may have done it all.
    if (!hasDependencies()) {
      const code = await installDependencies();
      if (code !== 0) return code;
    }
    return isBuilt() ? 0 : await compile(isLenient);
  } finally {
    release();
  }
}

process.exitCode = await setUp(process.argv.includes('--lenient'));
