// What the environment says. A variable that is empty says nothing, as if it were not there (XDG Base Directory
// Specification, "Environment variables").
import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';
import { decodePath, holdsRawBytes, refuseRawBytes, splitAtZeros } from './path-text.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** All variables, in which what is not UTF-8 is carried as path-text.ts has it; Node has put U+FFFD there. */
export function readEnvironment(): Record<string, string> {
  const all = { ...process.env } as Record<string, string | undefined>;
  // Node finds no value for a name that it had to change.
  const variables = new Map<string, string>();
  for (const [name, value] of Object.entries(all)) if (value !== undefined) variables.set(name, value);
  const isWhole = !Object.entries(all)
    .flat()
    .some((text) => text?.includes('\ufffd'));
  if (isWhole || process.platform !== 'linux') return Object.fromEntries(variables);
  for (const bytes of splitAtZeros(readFileSync('/proc/self/environ'))) {
    const { name, value } = splitVariable(decodePath(bytes));
    const known = splitVariable(bytes.toString());
    if (holdsRawBytes(name)) {
      variables.delete(known.name);
      variables.set(name, value);
      // This is what the process was started with, and may have been changed since.
    } else if (holdsRawBytes(value) && variables.get(name) === known.value) variables.set(name, value);
  }
  return Object.fromEntries(variables);
}

function splitVariable(text: string): { readonly name: string; readonly value: string } {
  const [name = ''] = text.split('=', 1);
  return { name, value: text.slice(name.length + 1) };
}

/** The value of a variable; undefined for an empty one. */
export function readVariable(name: string, environment: Environment = process.env): string | undefined {
  const value = environment[name];
  return value === '' ? undefined : value;
}

/** The same for a path. Sockets and programs can only be named in UTF-8 here: throws `usage` for another. */
export function readPathVariable(name: string, environment: Environment = process.env): string | undefined {
  const value = readVariable(name, environment);
  if (value !== undefined)
    refuseRawBytes(value, `Environment variable ${name}`, `Set ${name} to a path in UTF-8`);
  return value;
}

/** The same for a folder: a relative path is invalid there, and so it says nothing either. */
export function readFolderVariable(name: string, environment: Environment = process.env): string | undefined {
  const value = readPathVariable(name, environment);
  return value !== undefined && isAbsolute(value) ? value : undefined;
}

/** What systems name as the home of accounts that have none. */
const NO_HOME = '/nonexistent';

/**
 * The user's home: $HOME, or what the system knows of the user. An empty HOME is no folder, as an unset one is none.
 * Throws `usage` as
 * above.
 */
export function homeFolder(): string {
  const home = findHome();
  refuseRawBytes(home, 'Home directory', 'Set HOME to a path in UTF-8');
  return home;
}

function findHome(): string {
  try {
    const home = homedir();
    return home === '' ? userInfo().homedir : home;
  } catch {
    // A user without an account, as in some containers.
    return NO_HOME;
  }
}
