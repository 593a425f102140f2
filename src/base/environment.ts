// What the environment says. A variable that is empty says nothing, as if it were not there (XDG Base Directory
// Specification, "Environment variables").
import { homedir, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';
import { refuseRawBytes } from './path-text.js';

export type Environment = Readonly<Record<string, string | undefined>>;

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

/** The user's home: $HOME, or what the system knows of the user. An empty HOME is no folder, as an unset one is none. Throws `usage` as above. */
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
