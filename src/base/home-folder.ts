// The user's home folder. An empty HOME is no folder, as an unset one is none: the account's own is taken then.
import { homedir, userInfo } from 'node:os';

/** What systems name as the home of accounts that have none. */
const NO_HOME = '/nonexistent';

export function homeFolder(): string {
  try {
    const home = homedir();
    return home === '' ? userInfo().homedir : home;
  } catch {
    // A user without an account, as in some containers.
    return NO_HOME;
  }
}
