// Reads a mount again and again, past the page cache, and compares with the tree that its image was made of; while
// the mount is away, it tries again. Prints {"reads", "lost"}: rounds that ended well, and those that ended with an
// error of a mount that is away. Anything else ends it with status 1. Usage: node patient-reader.mjs REFERENCE MOUNT
// SEED; ends when ISODRIVE_STOP_FILE is there.
import { constants, existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const [, , reference, mount, seed] = process.argv;
/** Of a connection that was aborted, is not there any more, and of the empty directory below until the next is. */
const AWAY = new Set(['ENOTCONN', 'ECONNABORTED', 'EIO', 'ENOENT']);
const PAUSE = 20;
const { ISODRIVE_STOP_FILE: stopFile = '' } = process.env;

const files = readdirSync(reference, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(reference.length));
const expected = new Map(files.map((path) => [path, readFileSync(join(reference, path))]));
const result = { reads: 0, lost: 0 };

for (let round = Number(seed); !existsSync(stopFile); round += 7) {
  const path = files[round % files.length];
  try {
    const bytes = readFileSync(join(mount, path), { flag: constants.O_RDONLY | constants.O_DIRECT });
    if (!bytes.equals(expected.get(path))) throw new Error(`"${path}" differs`);
    result.reads += 1;
  } catch (error) {
    if (!AWAY.has(error.code)) throw error;
    result.lost += 1;
    await setTimeout(PAUSE);
  }
}
process.stdout.write(JSON.stringify(result));
