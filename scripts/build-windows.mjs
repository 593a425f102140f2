// Builds the Windows addon with mingw-w64, on Linux or Windows: the import library for node.exe is made of the list of its
// functions in npm's node-api-headers, so that nothing of Node's own has to be fetched.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const output = join(root, 'build', 'windows');
const modules = join(root, 'node_modules');
const headers = [join(modules, 'node-api-headers', 'include'), join(modules, 'node-addon-api')];
const TOOLS = process.env.ISODRIVE_MINGW ?? 'x86_64-w64-mingw32-';

function run(tool, args) {
  execFileSync(TOOLS + tool, args, { stdio: ['ignore', 2, 2] });
}

/** Debian's plain compiler has no std::mutex, which node-addon-api names; elsewhere it is the only one. */
function findCompiler() {
  const { error } = spawnSync(`${TOOLS}g++-posix`, ['--version'], { stdio: 'ignore' });
  return error === undefined ? 'g++-posix' : 'g++';
}

mkdirSync(output, { recursive: true });
const libraries = ['js_native_api', 'node_api'].map((name) => {
  const library = join(output, `lib${name}.a`);
  run('dlltool', [
    '-D',
    'node.exe',
    '-d',
    join(modules, 'node-api-headers', 'def', `${name}.def`),
    '-l',
    library,
  ]);
  return library;
});
const sources = readdirSync(join(root, 'native', 'windows'))
  .filter((name) => name.endsWith('.cc'))
  .map((name) => join(root, 'native', 'windows', name));
run(findCompiler(), [
  ...[
    '-std=c++20',
    '-O2',
    '-shared',
    '-static',
    '-fno-exceptions',
    '-fno-rtti',
    '-Wall',
    '-Wextra',
    '-Werror',
  ],
  ...['-DNAPI_VERSION=9', '-DNAPI_DISABLE_CPP_EXCEPTIONS', '-DNODE_ADDON_API_DISABLE_DEPRECATED'],
  ...['-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS', '-D_WIN32_WINNT=0x0A00', '-DUNICODE'],
  ...headers.flatMap((folder) => ['-isystem', folder]),
  ...sources,
  ...libraries,
  ...['-lvirtdisk', '-ladvapi32', '-o', join(output, 'isodrive-windows.node')],
]);
