// Fails when a source file is too long to be about one thing, has lines that are too long to be read, is not plain
// ASCII, or does not say at its top what it is for.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const MAX_LINES = 400;
const MAX_TEST_LINES = 600;
const MAX_COLUMNS = 120;
/** A text or a pattern that is one word to the formatter. */
const LITERAL = /['"`/]/;
const COMMENT = /^\s*(\/\/|\/?\*)/;
const SOURCE = /\.(ts|mjs|cc|hh)$/;

const faults = [];
for (const folder of ['daemon', 'src', 'native', 'scripts', 'test']) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !SOURCE.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    check(relative(root, path), readFileSync(path), folder === 'test' ? MAX_TEST_LINES : MAX_LINES);
  }
}

function check(path, bytes, maxLines) {
  const lines = bytes.toString('latin1').split('\n');
  const count = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  if (count > maxLines) faults.push(`${path}: found ${count} lines, expected at most ${maxLines}`);
  const odd = lines.findIndex((line) => /[^\x20-\x7e\t]/.test(line));
  if (odd >= 0) faults.push(`${path}:${odd + 1}: found a byte that is not printable ASCII`);
  const wide = lines.findIndex(
    (line) => line.length > MAX_COLUMNS && (COMMENT.test(line) || !LITERAL.test(line)),
  );
  if (wide >= 0)
    faults.push(`${path}:${wide + 1}: found ${lines[wide].length} columns, expected at most ${MAX_COLUMNS}`);
  // A .cc file's purpose stands in its header.
  if (!path.endsWith('.cc') && !/^(#!|\/\/|\/\*)/.test(lines[0] ?? ''))
    faults.push(`${path}: found no comment at its top, expected its purpose`);
}

for (const fault of faults) process.stderr.write(`${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
