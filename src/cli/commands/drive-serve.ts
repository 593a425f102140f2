// isodrive drive serve IMAGE...: serves images as drives in the foreground, until it is interrupted.
import { countBytes } from '../../base/byte-count.js';
import { resolveHostPath } from '../../base/path-text.js';
import { IsodriveError, toIsodriveError } from '../../base/error.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import { formatIscsiUris, ISCSI_PORT, nameTarget, openIscsiTarget } from '../../drive/iscsi/iscsi-target.js';
import { DriveState } from '../../drive/mmc/drive-state.js';
import { Medium } from '../../drive/mmc/medium.js';
import { DiscChanger } from '../../drive/disc-changer.js';
import { volumeMarks } from '../../filesystem/choose/volume-marks.js';
import { attachLoop } from '../../drive/loop.js';
import type { LoopDrive } from '../../drive/loop.js';
import { openNbdServer, formatNbdUris } from '../../drive/nbd/nbd-server.js';
import { nameExports } from '../../drive/nbd/nbd-export.js';
import { NBD_PORT } from '../../drive/nbd/protocol.js';
import { announceDrive } from '../../drive/served-drives.js';
import type { LoadAnswer, ServerCounters, TrayAnswer } from '../../drive/served-drives.js';
import type { DriveListener } from '../../drive/net/drive-listener.js';
import { MAX_CONNECTIONS } from '../../drive/net/connection-room.js';
import { parseListenAddress } from '../../drive/net/listen-address.js';
import type { LoginGuard } from '../../drive/net/login-guard.js';
import { nameDrive } from '../../drive/drive-serial.js';
import type { DriveImage } from '../../drive/open-drive-image.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { servedDrivesFolder } from '../../endpoint/socket-path.js';
import type { CommandArguments, RunCommand } from '../command-spec.js';
import { readIscsiAccess, readNbdAccess, refuseTls } from '../drive-access.js';
import { openAtFreePort } from '../free-port.js';
import type { Output } from '../output.js';

/** Milliseconds; any will do. */
const LONG_TIME = 3_600_000;

/** A drive that is being served. Disposing cuts its connections. */
interface Served extends AsyncDisposable {
  /** What initiators connect to, one for each image. */
  readonly uris: readonly string[];
  /** In the same order, where they have trays. */
  readonly drives?: readonly DriveState[];
  /** Where it is a server. */
  readonly count?: () => ServerCounters;
}

export const runDriveServe: RunCommand = async (args, { output, signal }) => {
  const paths = args.list('images').map((path) => resolveHostPath(path));
  if (paths.length === 0)
    throw new IsodriveError('usage', 'Argument "images" is missing, expected disc images');
  const serve = chooseProtocol(args);
  await using changer = await DiscChanger.open(paths, volumeMarks, signal);
  await using served = await serve(args, changer.images, output);
  const { uris, drives = [], count } = served;
  const tell = chooseTeller(output);
  drives.forEach((drive, i) => (drive.onTray = (isOpen) => tell(uris[i]!, isOpen)));
  const announced = await announceDrive(servedDrivesFolder(args.text('socket')), {
    describe: () => ({
      ...{ process: process.pid, uris },
      images: changer.images.map(({ path }) => path),
      open: uris.filter((_, unit) => drives[unit]?.isTrayOpen === true),
      ...(count === undefined ? {} : { counters: count() }),
    }),
    moveTray: (uri, opens) => (uris.includes(uri) ? moveTray(drives[uris.indexOf(uri)], opens) : undefined),
    load: async (uri, path) => {
      const unit = uris.indexOf(uri);
      if (unit < 0) return undefined;
      const answer = await loadDisc(changer, drives[unit], unit, path);
      if (answer.answer === 'closed') tell(uri, false);
      return answer;
    },
  });
  // A loop device holds no event of ours: without this the process would end.
  const alive = setInterval(() => undefined, LONG_TIME);
  try {
    if (output.json) await output.record({ schemaVersion: SCHEMA_VERSION, uris });
    else for (const uri of uris) await output.line(uri);
    await output.flush();
    if (!signal.aborted) await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
  } finally {
    clearInterval(alive);
    await announced[Symbol.asyncDispose]();
  }
  return undefined;
};

/** An event of a tray, told at once. */
function chooseTeller(output: Output): (uri: string, isOpen: boolean) => void {
  return (uri, isOpen) => {
    const event = isOpen ? 'ejected' : 'loaded';
    if (output.json)
      output.stdout.write(`${JSON.stringify({ schemaVersion: SCHEMA_VERSION, event, uri })}\n`);
    else output.note(`${uri} was ${event}`);
  };
}

function moveTray(drive: DriveState | undefined, opens: boolean): TrayAnswer {
  if (drive === undefined) return 'refused';
  if (opens) return drive.eject() ? 'open' : 'asked';
  drive.setTray(false);
  return 'closed';
}

