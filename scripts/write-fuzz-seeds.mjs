// Writes the inputs that native fuzzing starts from, in test/corpus/native: indexes of images of the corpus, as a mount
// has them; requests of the kernel; orders of the cache of units; and messages of a daemon to its keeper. Forms:
// test/native/fuzz.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '..');
const corpus = join(root, 'test', 'corpus');
const load = (name) => import(join(root, 'dist', 'src', `${name}.js`));
const { openImage } = await load('image/open-image');
const { SharedIndexMemory } = await load('index/index-memory');
const { EXTENT_WORDS, HEADER, MODE_TYPE, REGION_BYTES, ROW, ROW_WORDS, STATE } = {
  ...(await load('index/layout')),
  ...(await load('filesystem/contract/file-tree')),
};

const INDEXES = {
  'rock-ridge': 'ok/copying-rr.iso',
  'coded-files': 'faults/decmpfs-real.img.gz',
  'hfs-names': 'faults/hfs-shift-jis.img.gz',
  'compressed-files': 'faults/zisofs2-256k-blocks.iso.gz',
};
const OPCODES = {
  ...{
    lookup: 1,
    forget: 2,
    getattr: 3,
    readlink: 5,
    open: 14,
    read: 15,
    statfs: 17,
    getxattr: 22,
    listxattr: 23,
  },
  ...{ init: 26, opendir: 27, readdir: 28, interrupt: 36, destroy: 38, readdirplus: 44, statx: 52 },
};

function words(...values) {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32LE(value, i * 4));
  return bytes;
}

