// A lock between processes that build at the same moment. Its file is touched while it is held, so that one left by
// a killed build is told from one in use, in containers with process ids of their own as well. It names the program
// that the build runs, which may outlive it: until that has ended the lock is held too.
import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two touches, and the age at which nobody holds the lock any more. */
const TOUCH_INTERVAL = 1000;
const STALE_AGE = 15_000;
const POLL_INTERVAL = 100;

function age(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? 0 : Date.now() - found.mtimeMs;
}

function tryCreate(path) {
  try {
    closeSync(openSync(path, 'wx'));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

/**
 * True when the program that it names runs, in the same folder as ever: the id may have been given to another
 * since.
 */
function isProgramRunning(path) {
  try {
    const [id, folder] = readFileSync(path, 'utf8').split('\n');
    return Number(id) > 0 && readlinkSync(`/proc/${Number(id)}/cwd`) === folder;
  } catch {
    return false;
  }
}

function isStale(path) {
  return age(path) > STALE_AGE && !isProgramRunning(path);
}

/** Removes a stale lock. Another process may have replaced it since it was looked at: then it goes back. */
function setAside(path) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (!isStale(aside)) linkSync(aside, path);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  }
  rmSync(aside, { force: true });
}

/** Waits until the lock is free; gives what names the program that runs now, or none, and what releases the lock. */
export async function acquireLock(path) {
  let isAnnounced = false;
  while (!tryCreate(path)) {
    if (isStale(path)) {
      setAside(path);
      continue;
    }
    if (!isAnnounced) process.stderr.write('isodrive: waiting for another build to end\n');
    isAnnounced = true;
    await sleep(POLL_INTERVAL);
  }
  const timer = setInterval(() => {
    const now = new Date();
    utimesSync(path, now, now);
  }, TOUCH_INTERVAL);
  return {
    name: (id, folder) => writeFileSync(path, id === undefined ? '' : `${id}\n${folder}\n`),
    release: () => {
      clearInterval(timer);
      rmSync(path, { force: true });
    },
  };
}
