// Builds the macOS addon for both machines of a Mac: on a Mac with its own compiler, elsewhere with zig, which brings
// libc's headers and a linker that signs (ISODRIVE_ZIG names it). Of the frameworks and libc++ zig has nothing to
// link with: it links with stubs (.tbd), of which a linker needs no more than where a library is installed and what
// it exports.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ADDON_FLAGS, listUnits, modified } from './addon-units.mjs';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'native', 'macos');
const output = join(root, 'build', 'macos');
const stubs = join(output, 'stubs');
/** Framework -> how the names of its functions begin. */
const FRAMEWORKS = { IOKit: 'IO', CoreFoundation: 'CF' };
/** Oldest system that it runs on; that Node runs on too. */
const OLDEST = '11.0';
/** Node's name for a machine -> the compilers' names. */
const MACHINES = {
  arm64: { zig: 'aarch64', apple: 'arm64' },
  x64: { zig: 'x86_64', apple: 'x86_64' },
};
const FLAGS = [
  ...[...ADDON_FLAGS, '-fPIC', '-fvisibility=hidden'],
  // What headers of libc++ call otherwise is not in the library before macOS 13.3.
  '-D_LIBCPP_VERBOSE_ABORT(...)=__builtin_abort()',
];
/**
 * What code of these headers takes of libc++: new, delete, the abort of pure virtual functions, and what of
 * std::string is not
 * inline.
 */
const LIBCXX_SYMBOLS = [
  ...['__Znwm', '__Znam', '__ZdlPv', '__ZdlPvm', '__ZdaPv', '__ZdaPvm', '___cxa_pure_virtual'],
  ...['6appendEmc', '7reserveEm'].map(
    (method) => `__ZNSt3__112basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEE${method}`,
  ),
];

const execute = promisify(execFile);

/** Text of a stub (TBD version 4). */
function stubOf(installName, symbols) {
  const targets = '[ x86_64-macos, arm64-macos ]';
  return [
    '--- !tapi-tbd',
    'tbd-version: 4',
    `targets: ${targets}`,
    `install-name: '${installName}'`,
    'exports:',
    `  - targets: ${targets}`,
    `    symbols: [ ${symbols.join(', ')} ]`,
    '...\n',
  ].join('\n');
}

/** Makes stubs of the frameworks out of the functions that the header declares. Gives the linker's arguments. */
function writeStubs() {
  const header = readFileSync(join(folder, 'frameworks.hh'), 'utf8');
  const declared = [...header.matchAll(/\b((?:CF|IO)\w+)\((?=[^()]*\);$)/gm)].map(([, name]) => name);
  for (const [framework, prefix] of Object.entries(FRAMEWORKS)) {
    const path = join(stubs, `${framework}.framework`);
    mkdirSync(path, { recursive: true });
    const names = declared.filter((name) => name.startsWith(prefix));
    const installed = `/System/Library/Frameworks/${framework}.framework/Versions/A/${framework}`;
    writeFileSync(
      join(path, `${framework}.tbd`),
      stubOf(
        installed,
        names.map((name) => `_${name}`),
      ),
    );
  }
  const library = join(stubs, 'libc++.1.tbd');
  writeFileSync(library, stubOf('/usr/lib/libc++.1.dylib', LIBCXX_SYMBOLS));
  return ['-F', stubs, library];
}

/** How to compile and link for one machine. */
function toolsFor(machine) {
  const { zig, apple } = MACHINES[machine];
  if (process.platform === 'darwin') {
    const target = ['-arch', apple, `-mmacosx-version-min=${OLDEST}`];
    return { compile: ['c++', ...target], link: ['c++', ...target], libraries: [] };
  }
  const program = process.env.ISODRIVE_ZIG;
  if (program === undefined) throw new Error('ISODRIVE_ZIG is not set, expected the path of zig');
  const target = ['-target', `${zig}-macos.${OLDEST}`];
  // Its own run-time libraries, which nothing here needs, would take it a minute to compile.
  const plain = ['-rtlib=none', '-fno-sanitize=undefined'];
  return {
    compile: [program, 'c++', ...target],
    link: [program, 'cc', ...target, ...plain],
    libraries: writeStubs(),
  };
}

/** zig keeps what it has made, of which nothing is to lie outside the build's folder. */
async function run([program, ...before], args) {
  const cache = join(output, 'zig');
  const env = { ...process.env, ZIG_GLOBAL_CACHE_DIR: cache, ZIG_LOCAL_CACHE_DIR: cache };
  await execute(program, [...before, ...args], { env });
}

async function buildFor(machine) {
  const { compile, link, libraries } = toolsFor(machine);
  const own = join(output, machine);
  mkdirSync(own, { recursive: true });
  const { objects, stale } = listUnits({ folder, output: own, script: import.meta.filename });
  for (const [source, object] of stale) await run(compile, [...FLAGS, '-c', source, '-o', object]);
  const addon = join(output, `isodrive-macos-${machine}.node`);
  if (modified(addon) > Math.max(...objects.map(modified))) return;
  const frameworks = Object.keys(FRAMEWORKS).flatMap((name) => ['-framework', name]);
  // Node's own functions are found in the process that loads it.
  const mode = ['-shared', '-undefined', 'dynamic_lookup', '-install_name', '@rpath/isodrive-macos.node'];
  await run(link, [...mode, ...objects, ...libraries, ...frameworks, '-o', `${addon}.tmp`]);
  renameSync(`${addon}.tmp`, addon);
}

/** Gives 0; 1 when it cannot be built, after saying why on stderr. */
export async function buildMacos() {
  try {
    mkdirSync(output, { recursive: true });
    await Promise.all(Object.keys(MACHINES).map(buildFor));
    return 0;
  } catch (error) {
    const why = error.stderr?.trim() || error.message;
    process.stderr.write(
      `isodrive: the macOS addon was not built (${why}); physical drives of a Mac need it\n`,
    );
    return 1;
  }
}

if (process.argv[1] === import.meta.filename) process.exitCode = await buildMacos();
