// Which drives are being served on this machine, their buttons and their discs: each server listens at an address of
// its own that a folder of the user's tells of, takes one question a connection, and answers with a line of JSON. A
// server that dies leaves its sign in the folder, which the next look removes.
import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { leaveTemporaryFolder } from '../base/temporary-folder.js';
import type { LoginCounters } from './net/login-guard.js';
import { checkAddress, forgetIfGone, listAddresses, listenIn } from '../endpoint/server-address.js';
import type { ServerAddress } from '../endpoint/server-address.js';

/** What peers do to a server. */
export interface ServerCounters {
  /** Connections that are open now. */
  readonly connections: number;
  readonly logins: LoginCounters;
}

export interface ServedDrive {
  readonly process: number;
  /** How it is reached: URIs, or the path of a device. */
  readonly uris: readonly string[];
  /** Paths of the images, in the same order. */
  readonly images: readonly string[];
  /** Those whose tray is open. */
  readonly open: readonly string[];
  /** Not of loop devices. */
  readonly counters?: ServerCounters;
}

/** `asked`: an initiator holds the lock, and was asked to let go; `refused`: it has no tray. */
export type TrayAnswer = 'open' | 'closed' | 'asked' | 'refused';
/** `failed`: `reason` says why the server cannot open the image. */
export interface LoadAnswer {
  readonly answer: TrayAnswer | 'failed';
  readonly reason?: string;
}

/** What others may ask of a server. All give undefined where no drive has such a URI. */
export interface DriveHandler {
  describe(): ServedDrive;
  moveTray(uri: string, opens: boolean): TrayAnswer | undefined;
  /** Puts the image at `path`, an absolute one, in the drive. Never rejects. */
  load(uri: string, path: string): Promise<LoadAnswer | undefined>;
}

/** Servers that one look asks, and what each may ask and answer: characters and milliseconds. */
const MAX_SERVERS = 256;
const MAX_MESSAGE = 1_048_576;
const PATIENCE = 1000;
/** Opening an image may have to wait for its medium. */
const LOAD_PATIENCE = 30_000;
/** The question what there is; any other is `eject URI`, `close URI` or `load URI PATH`, the path as JSON. */
const LIST = 'list';
const TRAY_ANSWERS: readonly TrayAnswer[] = ['open', 'closed', 'asked', 'refused'];

/** Answers for the drives of this process until it is disposed. What cannot be announced is served all the same. */
export async function announceDrive(folder: string, handler: DriveHandler): Promise<AsyncDisposable> {
  const server = createServer((socket) => {
    void readLine(socket, PATIENCE).then(async (question) => {
      // Whoever asked may have to wait for a medium.
      socket.setTimeout(0);
      if (question === undefined) socket.destroy();
      else socket.end(`${JSON.stringify(await answer(question, handler))}\n`);
    });
  });
  let address: ServerAddress;
  try {
    address = await listenIn(folder, process.pid, server);
  } catch {
    server.close();
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  server.unref();
  return {
    [Symbol.asyncDispose]: async () => {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(address.sign, { force: true });
      leaveTemporaryFolder(folder);
    },
  };
}

async function answer(question: string, handler: DriveHandler): Promise<object> {
  if (question === LIST) return handler.describe();
  const [verb, uri = ''] = question.split(' ', 2);
  if (verb !== 'load') return { answer: handler.moveTray(uri, verb === 'eject') };
  const path = parseJson(question.slice(`load ${uri} `.length));
  return (typeof path === 'string' ? await handler.load(uri, path) : undefined) ?? {};
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
  for (const found of await askAll(folder, `${opens ? 'eject' : 'close'} ${uri}`)) {
    const { answer: text } = found as { answer?: unknown };
    const known = TRAY_ANSWERS.find((one) => one === text);
    if (known !== undefined) return known;
  }
  return undefined;
}

/** Puts the image at `path`, an absolute one, in a served drive; undefined when nobody serves it. */
export async function loadServedDrive(
  folder: string,
  uri: string,
  path: string,
): Promise<LoadAnswer | undefined> {
  const question = `load ${uri} ${JSON.stringify(path)}`;
  for (const found of await askAll(folder, question, LOAD_PATIENCE)) {
    const { answer: text, reason } = found as { answer?: unknown; reason?: unknown };
    const known = [...TRAY_ANSWERS, 'failed' as const].find((one) => one === text);
    if (known !== undefined) return { answer: known, ...(typeof reason === 'string' ? { reason } : {}) };
  }
  return undefined;
}

async function askAll(folder: string, question: string, patience = PATIENCE): Promise<object[]> {
  const chosen = (await listAddresses(folder)).slice(0, MAX_SERVERS);
  const answers = await Promise.all(chosen.map((address) => ask(address, question, patience)));
  return answers.filter((one) => one !== undefined);
}

async function ask(address: ServerAddress, question: string, patience: number): Promise<object | undefined> {
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
  const line = await readLine(socket, patience);
  socket.destroy();
  await forgetIfGone(address, await failure);
  const value = line === undefined ? undefined : parseJson(line);
  return typeof value === 'object' && value !== null ? value : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The first line; undefined when none comes in time, it is too long, or the connection fails. */
function readLine(socket: Socket, patience: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(patience, () => resolve(undefined));
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
  const { process, uris, images, open, counters } = value as Partial<Record<keyof ServedDrive, unknown>>;
  if (typeof process !== 'number' || !isTexts(uris) || !isTexts(images) || !isTexts(open)) return undefined;
  return { process, uris, images, open, ...parseCounters(counters) };
}

function parseCounters(value: unknown): Pick<ServedDrive, 'counters'> {
  const { connections, logins } = (value ?? {}) as Partial<Record<keyof ServerCounters, unknown>>;
  const { failed, refused, refusedAddresses } = (logins ?? {}) as Partial<
    Record<keyof LoginCounters, unknown>
  >;
  if (![connections, failed, refused, refusedAddresses].every(Number.isSafeInteger)) return {};
  return { counters: { connections, logins: { failed, refused, refusedAddresses } } as ServerCounters };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
