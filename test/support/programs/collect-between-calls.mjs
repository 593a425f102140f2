// Calls everything that the addon exports and collects garbage between the calls, with as few of its objects held as a
// caller may hold: what native code shows or keeps has to stay. Needs --expose-gc. Prints the names that were called.
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { loadAddon } from '../../../dist/native/index.js';
import { REGION_BYTES } from '../../../dist/src/index/layout.js';

const called = new Set();
const collect = async () => {
  for (let i = 0; i < 2; i += 1) {
    globalThis.gc();
    // Finalizers run in a turn of their own.
    await new Promise((resolve) => setImmediate(resolve));
  }
};
const exported = loadAddon();
/** Collects before and after; a failed system call is an answer as well. */
const call = async (name, ...args) => {
  called.add(name);
  await collect();
  let result;
  try {
    const settled = Promise.allSettled([exported[name](...args)]);
    await collect();
    const [{ value, reason }] = await settled;
    if (reason !== undefined) throw reason;
    result = value;
  } catch (thrown) {
    if (typeof thrown.errno !== 'number') throw thrown;
  }
  await collect();
  return result;
};
const check = (isTrue, what) => {
  if (!isTrue) throw new Error(`Wrong after a collection: ${what}`);
};

const folder = mkdtempSync(join(tmpdir(), 'isodrive-collect-'));
const path = join(folder, 'file');
writeFileSync(path, 'x'.repeat(8192));
const file = openSync(path, 'r+');

// A view outlives the handle, and the handle the view.
const view = await (async () => new Uint32Array((await call('allocateIndexRegion', REGION_BYTES)).buffer))();
view[5] = 7;
await collect();
check(view[5] === 7, 'a view without its handle');
const { handle } = await call('allocateIndexRegion', REGION_BYTES);
const number = await call('regionNumber', handle);
const joined = new Uint32Array((await call('joinIndexRegion', number)).buffer);
joined[1] = 9;
const descriptor = await call('releaseIndexDescriptor', handle);
const adopted = await (async () =>
  new Uint32Array((await call('adoptIndexRegion', descriptor, REGION_BYTES)).buffer))();
check(adopted[1] === 9, 'an adopted region');
await call('discardIndexRegion', handle);
await call('discardIndexRegion', handle);
check((await call('releaseIndexDescriptor', handle)) === -1, 'a descriptor of a discarded region');
check(joined[1] === 0, 'a view of a discarded region');
await call('joinIndexRegion', await call('regionNumber', handle));
await call('joinIndexRegion', 123456);
const options = {
  name: 'collect',
  files: [file],
  volumeBytes: 8192,
  hasAttributes: false,
  hasAccessLists: false,
  owner: undefined,
  checksOpens: false,
  isTakenOver: false,
};
const device = () => openSync('/dev/null', 'r+');
await call('startSession', { ...options, device: device(), region: handle }, {});

// A session of a device that never was one ends at once; its handle answers all the same.
const region = (await call('allocateIndexRegion', REGION_BYTES)).handle;
const ended = [];
const session = await call(
  'startSession',
  { ...options, device: openSync('/dev/fuse', 'r+'), region },
  { onWanted: () => undefined, onEnd: () => ended.push(true) },
);
const server = await (async () => {
  const own = exported.startSession(
    { ...options, device: openSync('/dev/fuse', 'r+'), region },
    { onWanted: () => undefined, onEnd: () => undefined },
  );
  const listener = { onLoad: () => undefined, onRead: () => undefined, onCancel: () => undefined };
  try {
    return exported.serveSession(exported.sessionNumber(own), listener);
  } catch (thrown) {
    check(typeof thrown.errno === 'number', 'a session that has ended');
    return undefined;
  }
})();
await call('serveSession', 0, {});
for (const [name, ...args] of [
  ['resumeSession', 0, 5],
  ['replyRead', 1, new Uint8Array(8)],
  ['fillUnits', 1, new Uint8Array(8), new Int32Array(1)],
  ['isWaitedFor'],
  ['countReads'],
  ['leaveSession'],
]) {
  called.add(name);
  if (server !== undefined) await call(name, server, ...args);
}
await call('blockSignals', true);
await call('blockSignals', false);
await call('sessionNumber', session);
await call('isNeglected', session);
await call('sessionCounters', session);
await call('traceSession', session, true);
await call('takeTrace', session);
await call('failSession', session, 5, true);
await call('abandonSession', session);
await call('disconnectSession', session);
while (ended.length === 0) await collect();

