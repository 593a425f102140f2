// `npm run faults`: runs every image that once showed a fault and prints a table of what it gives. Ends with 1 when a
// value is wrong.
import { FAULT_CASES } from './cases.js';
import { runCase } from './run-case.js';

/** Longest value that stands in the table as it is. */
const VALUE_LENGTH = 60;

function shorten(value: string): string {
  return value.length > VALUE_LENGTH ? `${value.slice(0, VALUE_LENGTH)}...` : value;
}

let wrong = 0;
for (const entry of FAULT_CASES) {
  const observed = runCase(entry);
  const isRight = observed === entry.expected;
  if (!isRight) wrong += 1;
  process.stdout.write(
    `${isRight ? 'ok   ' : 'WRONG'}  ${entry.file.padEnd(36)}${entry.fault}: ${shorten(observed)}\n`,
  );
  if (!isRight) process.stdout.write(`       expected ${entry.expected}\n`);
}
process.stdout.write(`${FAULT_CASES.length - wrong} right, ${wrong} wrong\n`);
process.exitCode = wrong === 0 ? 0 : 1;
