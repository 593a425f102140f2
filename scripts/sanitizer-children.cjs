// Loaded into every node that runs with a sanitizer: what it starts gets the sanitizer's library only where it is ours, or
// starts ours. Others, such as dd, end at once with it.
const { ChildProcess } = require('node:child_process');
const { basename } = require('node:path');

const OURS = ['node', 'isodrive', 'isodrive-keeper', 'isodrive.js', 'isodrived.js'];
const STARTERS = ['setpriv', 'unshare', 'nsenter', 'env', 'timeout', 'prlimit', 'setsid', 'systemd-run'];
const kept = new Set([basename(process.execPath), ...OURS, ...STARTERS]);

const { spawn } = ChildProcess.prototype;
ChildProcess.prototype.spawn = function spawnCleared(options) {
  const isKept = kept.has(basename(options.file));
  const envPairs = isKept
    ? options.envPairs
    : options.envPairs?.filter((pair) => !pair.startsWith('LD_PRELOAD='));
  return spawn.call(this, { ...options, envPairs });
};
