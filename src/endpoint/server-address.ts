// Where the server of a drive is asked about it: a Unix socket in a folder of the user's. Pipes of Windows are in no
// folder, so there an empty file, the sign, says that there is one.
import { existsSync } from 'node:fs';
import { chmod, readdir, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { basename, join } from 'node:path';
import { makeFolders } from '../base/make-folders.js';
import { checkPipeOwner, restrictPipe } from './pipe-access.js';

export interface ServerAddress {
  /** Path of the socket or pipe. */
  readonly path: string;
  /** File in the folder that tells of it: the socket itself where that is one. */
  readonly sign: string;
}

const hasPipes = process.platform === 'win32';
const SUFFIX = hasPipes ? '.pipe' : '.sock';
/** Servers that may end while one starts. */
const MAX_TRIES = 8;
/** What connecting says where the server has died and its sign is left. */
const GONE = hasPipes ? 'ENOENT' : 'ECONNREFUSED';

function nameAddress(folder: string, name: string): ServerAddress {
  const sign = join(folder, `${name}${SUFFIX}`);
  return { sign, path: hasPipes ? `\\\\.\\pipe\\${basename(folder)}-${name}` : sign };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Listens where servers in `folder` do, for this user alone, and tells so there. Rejects with the system's error. */
export async function listenIn(folder: string, processId: number, server: Server): Promise<ServerAddress> {
  const address = nameAddress(folder, String(processId));
  for (let attempt = 1; ; attempt += 1) {
    await makeFolders(folder, 0o700);
    await rm(address.sign, { force: true });
    try {
      await listen(server, address.path);
      // For ever: later errors are of single connections, which do not end the server.
      server.on('error', () => undefined);
      break;
    } catch (thrown) {
      // A server that ended has taken the empty folder away.
      if (attempt === MAX_TRIES || existsSync(folder)) throw thrown;
    }
  }
  if (hasPipes) {
    restrictPipe(address.path);
    await writeFile(address.sign, '');
  } else await chmod(address.sign, 0o600);
  return address;
}

/** Addresses that the folder tells of, whether somebody listens there or not; none where there is no folder. */
export async function listAddresses(folder: string): Promise<ServerAddress[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => nameAddress(folder, basename(name, SUFFIX)));
}

/** Throws where another user listens. */
export function checkAddress({ path }: ServerAddress): void {
  if (hasPipes) checkPipeOwner(path);
}

/** Removes the sign of a server that has died, which the code of a failed connection tells. */
export async function forgetIfGone({ sign }: ServerAddress, code: string | undefined): Promise<void> {
  if (code === GONE) await rm(sign, { force: true });
}
