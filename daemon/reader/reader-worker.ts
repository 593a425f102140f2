// The thread that reads one image: all that loops over bytes nobody vouches for. It may be ended at any moment, and
// takes nothing along but what it was asked; everything it does is bounded by whoever started it (reader-thread.ts).
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { loadAddon } from '../../native/index.js';
import type { Addon } from '../../native/index.js';
import { openImage } from '../../src/image/open-image.js';
import type { OpenedImage } from '../../src/image/open-image.js';
import { IndexBudget } from '../../src/index/index-budget.js';
import { ThreadIndexMemory } from '../../src/index/index-memory.js';
import type { IndexMemory, SharedRegion } from '../../src/index/index-memory.js';
import type { VerifiedContents } from '../../src/imaging/verify-on-read/verified-contents.js';
import { RegionMemory } from '../../src/mount/fuse/region-memory.js';
import { LocalImage } from '../../src/mount/local-image.js';
import { decodeError, encodeError } from '../../src/protocol/rpc-error.js';
import { FileSource } from '../../src/source/file/file-source.js';
import type { OpenedFiles, SiblingFolder } from '../../src/source/image-files.js';
import { PoolIo } from '../../src/io/pool-io.js';
import { identityOf } from './image-identity.js';
import { createIo } from './image-file.js';
import { PROGRESS } from './reader-requests.js';
import type {
  ImageFacts,
  OpenRequest,
  ReaderAnswer,
  ReaderCall,
  ReaderData,
  ReaderMessage,
  ReaderMethod,
  ReaderMethods,
} from './reader-requests.js';

/** Calls of the system at the same time: what hangs holds one. */
const IO_THREADS = 8;
/** Milliseconds between two signs that the event loop turns. */
const TURN_INTERVAL = 200;
/** Milliseconds that whoever has just mounted an image may take until they list something of it. */
const PREFETCH_DELAY = 100;
/** Milliseconds after a listing, or without a read of file content, after which prefetch goes on. */
const READ_PAUSE = 20;

const port = parentPort!;
const progress = new Int32Array((workerData as ReaderData).progress);
const io = createIo(IO_THREADS);
/** What waits for the daemon's answers, by number. */
const asked = new Map<number, (answer: ReaderAnswer) => void>();
let opened: OpenedImage | undefined;
let image: LocalImage | undefined;
let verified: VerifiedContents | undefined;
/** Called when the next step ends. */
let onStepEnd: (() => void) | undefined;

function send(message: ReaderMessage): void {
  port.postMessage(message);
}

function tryToLoadAddon(): Addon | undefined {
  try {
    return loadAddon();
  } catch {
    return undefined;
  }
}

function markStep(isBegun: boolean): void {
  Atomics.add(progress, isBegun ? PROGRESS.begun : PROGRESS.ended, 1);
  if (!isBegun) onStepEnd?.();
}

async function step<T>(work: () => Promise<T>): Promise<T> {
  markStep(true);
  try {
    return await work();
  } finally {
    markStep(false);
  }
}

function current(): LocalImage {
  if (image === undefined) throw new TypeError('No image is open');
  return image;
}

function joinMemory(region: SharedRegion, isAdopted: boolean): IndexMemory {
  if (typeof region === 'number') return RegionMemory.join(loadAddon(), region, isAdopted);
  return ThreadIndexMemory.join(region, isAdopted);
}

/** Files beside the image: the daemon opens them, so that they stay open however this thread ends. */
function openFolder({ path, beside, mayAsk }: OpenRequest): SiblingFolder {
  return {
    mainName: basename(path),
    async open(name, signal) {
      const known = beside.find((one) => one.name === name)?.descriptor;
      const descriptor = known ?? (mayAsk ? await ask(name) : undefined);
      if (typeof descriptor !== 'number') return undefined;
      return FileSource.adopt(descriptor, join(dirname(path), name), signal, io);
    },
    async list() {
      const names = mayAsk ? await ask(undefined) : beside.map(({ name }) => name);
      return Array.isArray(names) ? (names as string[]) : [];
    },
  };
}

function ask(name: string | undefined): Promise<ReaderAnswer['result']> {
  return new Promise((resolve, reject) => {
    const id = Math.max(0, ...asked.keys()) + 1;
    asked.set(id, ({ result, error }) => {
      asked.delete(id);
      if (error === undefined) resolve(result);
      else reject(decodeError(error));
    });
    send({ kind: 'ask', id, name });
  });
}