function short(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

/** The index of an image, of which every other directory below the root is loaded. */
async function readIndex(path) {
  const folder = mkdtempSync(join(tmpdir(), 'isodrive-seeds-'));
  try {
    const file = join(folder, 'image');
    const bytes = readFileSync(join(corpus, path));
    writeFileSync(file, path.endsWith('.gz') ? gunzipSync(bytes) : bytes);
    const memory = new SharedIndexMemory(new ArrayBuffer(REGION_BYTES));
    const image = await openImage(file, { memory });
    const isDirectory = (row) =>
      (memory.rows[row * ROW_WORDS + ROW.mode] & MODE_TYPE.mask) === MODE_TYPE.directory;
    for (let row = 0; row < memory.header[HEADER.rowCount] && row < 64; row += 1) {
      if (isDirectory(row) && (row === 0 || row % 2 === 1))
        await image.index.children(row).catch(() => undefined);
    }
    await image[Symbol.asyncDispose]();
    const [rows, names, extents] = [HEADER.rowCount, HEADER.blobBytes, HEADER.extentCount].map(
      (at) => memory.header[at],
    );
    const view = (array, count) => Buffer.from(array.slice(0, count).buffer);
    const states = Array.from({ length: rows }, (_, row) => memory.rows[row * ROW_WORDS + ROW.state]);
    const loaded = states.filter((state) => state === STATE.loaded).length;
    process.stderr.write(
      `${path}: ${rows} rows, ${loaded} of them loaded, ${names} bytes, ${extents} extents\n`,
    );
    return Buffer.concat([
      words(rows, names, extents),
      ...[short(rows), short(names), short(extents)],
      view(memory.rows, rows * ROW_WORDS),
      view(memory.blob, names),
      view(memory.extents, extents * EXTENT_WORDS),
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Options, position and size of reads, and a name. */
const QUESTIONS = Buffer.concat([Buffer.of(0), words(2048, 0, 40_000), Buffer.from('COPYING')]);

function request(name, node, ...parts) {
  const body = Buffer.concat(parts);
  const header = Buffer.concat([words(40 + body.length, OPCODES[name], 0, 0, node, 0, 0, 0, 0, 0)]);
  return Buffer.concat([Buffer.of(8), short(40 + body.length), header, body]);
}

const range = (offset, size) => words(0, 0, offset, 0, size, 0, 0, 0, 0, 0);
const attribute = (size, name) => Buffer.concat([words(size, 0), Buffer.from(`${name}\0`)]);
/** Kinds of events: JavaScript leaves, comes, gives up; and answers, well or badly. */
const event = (...bytes) => Buffer.of(...bytes);

const REQUESTS = {
  'first-look': [
    ...[request('init', 0, words(7, 38, 65_536, 0x4003_ffff, 0xff, ...Array(11).fill(0)))],
    ...[request('getattr', 1, words(0, 0, 0, 0)), request('statfs', 1), request('opendir', 1)],
    ...[request('readdirplus', 1, range(0, 4096)), request('readdir', 1, range(2, 4096))],
    ...[request('lookup', 1, Buffer.from('COPYING\0')), request('lookup', 1, Buffer.from('nothing\0'))],
  ],
  content: [1, 2, 3, 4, 5].flatMap((node) => [
    ...[
      request('open', node, words(0, 0)),
      event(3, 0),
      request('read', node, range(0, 131_072)),
      event(3, 0),
    ],
    ...[request('read', node, range(2048, 100)), event(4, 1), request('readlink', node), event(0), event(1)],
    ...[request('getxattr', node, attribute(64, 'user.one')), request('listxattr', node, words(64, 0))],
  ]),
  'directories-to-load': [1, 2, 3, 4, 5, 6].flatMap((node) => [
    ...[request('readdir', node, range(0, 4096)), request('lookup', node, Buffer.from('a\0')), event(3, 2)],
    ...[request('interrupt', 0, words(1, 0)), request('readdirplus', node, range(0, 4096)), event(2)],
  ]),
};

const message = (text, descriptors = 0) =>
  Buffer.concat([short(text.length), Buffer.of(descriptors), Buffer.from(text)]);

const MESSAGES = {
  daily: [
    ...[
      message('READY=1'),
      message('FDSTORE=1\nFDNAME=device-1', 1),
      message('FDSTORE=1\nFDNAME=image-1', 1),
    ],
    ...[
      message('FDSTORE=1\nFDNAME=device-1', 1),
      message('FDSTOREREMOVE=1\nFDNAME=image-1'),
      message('STOPPING=1'),
    ],
  ],
  successor: [message('EXECUTABLE=/usr/bin/node\nPROGRAM=/opt/isodrive/isodrived.js'), message('STOPPING=1')],
  odd: [
    ...[message('FDSTORE=1\nFDNAME=a:b', 3), message('FDNAME=x', 2), message('FDSTORE=1\nFDNAME=', 1)],
    ...[message('FDSTOREREMOVE=1\nFDNAME=never'), message('=\n\n=1\n')],
  ],
};

/**
 * Operations of the cache of units: kinds 7 and up add a unit, 2 to 6 look for one, 1 sets the budget, 0 drops a
 * mount.
 */
const operation = (i, kind) =>
  Buffer.concat([Buffer.of(kind, i % 5, (i * 7) % 40), ...(kind > 6 ? [short((i * 977) % 20_000)] : [])]);
const UNITS = {
  'many-units': Array.from({ length: 300 }, (_, i) => operation(i, (i * 5) % 16)),
  'small-budget': [
    operation(0, 1),
    ...Array.from({ length: 200 }, (_, i) => operation(i, i % 3 === 0 ? 3 : 9)),
  ],
};

const write = (target, name, bytes) => writeFileSync(join(corpus, 'native', target, name), bytes);
for (const [name, path] of Object.entries(INDEXES)) {
  write('index-view', name, Buffer.concat([await readIndex(path), QUESTIONS]));
}
for (const [name, events] of Object.entries(REQUESTS)) {
  for (const options of [1, 3])
    write('fuse-requests', `${name}-${options}`, Buffer.concat([Buffer.of(options), ...events]));
}
for (const [name, operations] of Object.entries(UNITS)) write('unit-cache', name, Buffer.concat(operations));
for (const [name, messages] of Object.entries(MESSAGES)) {
  write('keeper-messages', name, Buffer.concat([Buffer.of(1), ...messages]));
}
