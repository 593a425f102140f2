// Installs the dependencies with npm: what mounting needs, or all.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { modified } from './addon-units.mjs';

const root = join(import.meta.dirname, '..');
const modules = join(root, 'node_modules');
/** Milliseconds by which npm may write the lock file after the tree that it describes. */
const LOCK_FILE_SLACK = 5000;
/** Development only: where it is, all is. */
const LAST_OF_ALL = 'vitest';
/** Without a network this gives up within 10 s; npm alone would try for two minutes. */
const NETWORK = [
  '--prefer-offline',
  '--fetch-retries=1',
  '--fetch-retry-mintimeout=500',
  '--fetch-timeout=8000',
];
const NO_NETWORK =
  /EAI_AGAIN|ENOTFOUND|ENETUNREACH|EHOSTUNREACH|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|network|FETCH_ERROR/;

export function hasDependencies(isLenient) {
  const installed = modified(join(modules, '.package-lock.json'));
  const isAll = isLenient || existsSync(join(modules, LAST_OF_ALL));
  return isAll && installed > 0 && installed + LOCK_FILE_SLACK >= modified(join(root, 'package-lock.json'));
}

/** Gives npm's exit code. `lock` is told which process has to end before others may build. */
export function installDependencies(isLenient, lock) {
  process.stderr.write(
    `isodrive: installing ${isLenient ? 'what mounting needs' : 'all dependencies'} with npm\n`,
  );
  const scope = isLenient ? '--omit=dev' : '--include=dev';
  const talk = ['--no-update-notifier', '--no-audit', '--no-fund', '--loglevel=error'];
  const args = ['ci', '--ignore-scripts', scope, ...NETWORK, ...talk];
  return new Promise((resolve) => {
    const child = spawn('npm', args, { cwd: root, stdio: ['ignore', 2, 'pipe'] });
    if (child.pid !== undefined) lock.name(child.pid, root);
    // A signal to this process alone must not leave npm at work: it is handed on, and npm's end waited for.
    const handOn = (signal) => child.kill(signal);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, handOn);
    let text = '';
    child.stderr.on('data', (bytes) => {
      text += bytes;
      process.stderr.write(bytes);
    });
    child.on('error', (error) => {
      process.stderr.write(
        `isodrive: cannot run npm: ${error.message}\nhint: Install npm, which comes with Node.js\n`,
      );
    });
    child.on('close', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, handOn);
      if (code !== 0 && signal === null && NO_NETWORK.test(text)) {
        process.stderr.write(
          'isodrive: npm cannot reach the registry, expected a network\n' +
            'hint: Check the network, and what "npm config get registry" and "npm config get proxy" say\n',
        );
      }
      resolve(code ?? 1);
    });
  });
}
