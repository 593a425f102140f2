// Reads two files block by block and prints, as JSON, the blocks of the first that cannot be read or differ.
// Usage: node compare-blocks.mjs FILE REFERENCE BLOCK_BYTES
import { closeSync, openSync, readSync, statSync } from 'node:fs';

const [, , path, reference, blockBytes] = process.argv;
const size = Number(blockBytes);
const blocks = Math.ceil(statSync(reference).size / size);
const files = [openSync(path, 'r'), openSync(reference, 'r')];
const [ours, theirs] = [Buffer.alloc(size), Buffer.alloc(size)];
const different = [];
for (let block = 0; block < blocks; block += 1) {
  const expected = readSync(files[1], theirs, 0, size, block * size);
  try {
    const got = readSync(files[0], ours, 0, size, block * size);
    if (got !== expected || ours.compare(theirs, 0, got, 0, got) !== 0)
      different.push({ block, why: 'differs' });
  } catch (error) {
    different.push({ block, why: error.code });
  }
}
files.forEach((file) => closeSync(file));
process.stdout.write(JSON.stringify(different));
