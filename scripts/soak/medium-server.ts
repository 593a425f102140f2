// The medium of an image, as a FUSE file system that does what it is told: DIR/disc.iso is the image, until a line on
// stdin says otherwise. "ok": as it is, and what waited is answered; "hang": nobody is answered any more; "fail":
// EIO; "short": half of what is asked for, as at the end of a file. Prints "ready" once mounted, and each word when
// it holds. Usage: node medium-server.js IMAGE DIR; serves until it is killed.
import { fstatSync, openSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { loadFuseNative } from '../../src/io/load-fuse-native.js';
import type { NativeStat } from '../../src/io/load-fuse-native.js';

const NAME = 'disc.iso';
const EIO = -5;
const ENOENT = -2;
const DIRECTORY_MODE = 0o40755;
const FILE_MODE = 0o100644;

const [, , image = '', directory = ''] = process.argv;
const descriptor = openSync(image, 'r');
const { size, mtimeMs } = fstatSync(descriptor);
let behaviour = 'ok';
const waiting: (() => void)[] = [];

function statOf(mode: number, bytes: number, ino: number): NativeStat {
  const times = { atime: mtimeMs, mtime: mtimeMs, ctime: mtimeMs };
  return { mode, size: bytes, ino, uid: 0, gid: 0, nlink: 1, rdev: 0, blksize: 4096, blocks: 0, ...times };
}

/** Answers now, or when it does not hang any more. */
function answer(reply: () => void): void {
  if (behaviour === 'hang') waiting.push(reply);
  else reply();
}

// A Ctrl-C is for the soak, which then ends its media.
process.on('SIGINT', () => undefined);

const { Fuse } = loadFuseNative();
const fuse = new Fuse(
  directory,
  {
    readdir: (_, reply) => answer(() => reply(0, [NAME])),
    getattr: (path, reply) =>
      answer(() => {
        if (path === '/') reply(0, statOf(DIRECTORY_MODE, 4096, 1));
        else if (path === `/${NAME}`) reply(0, statOf(FILE_MODE, size, 2));
        else reply(ENOENT);
      }),
    readlink: (_, reply) => reply(ENOENT),
    open: (_, __, reply) => answer(() => reply(0, 1)),
    read: (_, __, buffer, length, position, reply) =>
      answer(() => {
        if (behaviour === 'fail') reply(EIO);
        else reply(readSync(descriptor, buffer, 0, behaviour === 'short' ? length / 2 : length, position));
      }),
    statfs: (_, reply) => reply(0, { bsize: 4096, frsize: 4096, blocks: 1, files: 1, namemax: 255 }),
  },
  { timeout: false },
);

createInterface({ input: process.stdin }).on('line', (line) => {
  behaviour = line;
  if (behaviour !== 'hang') for (const reply of waiting.splice(0)) reply();
  process.stdout.write(`${line}\n`);
});

fuse.mount((error) => {
  if (error != null) throw error;
  process.stdout.write('ready\n');
});
