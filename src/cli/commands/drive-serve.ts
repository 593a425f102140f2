// isodrive drive serve IMAGE...: serves images as drives in the foreground, until it is interrupted.
import { resolve } from 'node:path';
import { IsodriveError } from '../../base/error.js';
import { openNbdServer, formatNbdUris } from '../../drive/nbd/nbd-server.js';
import { nameExports } from '../../drive/nbd/nbd-export.js';
import { NBD_PORT } from '../../drive/nbd/protocol.js';
import { isLocal, parseAllowList, parseListenAddress } from '../../drive/net/listen-address.js';
import { openDriveImage } from '../../drive/open-drive-image.js';
import type { DriveImage } from '../../drive/open-drive-image.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import type { CommandArguments, RunCommand } from '../command-spec.js';

/** A drive that is being served. Disposing cuts its connections. */
interface Served extends AsyncDisposable {
  /** What initiators connect to, one for each image. */
  readonly uris: readonly string[];
}

export const runDriveServe: RunCommand = async (args, { output, signal }) => {
  const paths = args.list('images').map((path) => resolve(path));
  if (paths.length === 0)
    throw new IsodriveError('usage', 'Argument "images" is missing, expected disc images');
  const serve = chooseProtocol(args);
  await using images = await openImages(paths, signal);
  await using served = await serve(args, images.list);
  const { uris } = served;
  if (output.json) await output.record({ schemaVersion: SCHEMA_VERSION, uris });
  else for (const uri of uris) await output.line(uri);
  await output.flush();
  if (!signal.aborted) await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
  return undefined;
};

/** Opens all images or none. */
async function openImages(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<AsyncDisposable & { list: DriveImage[] }> {
  const list: DriveImage[] = [];
  const close = async (): Promise<void> => {
    for (const image of list) await image[Symbol.asyncDispose]();
  };
  try {
    for (const path of paths) list.push(await openDriveImage(path, signal));
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return { list, [Symbol.asyncDispose]: close };
}

function chooseProtocol(
  args: CommandArguments,
): (args: CommandArguments, images: DriveImage[]) => Promise<Served> {
  if (!args.flag('nbd'))
    throw new IsodriveError('usage', 'Option for the protocol is missing, expected --nbd');
  return serveNbd;
}

async function serveNbd(args: CommandArguments, images: DriveImage[]): Promise<Served> {
  const address = parseListenAddress(args.text('listen') ?? '', NBD_PORT);
  const allow = args.text('allow');
  if (!isLocal(address) && allow === undefined) {
    throw new IsodriveError(
      'policy',
      'Cannot listen beyond this machine: NBD has no authentication, expected --allow',
      {
        action: 'Name the addresses that may connect with --allow, or serve a Unix socket',
      },
    );
  }
  const allowed = allow === undefined ? undefined : parseAllowList(allow);
  const exports = nameExports(images);
  const listener = await openNbdServer({ address, exports, allowed });
  return {
    uris: formatNbdUris(listener.address, exports),
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  };
}
