// Prints a directory tree as a corpus manifest (one tab-separated line an entry, see manifest.ts), hashes included.
// A program of its own: a mounted tree is never touched by the process that waits for it, so that a mount that hangs
// costs a child and not the test run. Usage: node list-tree.mjs DIR [--no-hash]
import { createHash } from 'node:crypto';
import { closeSync, constants, lstatSync, openSync, readSync, readdirSync, readlinkSync } from 'node:fs';

const TYPES = { 1: 'p', 2: 'c', 4: 'd', 6: 'b', 8: 'f', 10: 'l', 12: 's' };
const NANOSECONDS = 1_000_000_000n;
const [, , root, ...flags] = process.argv;
const hashes = !flags.includes('--no-hash');
const buffer = Buffer.allocUnsafe(256 * 1024);
let lines = [];

function escape(bytes) {
  let text = '';
  for (const byte of bytes) {
    text +=
      byte >= 0x20 && byte < 0x7f && byte !== 0x5c
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}

function hashFile(path, size) {
  const digest = createHash('sha256');
  let done = 0;
  let fd;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    return `open-error:${error.code}`;
  }
  try {
    for (;;) {
      const got = readSync(fd, buffer, 0, buffer.length, null);
      if (got === 0) break;
      digest.update(buffer.subarray(0, got));
      done += got;
    }
  } catch (error) {
    return `read-error:${error.code}@${done}`;
  } finally {
    closeSync(fd);
  }
  return done === size ? `sha256:${digest.digest('hex')}` : `short:${done}`;
}

function describe(path, status, type) {
  if (type === 'l') return `-> ${escape(readlinkSync(path, { encoding: 'buffer' }))}`;
  if (type === 'f') return hashes ? hashFile(path, Number(status.size)) : '-';
  if (type !== 'c' && type !== 'b') return '-';
  // gnu_dev_major and gnu_dev_minor of glibc.
  const device = status.rdev;
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return `rdev:${major},${minor}`;
}

function floorDivide(value, divisor) {
  return value / divisor - (value % divisor < 0n ? 1n : 0n);
}

function print(fields) {
  lines.push(fields.join('\t'));
  if (lines.length >= 1000) flush();
}

function flush() {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
  lines = [];
}

function visit(path, shown) {
  let status;
  try {
    status = lstatSync(path, { bigint: true });
  } catch (error) {
    print(['?', '-', '-', '-', '-', '-', '-', escape(shown), `lstat-error:${error.code}`]);
    return;
  }
  const type = TYPES[Number((status.mode >> 12n) & 15n)] ?? '?';
  let names = [];
  let extra;
  if (type === 'd') {
    try {
      names = readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare);
      extra = '-';
    } catch (error) {
      extra = `list-error:${error.code}`;
    }
  } else {
    extra = describe(path, status, type);
  }
  print([
    type,
    (Number(status.mode) & 0o7777).toString(8).padStart(4, '0'),
    status.uid,
    status.gid,
    status.size,
    floorDivide(status.mtimeNs, NANOSECONDS),
    status.nlink,
    escape(shown),
    extra,
  ]);
  const slash = Buffer.from('/');
  for (const name of names) {
    visit(
      Buffer.concat([path, slash, name]),
      shown.length === 1 ? Buffer.concat([slash, name]) : Buffer.concat([shown, slash, name]),
    );
  }
}

visit(Buffer.from(root), Buffer.from('/'));
flush();
