// Runs in columns: in order, and as they were given.
import { describe, expect, it } from 'vitest';
import { RunTable } from '../../src/image/run-table.js';

const runs = [
  { row: 7, start: 2 ** 33, end: 2 ** 33 + 5, fileOffset: 0 },
  { row: 2, start: 10, end: 20, fileOffset: 4 },
  { row: 3, start: 10, end: 40, fileOffset: 0 },
];

describe('A table of runs', () => {
  it('has them by start, of equal starts the longer first', () => {
    const table = new RunTable(5, runs);
    expect([...table]).toEqual([runs[2], runs[1], runs[0]]);
    expect([table.length, table.start(2), table.end(0)]).toEqual([3, 2 ** 33, 40]);
    expect(table.files).toEqual(new Set([2, 3, 7]));
  });

  it('may be empty', () => {
    expect([...new RunTable(0, [])]).toEqual([]);
  });
});
