// One of many processes that read mounts at once. Until the time is over it walks the trees and reads random ranges of
// random files, past the page cache every other time, and compares each byte with the tree the image was made of.
// Prints {"reads", "bytes", "walks"}; any difference or error ends it with status 1.
// Usage: node stress-worker.mjs SECONDS SEED REFERENCE MOUNT...; ends sooner when the file ISODRIVE_STOP_FILE is there.
import { closeSync, constants, existsSync, lstatSync, openSync, readSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const [, , seconds, seed, reference, ...mounts] = process.argv;
const MAX_READ = 512 * 1024;
const READS_PER_WALK = 50;
const end = performance.now() + Number(seconds) * 1000;
const ours = Buffer.alloc(MAX_READ);
const theirs = Buffer.alloc(MAX_READ);
let state = Number(seed) >>> 0 || 1;

/** xorshift32 (Marsaglia 2003). */
function random(below) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  state >>>= 0;
  return state % below;
}

/** Every path below a directory, with type and size of all but directories. */
function walk(root, path = '', found = []) {
  for (const name of readdirSync(join(root, path)).sort()) {
    const child = `${path}/${name}`;
    const status = lstatSync(join(root, child));
    if (status.isDirectory()) {
      found.push({ path: child, size: -1 });
      walk(root, child, found);
    } else {
      found.push({ path: child, size: status.size });
    }
  }
  return found;
}

function readRange(path, target, offset, length, flags) {
  const fd = openSync(path, constants.O_RDONLY | flags);
  try {
    let done = 0;
    while (done < length) {
      const got = readSync(fd, target, done, length - done, offset + done);
      if (got === 0) break;
      done += got;
    }
    return done;
  } finally {
    closeSync(fd);
  }
}

const expected = walk(reference);
const listing = JSON.stringify(expected);
const files = expected.filter(({ size }) => size > 0);
const result = { reads: 0, bytes: 0, walks: 0 };
// Every worker does one round at least, however busy the machine is.
const { ISODRIVE_STOP_FILE: stopFile = '' } = process.env;
const isOver = () => performance.now() >= end || existsSync(stopFile);
while (result.walks === 0 || !isOver()) {
  const mount = mounts[(2 * Number(seed) + result.walks) % mounts.length];
  if (JSON.stringify(walk(mount)) !== listing) throw new Error(`Tree of "${mount}" differs`);
  result.walks += 1;
  for (let i = 0; i < READS_PER_WALK; i += 1) {
    const { path, size } = files[random(files.length)];
    const offset = random(size);
    const length = 1 + random(Math.min(MAX_READ, size - offset));
    const flags = random(2) === 0 ? 0 : constants.O_DIRECT;
    const got = readRange(join(mount, path), ours, offset, length, flags);
    const wanted = readRange(join(reference, path), theirs, offset, length, 0);
    if (got !== wanted || ours.compare(theirs, 0, wanted, 0, got) !== 0) {
      throw new Error(`Bytes ${offset} to ${offset + length} of "${path}" in "${mount}" differ`);
    }
    result.reads += 1;
    result.bytes += got;
  }
}
process.stdout.write(JSON.stringify(result));
