// Runs clang-format on all C++ (.clang-format), and clang-tidy on the addon and the keeper of Linux, with the checks of
// native/.clang-tidy. Fails where either finds anything. Arguments: the sources for clang-tidy; all where none.
// CLANG_TIDY and CLANG_FORMAT name the programs.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ADDON_FLAGS } from './addon-units.mjs';

const root = join(import.meta.dirname, '..');
const program = process.env.CLANG_TIDY ?? 'clang-tidy';
/** Their headers are those of other systems. */
const OTHERS = ['windows', 'macos'];

const all = () =>
  readdirSync(join(root, 'native'), { recursive: true })
    .filter((name) => name.endsWith('.cc') && !OTHERS.some((folder) => name.startsWith(folder)))
    .map((name) => join('native', name));
const queue = process.argv.length > 2 ? process.argv.slice(2) : all();

/** Gives the exit code. Counts of what was left out go nowhere: they are of headers that are not ours. */
function check(source) {
  return new Promise((resolve) => {
    const child = spawn(program, ['--quiet', source, '--', ...ADDON_FLAGS, '-Inative'], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'ignore'],
    });
    child.on('error', (error) => {
      process.stderr.write(`Cannot run "${program}": ${error.message}\n`);
      resolve(127);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** Gives the exit code. */
function checkFormat() {
  const sources = ['native', 'scripts', 'test'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => /\.(cc|hh|c)$/.test(name))
      .map((name) => join(folder, name)),
  );
  const formatter = process.env.CLANG_FORMAT ?? 'clang-format';
  const { error, status } = spawnSync(formatter, ['--dry-run', '--Werror', ...sources], {
    cwd: root,
    stdio: 'inherit',
  });
  if (error !== undefined) process.stderr.write(`Cannot run "${formatter}": ${error.message}\n`);
  return status ?? 127;
}

let failed = checkFormat();
const worker = async () => {
  for (let source = queue.pop(); source !== undefined; source = queue.pop()) failed ||= await check(source);
};
await Promise.all(Array.from({ length: availableParallelism() }, worker));
process.exit(failed);
