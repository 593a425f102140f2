// Makes a folder and those above it. Node's own way (`recursive`) tries for ever where the system says of a folder
// that is there that it is not, as Linux does below /proc.
import { mkdirSync, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isSystemError } from './error.js';
import { hostPath } from './path-text.js';

/** How making one folder went: `isThere` when it was made now or before. */
interface Outcome {
  readonly isMade: boolean;
  readonly isThere: boolean;
  readonly thrown?: unknown;
}

const MADE: Outcome = { isMade: true, isThere: true };

/** Whether any had to be made. Rejects with the system's error. */
export async function makeFolders(path: string, mode = 0o777): Promise<boolean> {
  const plan = planFolders(path);
  let step = plan.next();
  while (step.done !== true) {
    const at = hostPath(step.value);
    const outcome = await mkdir(at, mode).then(
      () => MADE,
      async (thrown: unknown) => ({ isMade: false, isThere: await isFolder(stat(at)), thrown }),
    );
    step = plan.next(outcome);
  }
  return step.value;
}

/** As makeFolders, at once. */
export function makeFoldersSync(path: string, mode = 0o777): boolean {
  const plan = planFolders(path);
  let step = plan.next();
  while (step.done !== true) step = plan.next(makeSync(hostPath(step.value), mode));
  return step.value;
}

/** Gives folders to make, and takes how that went: upwards to one that is there, and down again; each twice at most. */
function* planFolders(path: string): Generator<string, boolean, Outcome> {
  const missing: string[] = [];
  let isAnyMade = false;
  for (let at = path; ; at = dirname(at)) {
    const { isMade, isThere, thrown } = yield at;
    isAnyMade ||= isMade;
    if (isThere) break;
    if (!isSystemError(thrown) || thrown.code !== 'ENOENT' || at === dirname(at)) throw thrown;
    missing.push(at);
  }
  for (let at = missing.pop(); at !== undefined; at = missing.pop()) {
    const { isMade, isThere, thrown } = yield at;
    isAnyMade ||= isMade;
    if (!isThere) throw thrown;
  }
  return isAnyMade;
}

function makeSync(at: string | Buffer, mode: number): Outcome {
  try {
    mkdirSync(at, mode);
    return MADE;
  } catch (thrown) {
    return { isMade: false, isThere: isFolderSync(at), thrown };
  }
}

function isFolder(facts: ReturnType<typeof stat>): Promise<boolean> {
  return facts.then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function isFolderSync(at: string | Buffer): boolean {
  try {
    return statSync(at).isDirectory();
  } catch {
    return false;
  }
}
