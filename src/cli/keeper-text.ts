// What becomes of the mounts should the daemon die, in words.
import type { KeeperState } from '../protocol/messages.js';

export const KEEPERS: Readonly<Record<KeeperState, string>> = {
  none: 'none; mounts end with the daemon',
  alive: 'alive; mounts outlive the daemon',
  stopped: 'stopped by a signal; mounts hang if the daemon dies (send it SIGCONT)',
  gone: 'dead; mounts end with the daemon (unmount, and restart it with isodrive daemon stop)',
};
