// Builds the addon and isodrive-keeper with sanitizers, and runs the tests that use them: with AddressSanitizer and
// UndefinedBehaviorSanitizer, or with ThreadSanitizer. A report about our code fails, and so does a test.
// Arguments: "address", "thread" or both (the default); then, after "--", the tests to run.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeFolder } from './build-native.mjs';
import { isOurs } from './sanitizer-reports.mjs';

const root = join(import.meta.dirname, '..');
const compiler = process.env.CXX ?? 'g++';
/** What meets native code; `npm test` has the fuzzing corpus run with sanitizers of its own. */
const ADDON_TESTS = [
  ...['addon-lifetimes', 'control-listener', 'receive-descriptor'].map((name) => `test/native/${name}`),
  ...[
    'test/mount/diagnose',
    'test/mount/fuse-',
    'test/mount/mount-',
    'test/mount/read-plan',
    'test/e2e/hanging',
  ],
];
/** Sanitized programs are slower by a factor of up to ten. */
const TIMEOUT = 300_000;
const COMMON = ['-fno-omit-frame-pointer', '-O1'];

const SANITIZERS = {
  address: {
    tests: [...ADDON_TESTS, 'test/native/keeper'],
    // g++ takes the address of a template's argument for no constant where it checks for null (node-addon-api
    // compares one).
    flags: [
      '-fsanitize=address,undefined',
      '-fno-sanitize=null,nonnull-attribute,returns-nonnull-attribute',
      ...COMMON,
    ],
    libraries: ['libasan.so', 'libubsan.so'],
    // Node itself gives up memory at its end without freeing it.
    options: (log) => ({
      ASAN_OPTIONS: `detect_leaks=0:log_exe_name=1:log_path=${log}`,
      UBSAN_OPTIONS: `print_stacktrace=1:log_exe_name=1:log_path=${log}`,
    }),
  },
  thread: {
    // Not the keeper, whose threads share nothing.
    tests: ADDON_TESTS,
    flags: ['-fsanitize=thread', ...COMMON],
    libraries: ['libtsan.so'],
    // Node is not compiled for it, so that what its threads do to each other is told wrongly: `isOurs` picks our
    // reports.
    options: (log) => ({
      TSAN_OPTIONS: `exitcode=0:report_signal_unsafe=0:log_exe_name=1:log_path=${log}`,
    }),
  },
};

/** The compiler's copy of a sanitizer's library. */
function findLibrary(name) {
  const { stdout } = spawnSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' });
  const path = stdout?.trim() ?? '';
  if (!path.startsWith('/')) throw new Error(`"${compiler}" has no ${name}: install it, such as with g++`);
  return path;
}

/** Exit code of a program that prints to where we do. */
function run(program, args, env) {
  const { status } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return status ?? 1;
}

/** The reports in a folder, one each, without those of other programs. */
function readReports(folder) {
  return readdirSync(folder)
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split(/^={18,}$/m))
    .filter((report) => report.trim() !== '' && isOurs(report));
}

/** Gives 0 where all tests passed and nothing was reported. */
function sanitize(name, tests) {
  const { flags, libraries, options } = SANITIZERS[name];
  const build = { CXX: compiler, ISODRIVE_CXXFLAGS: flags.join(' ') };
  const failed = run(process.execPath, [join(root, 'scripts', 'build-native.mjs')], build);
  if (failed !== 0) return failed;
  const folder = nativeFolder(flags);
  const logs = mkdtempSync(join(tmpdir(), `isodrive-${name}-`));
  try {
    mkdirSync(join(logs, 'reports'));
    // Tests have programs run as other users, which end at once where they cannot write what they report.
    chmodSync(logs, 0o711);
    chmodSync(join(logs, 'reports'), 0o1777);
    const code = run(
      process.execPath,
      ['node_modules/vitest/vitest.mjs', 'run', `--testTimeout=${TIMEOUT}`, ...tests],
      {
        ...options(join(logs, 'reports', 'report')),
        LD_PRELOAD: libraries.map(findLibrary).join(' '),
        NODE_OPTIONS: `--require=${join(import.meta.dirname, 'sanitizer-children.cjs')}`,
        ISODRIVE_ADDON: join(folder, 'isodrive.node'),
        ISODRIVE_KEEPER: join(folder, 'isodrive-keeper'),
      },
    );
    const reports = readReports(join(logs, 'reports'));
    for (const report of reports) process.stderr.write(`${report}\n`);
    process.stderr.write(`sanitizer "${name}": ${reports.length} reports, tests gave ${code}\n`);
    return reports.length > 0 ? 1 : code;
  } finally {
    rmSync(logs, { recursive: true });
  }
}

const words = process.argv.slice(2);
const end = words.includes('--') ? words.indexOf('--') : words.length;
const names = end === 0 ? Object.keys(SANITIZERS) : words.slice(0, end);
const tests = words.slice(end + 1);
const codes = names.map((name) => sanitize(name, tests.length === 0 ? SANITIZERS[name].tests : tests));
process.exit(Math.max(...codes));
