// Which drives are being served on this machine, and their buttons: each server listens at an address of its own that a
// folder of the user's tells of, takes one question a connection, and answers with a line of JSON. A server that dies
// leaves its sign in the folder, which the next look removes.
import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { checkAddress, forgetIfGone, listAddresses, listenIn } from './server-address.js';
import type { ServerAddress } from './server-address.js';

export interface ServedDrive {
  readonly process: number;
  /** How it is reached: URIs, or the path of a device. */
  readonly uris: readonly string[];
  /** Paths of the images, in the same order. */
  readonly images: readonly string[];
}

/** `asked`: an initiator holds the lock, and was asked to let go; `refused`: it has no tray. */
export type TrayAnswer = 'open' | 'closed' | 'asked' | 'refused';
/** Moves the tray of the drive with such a URI; undefined when there is none. */
export type MoveTray = (uri: string, opens: boolean) => TrayAnswer | undefined;

/** Servers that one look asks, and what each may ask and answer: characters and milliseconds. */
const MAX_SERVERS = 256;
const MAX_MESSAGE = 1_048_576;
const PATIENCE = 1000;
/** The question what there is; any other is `eject URI` or `load URI`. */
const LIST = 'list';

/** Tells of a drive until it is disposed. What cannot be announced is served all the same. */
export async function announceDrive(
  folder: string,
  drive: ServedDrive,
  moveTray: MoveTray,
): Promise<AsyncDisposable> {
  const server = createServer((socket) => {
    void readLine(socket).then((question) => {
      if (question === undefined) socket.destroy();
      else socket.end(`${JSON.stringify(answer(question, drive, moveTray))}\n`);
    });
  });
  let address: ServerAddress;
  try {
    address = await listenIn(folder, drive.process, server);
  } catch {
    server.close();
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  server.unref();
  return {
    [Symbol.asyncDispose]: async () => {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(address.sign, { force: true });
    },
  };
}

function answer(question: string, drive: ServedDrive, moveTray: MoveTray): unknown {
  if (question === LIST) return drive;
  const [verb, uri = ''] = question.split(' ', 2);
  return { answer: moveTray(uri, verb === 'eject') };
}

/** What servers of this user serve, in the order of their processes; none where there is no folder. */
export async function listServedDrives(folder: string): Promise<ServedDrive[]> {
  const answers = await askAll(folder, LIST);
  const drives = answers.map(parseDrive).filter((drive) => drive !== undefined);
  return drives.sort((a, b) => a.process - b.process);
}

/** Opens or closes the tray of a served drive; undefined when nobody serves it. */
export async function moveServedTray(
  folder: string,
  uri: string,
  opens: boolean,
): Promise<TrayAnswer | undefined> {
  for (const found of await askAll(folder, `${opens ? 'eject' : 'load'} ${uri}`)) {
    const { answer: text } = found as { answer?: unknown };
    const known = (['open', 'closed', 'asked', 'refused'] as const).find((one) => one === text);
    if (known !== undefined) return known;
  }
  return undefined;
}

async function askAll(folder: string, question: string): Promise<object[]> {
  const chosen = (await listAddresses(folder)).slice(0, MAX_SERVERS);
  const answers = await Promise.all(chosen.map((address) => ask(address, question)));
  return answers.filter((one) => one !== undefined);
}

async function ask(address: ServerAddress, question: string): Promise<object | undefined> {
  try {
    checkAddress(address);
  } catch {
    return undefined;
  }
  const socket = connect({ path: address.path });
  const failure = new Promise<string | undefined>((resolve) => {
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
    socket.once('close', () => resolve(undefined));
  });
  socket.write(`${question}\n`);
  const line = await readLine(socket);
  socket.destroy();
  await forgetIfGone(address, await failure);
  if (line === undefined) return undefined;
  try {
    const value = JSON.parse(line) as unknown;
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The first line; undefined when none comes in time, it is too long, or the connection fails. */
function readLine(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(PATIENCE, () => resolve(undefined));
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(undefined));
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
      else if (text.length > MAX_MESSAGE) resolve(undefined);
    });
  });
}

/** Any process of this user could listen there. */
function parseDrive(value: object): ServedDrive | undefined {
  const { process, uris, images } = value as Partial<Record<keyof ServedDrive, unknown>>;
  if (typeof process !== 'number' || !isTexts(uris) || !isTexts(images)) return undefined;
  return { process, uris, images };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
