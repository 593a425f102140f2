// Loaded into every node that runs with a sanitizer: what it starts gets the sanitizer's library only where it is
// ours, or starts ours. Others, such as dd, end at once with it. So does a shell with ThreadSanitizer (its longjmp is
// taken for a fault), and therefore the launcher: in its place the program is started that it would start.
const { ChildProcess } = require('node:child_process');
const { basename, join, resolve } = require('node:path');

const root = join(__dirname, '..');
const LAUNCHER = join(root, 'scripts', 'isodrive');
const PROGRAM = join(root, 'dist', 'bundle', 'isodrive.cjs');
const OURS = ['node', 'isodrive-keeper', 'isodrive.cjs', 'isodrived.js'];
const STARTERS = ['setpriv', 'unshare', 'nsenter', 'env', 'timeout', 'prlimit', 'setsid', 'systemd-run'];
const kept = new Set([basename(process.execPath), ...OURS, ...STARTERS]);

const isLauncher = (word) => word.endsWith('isodrive') && resolve(word) === LAUNCHER;
const replace = (word) => (isLauncher(word) ? [process.execPath, PROGRAM] : [word]);

const { spawn } = ChildProcess.prototype;
ChildProcess.prototype.spawn = function spawnCleared(options) {
  const [file] = replace(options.file);
  const args = options.args?.flatMap(replace);
  const isKept = kept.has(basename(file));
  const envPairs = isKept
    ? options.envPairs
    : options.envPairs?.filter((pair) => !pair.startsWith('LD_PRELOAD='));
  return spawn.call(this, { ...options, file, args, envPairs });
};