// Nobody holds the pool of a call that is under way.
const bytes = await (async () => call('poolRead', await call('openIoPool', 2), file, 4096, 0))();
check(new Uint8Array(bytes)[4095] === 120, 'bytes of a pool that is gone');
const pool = await call('openIoPool', 2);
closeSync(await call('poolOpen', pool, path, 0));
await call('poolStat', pool, path);
await call('poolStat', pool, file);
await call('poolFileSystem', pool, file);
await call('poolReadSymlink', pool, '/proc/self/exe');
// Nobody holds the bytes of a batch once it is handed over. Its form: src/present/extract/file-batches.ts.
const written = await (async () => {
  const record = Buffer.alloc(56 + folder.length + 5 + 3);
  [folder.length, 5, 3, 0xffffffff, 0xffffffff, 0o644].forEach((value, i) =>
    record.writeUInt32LE(value, 4 * i),
  );
  record.writeBigInt64LE(-1n, 48);
  record.write(`${folder}batchabc`, 56);
  return call('poolWriteFiles', pool, -1, Buffer.from('.draft'), record);
})();
check(new Uint8Array(written)[0] === 1, 'that a file of a batch was written');
check(readFileSync(join(folder, 'batch'), 'latin1') === 'abc', 'the bytes of a batch');
const copy = openSync(join(folder, 'copy'), 'w+');
await call('poolReserve', pool, copy, 0, 4096);
check((await call('poolCopy', pool, file, 0, copy, 0, 4096)) === 4096, 'the length of a copy');
closeSync(copy);
await call('poolClose', pool, openSync(path));
await call('closeIoPool', pool);
await call('closeDescriptors', [openSync(path)]);

await call('setUnitBudget', 1 << 20);
check((await call('unitBytes')) === 0, 'that no unit was decoded');
// Nobody holds what a block is read from, nor where it lies.
const inflated = new Uint8Array(3);
const stored = deflateSync('abc');
const places = () => Uint32Array.of(0, stored.length, 0, inflated.length);
const done = await call('inflateBlocks', Uint8Array.from(stored), places(), inflated, false);
check(done[0] === 1 && Buffer.from(inflated).toString() === 'abc', 'a block that was inflated');

const target = new Uint8Array(16);
await call('readCached', file, target, 0);
await call('scsiCommand', file, new Uint8Array(6), target, 100);
await call('driveRequest', file, 'status', 0);
await call('crc32c', 0, target);
await call('dropCached', file);
await call('preallocate', file, 8192);
await call('lockFile', file);
await call('setAttribute', file, 'user.isodrive', new Uint8Array(1));
await call('noteCrashes');
await call('trimMemory');
await call('threadNumber');
await call('threadSeconds', await call('threadClock'));
await call('mount', 'none', folder, 'no-such-type', '');
await call('unmount', folder, false);
await call('attachLoop', -1, 0);
await call('unwatchMounts', await call('watchMounts', () => undefined));
await call('watchMounts', () => undefined);

const [ours, theirs] = await call('createSocketPair');
await call('receiveDescriptor', ours);
await call('sendDescriptors', ours, new Uint8Array(1), [file]);
closeSync(await call('receiveDescriptor', theirs));
await call('peerCredentials', ours);
await call('sendCached', ours, new Uint8Array(2), file, 0, 16);
await call('stopPacing', ours);
await call('enlargeSendBuffer', ours, 65536);
closeSync(await call('duplicateDescriptor', ours));
const marked = openSync(path);
await call('markDescriptor', marked);
closeSync(marked);
await call('descriptorFlags', ours);
await call('prepareForPrograms');
await call('runProgram', ['true'], ['LC_ALL=C'], -1, -1);
await call('notify', join(folder, 'nobody'), 'READY=1', [file]);

const listening = createServer().listen(join(folder, 'control.sock'));
await new Promise((resolve) => listening.once('listening', resolve));
const socket = exported.duplicateDescriptor(listening._handle.fd);
// Node removes the socket's file with the server.
renameSync(join(folder, 'control.sock'), join(folder, 'clients'));
listening.close();
const told = [];
const listener = await call(
  'listenForClients',
  socket,
  { clients: 4, clientsOfUser: 4, reservedForRoot: 0 },
  {
    onClient: (client, descriptor) => told.push({ client, descriptor }),
    onBytes: (client, sent) => told.push({ client, sent }),
    onEnd: () => undefined,
  },
);
const peer = connect(join(folder, 'clients'));
peer.write('hello');
while (told.length === 0) await collect();
await call('resumeClient', listener, told[0].client);
while (told.length === 1) await collect();
check(told[1].sent.toString() === 'hello', 'bytes of a client');
await call('dropClient', listener, told[0].client);
await call('stopAccepting', listener);
await call('closeListener', listener);
closeSync(told[0].descriptor);
peer.destroy();
for (const one of [ours, theirs, file]) closeSync(one);
rmSync(folder, { recursive: true });
check(view[5] === 7, 'a view at the end');
called.add('endProcess');
writeSync(1, JSON.stringify([...called].sort()));
exported.endProcess(0);
