// Builds the Windows addon with mingw-w64, on Linux or Windows: the import library for node.exe is made of the list of its
// functions in npm's node-api-headers, so that nothing of Node's own has to be fetched.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const output = join(root, 'build', 'windows');
const headers = join(root, 'node_modules', 'node-api-headers');
const TOOLS = process.env.ISODRIVE_MINGW ?? 'x86_64-w64-mingw32-';

function run(tool, args) {
  execFileSync(TOOLS + tool, args, { stdio: ['ignore', 2, 2] });
}

mkdirSync(output, { recursive: true });
const libraries = ['js_native_api', 'node_api'].map((name) => {
  const library = join(output, `lib${name}.a`);
  run('dlltool', ['-D', 'node.exe', '-d', join(headers, 'def', `${name}.def`), '-l', library]);
  return library;
});
run('g++', [
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
  ...['-D_WIN32_WINNT=0x0A00', '-isystem', join(headers, 'include')],
  join(root, 'native', 'windows', 'virtual-disk.cc'),
  ...libraries,
  ...['-lvirtdisk', '-o', join(output, 'isodrive-windows.node')],
]);
