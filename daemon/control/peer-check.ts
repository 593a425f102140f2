// Who may talk to the daemon: its own user and root, by the kernel's word (SO_PEERCRED). Without the addon there is
// nobody to ask the kernel, and the socket's mode 0600 in a 0700 directory keeps others out alone.
import type { Socket } from 'node:net';
import { loadAddon } from '../../native/index.js';
import { IsodriveError } from '../../src/base/error.js';
import { descriptorOf } from '../../src/endpoint/socket-descriptor.js';

/** Throws `permission` when the peer is not allowed in. */
export type PeerCheck = (socket: Socket) => void;

/** A check through the addon, or the reason why there is none. */
export function createPeerCheck(): { readonly check: PeerCheck } | { readonly missing: string } {
  // A pipe of Windows has its own list of who may connect (bind-pipe.ts).
  if (process.platform === 'win32') return { check: () => undefined };
  try {
    const addon = loadAddon();
    return { check: (socket) => checkPeer(addon.peerCredentials(descriptorOf(socket)).uid) };
  } catch (thrown) {
    return { missing: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

/** Throws `permission` unless `uid` is root or the daemon's own. */
export function checkPeer(uid: number): void {
  const own = process.getuid?.() ?? 0;
  if (uid === 0 || uid === own) return;
  throw new IsodriveError('permission', `Client is user ${uid}, expected user ${own} or root`, {
    action: 'Run the command as the user whose daemon it is',
  });
}