async function loadDisc(
  changer: DiscChanger,
  drive: DriveState | undefined,
  unit: number,
  path: string,
): Promise<LoadAnswer> {
  if (drive === undefined) return { answer: 'refused' };
  try {
    return { answer: (await changer.exchange(drive, unit, path)) ? 'closed' : 'asked' };
  } catch (thrown) {
    return { answer: 'failed', reason: toIsodriveError(thrown).message };
  }
}

type Serve = (args: CommandArguments, images: readonly DriveImage[], output: Output) => Promise<Served>;

/** Tells of a peer that was refused because too many are connected. */
function tellOfRefusal(output: Output): (most: number) => void {
  return (most) => {
    output.note(`A peer was refused: ${most} are connected, which is the most at a time`);
    if (most < MAX_CONNECTIONS) output.hint('Raise the limit of open files: see ulimit -n');
  };
}

function chooseProtocol(args: CommandArguments): Serve {
  const chosen = Object.entries({ nbd: serveNbd, iscsi: serveIscsi, loop: serveLoop }).filter(([name]) =>
    args.flag(name),
  );
  if (chosen.length === 1) return chosen[0]![1];
  throw new IsodriveError('usage', 'Protocol is not clear, expected one of --nbd, --iscsi and --loop');
}

async function serveLoop(
  args: CommandArguments,
  images: readonly DriveImage[],
  output: Output,
): Promise<Served> {
  for (const name of ['listen', 'allow', 'chap']) {
    if (args.text(name) === undefined) continue;
    throw new IsodriveError('usage', `Option --${name} is of servers, expected it without --loop only`);
  }
  refuseTls(args, 'NBD', '--nbd');
  const devices: LoopDrive[] = [];
  const close = async (): Promise<void> => {
    for (const device of devices) await device[Symbol.asyncDispose]();
  };
  try {
    for (const image of images) devices.push(await attachLoop(image));
    tellOfSound(images, output);
  } catch (thrown) {
    await close();
    throw thrown;
  }
  for (const { path, sectorSize } of devices) {
    if (sectorSize === SECTOR_SIZE) continue;
    output.note(
      `${path} has sectors of ${countBytes(sectorSize)}, not ${SECTOR_SIZE} as a disc: udisks2 made it; root gets those of a disc`,
    );
  }
  return { uris: devices.map(({ path }) => path), [Symbol.asyncDispose]: close };
}

/** What blocks leave out. */
function tellOfSound(images: readonly DriveImage[], output: Output): void {
  for (const { path, hasSound } of images) {
    if (!hasSound) continue;
    output.note(`Of "${path}" only the data are served, not its sound`);
    output.hint('Serve it with --iscsi: that is a whole drive');
  }
}

async function serveNbd(
  args: CommandArguments,
  images: readonly DriveImage[],
  output: Output,
): Promise<Served> {
  const address = parseListenAddress(args.text('listen') ?? '', NBD_PORT);
  const access = await readNbdAccess(args, address, output);
  const exports = nameExports(images);
  tellOfSound(images, output);
  const listener = await openAtFreePort(args.text('listen'), address, (free) =>
    openNbdServer({ ...access, address: free, exports, onFull: tellOfRefusal(output) }),
  );
  return describeServed(listener, access.guard, () =>
    formatNbdUris(listener.address, exports, access.tls !== undefined),
  );
}

async function serveIscsi(
  args: CommandArguments,
  images: readonly DriveImage[],
  output: Output,
): Promise<Served> {
  const address = parseListenAddress(args.text('listen') ?? '', ISCSI_PORT);
  if (address.kind === 'unix') {
    throw new IsodriveError('usage', 'Address to listen on is a path, expected ADDRESS:PORT for iSCSI');
  }
  const access = await readIscsiAccess(args, address, output);
  const name = nameTarget(images[0]!.path);
  const drives = images.map(({ path, disc }, i) => new DriveState(nameDrive(path, i), new Medium(disc)));
  const listener = await openAtFreePort(args.text('listen'), address, (free) =>
    openIscsiTarget({ ...access, address: free, name, drives, onFull: tellOfRefusal(output) }),
  );
  return describeServed(
    listener,
    access.guard,
    () => formatIscsiUris(listener.address, name, drives.length),
    drives,
  );
}

/** Closes the listener where what it serves cannot be said: it would keep this process for ever. */
async function describeServed(
  listener: DriveListener,
  guard: LoginGuard,
  formatUris: () => string[],
  drives: readonly DriveState[] = [],
): Promise<Served> {
  try {
    const uris = formatUris();
    const count = (): ServerCounters => ({ connections: listener.connections, logins: guard.counters });
    return { uris, drives, count, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() };
  } catch (thrown) {
    await listener[Symbol.asyncDispose]();
    throw thrown;
  }
}
