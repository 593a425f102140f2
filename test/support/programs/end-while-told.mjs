// Ends threads of JavaScript again and again while native threads tell them of clients and of mounts: nothing may be
// told to a thread that is gone, and what it would have been given is closed. Argument: how often. Prints "done".
import { readdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { loadAddon } from '../../../dist/native/index.js';

const addon = loadAddon();
if (isMainThread) await main(Number(process.argv[2]));
else listen();

function listen() {
  const limits = { clients: 1000, clientsOfUser: 1000, reservedForRoot: 0 };
  addon.listenForClients(workerData.descriptor, limits, {
    onClient: (client, descriptor) => addon.closeDescriptors([descriptor]),
    onBytes: () => undefined,
    onEnd: () => undefined,
  });
  addon.watchMounts(() => undefined);
  parentPort.postMessage('ready');
}

async function main(times) {
  const folder = mkdtempSync(join(tmpdir(), 'isodrive-end-'));
  const count = () => readdirSync('/proc/self/fd').length;
  let before = 0;
  for (let i = 0; i < times; i += 1) {
    const path = join(folder, `${i}`);
    const server = createServer().listen(`${path}.s`);
    await new Promise((resolve) => server.once('listening', resolve));
    const descriptor = addon.duplicateDescriptor(server._handle.fd);
    // Node removes the socket's file with the server.
    renameSync(`${path}.s`, path);
    server.close();
    const worker = new Worker(new URL(import.meta.url), { workerData: { descriptor } });
    await new Promise((resolve) => worker.once('message', resolve));
    const sockets = Array.from({ length: 50 }, () => connect(path).on('error', () => undefined));
    const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    await turn();
    await worker.terminate();
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
    if (i === 0) before = count();
  }
  rmSync(folder, { recursive: true });
  // Descriptors are closed by threads of their own. The one that a callback was just given is lost with the thread.
  while (count() > before + times) await turn();
  process.stdout.write('done');
}
