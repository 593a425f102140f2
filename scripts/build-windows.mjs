// Builds the Windows addon with mingw-w64, on Linux or Windows: the import library for node.exe is made of the list
// of its functions in npm's node-api-headers, so that nothing of Node's own has to be fetched. Only what has changed
// is compiled.
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ADDON_FLAGS, listUnits, modified } from './addon-units.mjs';
import { acquireLock } from './build-lock.mjs';

const root = join(import.meta.dirname, '..');
const output = join(root, 'build', 'windows');
const modules = join(root, 'node_modules');
const TOOLS = process.env.ISODRIVE_MINGW ?? 'x86_64-w64-mingw32-';

const execute = promisify(execFile);

/** Debian's plain compiler has no std::mutex, which node-addon-api names; elsewhere it is the only one. */
function findCompiler() {
  const { error } = spawnSync(`${TOOLS}g++-posix`, ['--version'], { stdio: 'ignore' });
  return error === undefined ? 'g++-posix' : 'g++';
}

mkdirSync(output, { recursive: true });
const { release } = await acquireLock(join(output, '.lock'));
try {
  const libraries = [];
  for (const name of ['js_native_api', 'node_api']) {
    const library = join(output, `lib${name}.a`);
    const list = join(modules, 'node-api-headers', 'def', `${name}.def`);
    // It leaves empty files in the temporary folder, so that is a folder of the build's.
    const env = { ...process.env, TMPDIR: output };
    if (modified(library) <= modified(list)) {
      await execute(`${TOOLS}dlltool`, ['-D', 'node.exe', '-d', list, '-l', library], { env });
    }
    libraries.push(library);
  }
  const folder = join(root, 'native', 'windows');
  const compiler = TOOLS + findCompiler();
  const flags = [...ADDON_FLAGS, '-D_WIN32_WINNT=0x0A00', '-DUNICODE'];
  const { objects, stale } = listUnits({ folder, output, script: import.meta.filename });
  const compileNext = async () => {
    for (let unit = stale.pop(); unit !== undefined; unit = stale.pop()) {
      await execute(compiler, [...flags, '-c', unit[0], '-o', unit[1]]);
    }
  };
  await Promise.all([compileNext(), compileNext()]);
  const addon = join(output, 'isodrive-windows.node');
  if (modified(addon) <= Math.max(...objects.map(modified))) {
    await execute(compiler, [
      '-shared',
      '-static',
      ...objects,
      ...libraries,
      '-lvirtdisk',
      '-ladvapi32',
      '-o',
      addon,
    ]);
  }
} finally {
  release();
}
