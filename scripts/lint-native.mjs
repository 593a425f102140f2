// Runs clang-tidy on the addon and the keeper of Linux, with the checks of native/.clang-tidy. Fails where it finds anything.
// Arguments: the sources to look at; all where none. CLANG_TIDY names the program.
import { spawn } from 'node:child_process';
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

let failed = 0;
const worker = async () => {
  for (let source = queue.pop(); source !== undefined; source = queue.pop()) failed ||= await check(source);
};
await Promise.all(Array.from({ length: availableParallelism() }, worker));
process.exit(failed);
