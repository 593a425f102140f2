// Shows an image as the file DIR/disc.iso of which some bytes cannot be read: reads that touch FROM..TO fail with EIO,
// as on a scratched disc, never end, as on a dead network, or read differently each time, as a drive does that is not
// sure of a sector. With "flush", no file can be closed any more (FLUSH) once IMAGE.hang exists. Serves until it is
// killed. Prints "ready" once mounted.
// Usage: node bad-sector-mount.mjs IMAGE DIR FROM TO fail|stall|flip|flush
import { existsSync, fstatSync, openSync, readSync } from 'node:fs';
import Fuse from 'fuse-native';

const [, , image, directory, from, to, fault] = process.argv;
const NAME = '/disc.iso';
const EIO = -5;
const ENOENT = -2;
let flips = 0;
const fd = openSync(image, 'r');
const { size, mtime } = fstatSync(fd);

function attributes(mode, bytes, inode) {
  return { mtime, atime: mtime, ctime: mtime, nlink: 1, size: bytes, mode, uid: 0, gid: 0, ino: inode };
}

const fuse = new Fuse(
  directory,
  {
    readdir: (path, done) => done(0, [NAME.slice(1)]),
    getattr: (path, done) => {
      if (path === '/') done(0, attributes(0o40755, 4096, 1));
      else if (path === NAME) done(0, attributes(0o100644, size, 2));
      else done(ENOENT);
    },
    open: (path, flags, done) => done(0, 1),
    flush: (path, handle, done) => {
      if (fault !== 'flush' || !existsSync(`${image}.hang`)) done(0);
    },
    read: (path, handle, target, length, position, done) => {
      const isBad = position < Number(to) && position + length > Number(from);
      if (isBad && fault === 'stall') return;
      if (isBad && fault === 'fail') {
        done(EIO);
        return;
      }
      const got = readSync(fd, target, 0, length, position);
      if (isBad) target[Number(from) - position] ^= flips += 1;
      done(got);
    },
  },
  fault === 'flush' ? { timeout: false } : {},
);

fuse.mount((error) => {
  if (error) throw error;
  process.stdout.write('ready\n');
});
