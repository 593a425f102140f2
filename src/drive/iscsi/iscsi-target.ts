// Serves drives to iSCSI initiators: one target, a logical unit for each drive, any number of sessions.
import type { Socket } from 'node:net';
import type { DriveState } from '../mmc/drive-state.js';
import type { ByteStream } from '../net/byte-stream.js';
import { DriveListener } from '../net/drive-listener.js';
import type { ListenerOptions } from '../net/drive-listener.js';
import type { ListenAddress } from '../net/listen-address.js';
import { finishInTime } from '../net/finish-in-time.js';
import { formatHost, plainAddress } from '../net/listen-address.js';
import { ServerMemory } from '../net/server-memory.js';
import type { ChapSecrets } from './chap.js';
import { LogicalUnits } from './logical-units.js';
import type { LoggedIn } from './login.js';
import { logIn } from './login.js';
import { Session } from './session.js';

export const ISCSI_PORT = 3260;
/** Milliseconds that an initiator may take to log in. */
const LOGIN_TIME = 10_000;
const MAX_HANDLE = 0xffff;

export interface IscsiTargetOptions extends ListenerOptions {
  readonly address: ListenAddress;
  /** iSCSI qualified name, lower case. */
  readonly name: string;
  readonly drives: readonly DriveState[];
  readonly chap?: ChapSecrets | undefined;
  /** Milliseconds that an initiator may take to log in (default: 10 s). */
  readonly loginTime?: number;
  /** For all sessions (default: this target's own). */
  readonly memory?: ServerMemory;
}

/** Listens until it is disposed. Rejects as DriveListener.open does. */
export function openIscsiTarget(options: IscsiTargetOptions): Promise<DriveListener> {
  const sessions = new Map<string, ByteStream>();
  const { memory = new ServerMemory() } = options;
  let handle = 0;
  return DriveListener.open(
    options.address,
    async (stream, socket) => {
      handle = (handle % MAX_HANDLE) + 1;
      const loggedIn = await logInInTime(stream, socket, options, handle);
      if (loggedIn === undefined) return;
      // The same initiator with the same session identifier starts that session anew (RFC 7143 6.3.5).
      const { sessionKey, isDiscovery } = loggedIn;
      if (!isDiscovery) {
        sessions.get(sessionKey)?.destroy();
        sessions.set(sessionKey, stream);
      }
      using units = new LogicalUnits(isDiscovery ? [] : options.drives);
      try {
        await new Session({ stream, loggedIn, units, memory, targets: listTargets(options, socket) }).run();
      } finally {
        if (sessions.get(sessionKey) === stream) sessions.delete(sessionKey);
      }
    },
    options,
  );
}

/** As `logIn`. Who should prove itself and does not has failed to log in. */
function logInInTime(
  stream: ByteStream,
  { remoteAddress }: Socket,
  { name: targetName, chap, guard, loginTime = LOGIN_TIME }: IscsiTargetOptions,
  handle: number,
): Promise<LoggedIn | undefined> {
  const fail = (reason: string): void => guard?.fail(remoteAddress, reason);
  const mayTry = (): boolean => guard?.refuses(remoteAddress) !== true;
  return finishInTime(
    stream,
    loginTime,
    () => {
      if (chap !== undefined) fail(`no login within ${loginTime / 1000} s`);
    },
    () => logIn(stream, { targetName, chap, handle, mayTry, onFailure: fail }),
  );
}

/** The one target, at the address by which the initiator has reached us. */
function listTargets({ name }: IscsiTargetOptions, socket: Socket): [string, string][] {
  const targets: [string, string][] = [['TargetName', name]];
  if (socket.localAddress !== undefined) {
    const host = plainAddress(socket.localAddress);
    targets.push(['TargetAddress', `${formatHost(host, socket.localPort ?? ISCSI_PORT)},1`]);
  }
  return targets;
}

/** A name for a target of the images, made of the first one's file name (RFC 7143 4.2.7.2). */
export function nameTarget(path: string): string {
  const base = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const plain = base.replace(/[^a-z0-9.-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '');
  return `iqn.2026-11.local.isodrive:${plain === '' ? 'disc' : plain.slice(0, 128)}`;
}

/** The URIs of all units, as libiscsi and QEMU take them. */
export function formatIscsiUris(address: ListenAddress, name: string, units: number): string[] {
  if (address.kind !== 'tcp') throw new TypeError('iSCSI is served by TCP only');
  const host = formatHost(address.host, address.port);
  return Array.from({ length: units }, (_, i) => `iscsi://${host}/${name}/${i}`);
}
