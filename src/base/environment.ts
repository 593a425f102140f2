// What the environment says. A variable that is empty says nothing, as if it were not there (XDG Base Directory
// Specification, "Environment variables").
import { homedir, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of a variable; undefined for an empty one. */
export function readVariable(name: string, environment: Environment = process.env): string | undefined {
  const value = environment[name];
  return value === '' ? undefined : value;
}

/** The same for a folder: a relative path is invalid there, and so it says nothing either. */
export function readFolderVariable(name: string, environment: Environment = process.env): string | undefined {
  const value = readVariable(name, environment);
  return value !== undefined && isAbsolute(value) ? value : undefined;
}

/** The user's home: $HOME, or what the system knows of the user. */
export function homeFolder(): string {
  const home = homedir();
  if (home !== '') return home;
  try {
    return userInfo().homedir;
  } catch {
    // A user whom the system does not know.
    return '/';
  }
}
