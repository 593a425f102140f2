// A note in the prefix on what was changed there for a drive, so that it can be undone when the process that did it was
// killed. It lies beside Wine's own files, one for each letter.
import { readFileSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readProcessState } from '../base/process-state.js';

const NOTE_NAME = /^isodrive-drive-([a-z])\.json$/;
/** Field of /proc/PID/stat, counted from 0 behind the name: when the process started (proc(5), starttime). */
const START_TIME_FIELD = 19;

export interface DriveNote {
  readonly letter: string;
  /** What the link of the letter says. */
  readonly target: string;
  /** The letter's type before; absent where it had none. */
  readonly previousType?: string;
  readonly pid: number;
  /** Start time of that process, which tells it from another that has its number by now. */
  readonly started: string;
}

export function describeOwner(): Pick<DriveNote, 'pid' | 'started'> {
  return { pid: process.pid, started: startTime(process.pid) };
}

export async function writeNote(prefix: string, note: DriveNote): Promise<void> {
  await writeFile(notePath(prefix, note.letter), `${JSON.stringify(note)}\n`, { mode: 0o600 });
}

export async function removeNote(prefix: string, letter: string): Promise<void> {
  await rm(notePath(prefix, letter), { force: true });
}

/** Notes whose process has ended without undoing what they say. */
export async function findAbandonedNotes(prefix: string): Promise<DriveNote[]> {
  const found: DriveNote[] = [];
  for (const name of await readdir(prefix)) {
    const letter = NOTE_NAME.exec(name)?.[1];
    if (letter === undefined) continue;
    const note = parseNote(await readFile(join(prefix, name), 'utf8'), letter);
    if (note === undefined) found.push({ letter, target: '', pid: 0, started: '' });
    else if (startTime(note.pid) !== note.started) found.push(note);
  }
  return found;
}

/** Undefined for what is no note of ours, or was not written to its end. */
function parseNote(text: string, letter: string): DriveNote | undefined {
  try {
    const note = JSON.parse(text) as Partial<DriveNote>;
    const { target, previousType, pid, started } = note;
    if (typeof target !== 'string' || typeof pid !== 'number' || typeof started !== 'string')
      return undefined;
    return { letter, target, pid, started, ...(typeof previousType === 'string' ? { previousType } : {}) };
  } catch {
    return undefined;
  }
}

/** Empty where there is no such process of this user: those of others may keep who reads of them waiting. */
function startTime(pid: number): string {
  if (readProcessState(pid)?.uid !== process.geteuid?.()) return '';
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[START_TIME_FIELD] ?? '';
  } catch {
    return '';
  }
}

function notePath(prefix: string, letter: string): string {
  return join(prefix, `isodrive-drive-${letter}.json`);
}
