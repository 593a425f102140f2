// Which drives are being served on this machine: each server listens on a socket of its own in a folder of the user's and
// tells whoever connects what it serves. A server that dies leaves a socket that refuses, which the next look removes.
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';

export interface ServedDrive {
  readonly process: number;
  /** How it is reached: URIs, or the path of a device. */
  readonly uris: readonly string[];
  /** Paths of the images, in the same order. */
  readonly images: readonly string[];
}

const SUFFIX = '.sock';
/** Servers that one look asks, and what each may answer: bytes and milliseconds. */
const MAX_SERVERS = 256;
const MAX_ANSWER = 1_048_576;
const PATIENCE = 1000;

/** Tells of a drive until it is disposed. What cannot be announced is served all the same. */
export async function announceDrive(folder: string, drive: ServedDrive): Promise<AsyncDisposable> {
  const path = join(folder, `${drive.process}${SUFFIX}`);
  const text = `${JSON.stringify(drive)}\n`;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(text);
  });
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await rm(path, { force: true });
    await listen(server, path);
    await chmod(path, 0o600);
  } catch {
    server.close();
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  server.unref();
  return { [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

/** What servers of this user serve, in the order of their processes; none where there is no folder. */
export async function listServedDrives(folder: string): Promise<ServedDrive[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(SUFFIX));
  const answers = await Promise.all(names.slice(0, MAX_SERVERS).map((name) => ask(join(folder, name))));
  return answers.filter((answer) => answer !== undefined).sort((a, b) => a.process - b.process);
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}

async function ask(path: string): Promise<ServedDrive | undefined> {
  let text = '';
  const failure = await new Promise<string | undefined>((resolve) => {
    const socket = connect({ path });
    socket.setTimeout(PATIENCE, () => socket.destroy());
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MAX_ANSWER) socket.destroy();
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
    socket.once('close', () => resolve(undefined));
  });
  if (failure === 'ECONNREFUSED') await rm(path, { force: true });
  return failure === undefined ? parse(text) : undefined;
}

/** Any process of this user could listen there. */
function parse(text: string): ServedDrive | undefined {
  try {
    const { process, uris, images } = JSON.parse(text) as Record<keyof ServedDrive, unknown>;
    if (typeof process !== 'number' || !isTexts(uris) || !isTexts(images)) return undefined;
    return { process, uris, images };
  } catch {
    return undefined;
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