async function openRequested(request: OpenRequest): Promise<ImageFacts> {
  const { map, verify, ...view } = request.view;
  opened = await openImage(request.path, {
    ...view,
    descriptors: {
      image: request.descriptor,
      map: request.map,
      mapPath: map,
      isSealed: request.isSealed,
      folder: openFolder(request),
      io,
    },
    budget: request.budget && new IndexBudget(request.budget),
    memory: joinMemory(request.memory, request.isAdopted),
    isAdopted: request.isAdopted,
  });
  const { files, source, data, streams, tree, index, sessions, session, findings } = opened;
  for (const finding of findings.findings) send({ kind: 'finding', finding, count: findings.count });
  findings.onFinding = (finding) => send({ kind: 'finding', finding, count: findings.count });
  index.onStep = markStep;
  if (verify === true) {
    // Loaded when wanted: every reader would have it in memory otherwise.
    const { VerifiedContents } = await import('../../src/imaging/verify-on-read/verified-contents.js');
    verified = await VerifiedContents.prepare(opened);
  }
  image = new LocalImage({ index, data, streams, checked: verified });
  return {
    identity: identityOf(files.main),
    beside: files.beside.map((one) => ({ name: one.name, ...identityOf(one.source) })),
    plannedFiles: image.files.map((file) => numberOf(files, file)),
    dataSize: opened.disc.data.size,
    label: tree.label,
    kind: tree.kind,
    volumeSize: tree.volumeSize,
    hasAttributes: image.hasAttributes,
    isPlanned: image.files.length > 0,
    kernelFiles: image.kernelFiles.map(({ descriptor }) => numberOf(files, descriptor)),
    isChecked: image.isChecked,
    isDrive: source.drive !== undefined,
    sessions: sessions.map(({ number }) => number),
    session: session?.number,
  };
}

/** Which of the image's files a descriptor is: 0 its own, from 1 on those beside it. */
function numberOf({ main, beside }: OpenedFiles, descriptor: number): number {
  const all = [main, ...beside.map(({ source }) => source)];
  return all.findIndex(({ base }) => base?.descriptor === descriptor);
}

/** Waits until whoever has mounted the image has had the time to list its first directory. */
async function awaitFirstListing(): Promise<void> {
  const listed = new Promise<void>((resolve) => (onStepEnd = resolve));
  await Promise.race([listed, setTimeout(PREFETCH_DELAY, undefined, { ref: false })]);
  onStepEnd = undefined;
  // That the index has it does not mean that it was told to the end.
  await setTimeout(READ_PAUSE);
}

/** Waits while files are being read: their readers want the processor now, the index can wait. */
async function giveWay(seen: { reads: number }): Promise<void> {
  await setImmediate();
  for (;;) {
    const reads = image?.service?.reads ?? 0;
    if (reads === seen.reads) return;
    seen.reads = reads;
    await setTimeout(READ_PAUSE);
  }
}

const METHODS: {
  readonly [M in ReaderMethod]: (params: ReaderMethods[M]['params']) => Promise<ReaderMethods[M]['result']>;
} = {
  open: (request) => step(() => openRequested(request)),
  serve: (session) => current().serve(session),
  rest: () => {
    const isBusy = Atomics.load(progress, PROGRESS.begun) !== Atomics.load(progress, PROGRESS.ended);
    if (isBusy || current().service?.isIdle === false) return Promise.resolve(false);
    current().service?.leave();
    return Promise.resolve(true);
  },
  prefetch: async () => {
    await awaitFirstListing();
    const seen = { reads: 0 };
    const isWaitedFor = (): boolean | undefined => image?.service?.isWaitedFor;
    await current().index.loadAll(undefined, () => giveWay(seen), isWaitedFor);
    // Its sectors are wanted no more.
    opened?.releaseCache();
  },
  load: (row) => step(() => current().load(row)),
  read: async ({ row, position, length }) => {
    // Outside of the step, whose time is bounded: to verify a file is to read all of it.
    await current().check(row);
    return step(async () => {
      const bytes = new Uint8Array(length);
      const got = await current().read(row, bytes, position);
      return bytes.subarray(0, got);
    });
  },
  check: (row) => current().check(row),
  verified: () => Promise.resolve(verified?.summary),
  writeMetadata: ({ file, label }) =>
    step(async () => {
      await using handle = await open(`/proc/self/fd/${file}`, 'r+');
      await current().writeMetadata({ file: handle, label });
    }),
  locate: async () => {
    if (!(io instanceof PoolIo)) return current().locate();
    const places = current().kernelFiles.map(async ({ descriptor }) => {
      const { mode } = await io.stat(descriptor);
      const fileSystemType = await io.fileSystemType(descriptor);
      return { isRegularFile: (mode & constants.S_IFMT) === constants.S_IFREG, fileSystemType };
    });
    return Promise.all(places);
  },
};

async function answer({ id, method, params }: ReaderCall): Promise<void> {
  try {
    send({ kind: 'result', id, result: await METHODS[method](params as never) });
  } catch (thrown) {
    send({ kind: 'error', id, error: encodeError(thrown) });
  }
}

port.on('message', (message: ReaderCall | ReaderAnswer) => {
  if ('answered' in message) asked.get(message.answered)?.(message);
  else void answer(message);
});
setInterval(() => Atomics.add(progress, PROGRESS.turns, 1), TURN_INTERVAL).unref();
const addon = tryToLoadAddon();
send({ kind: 'ready', thread: addon?.threadNumber(), clock: addon?.threadClock() });
