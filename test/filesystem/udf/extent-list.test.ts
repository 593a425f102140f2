// The runs of one file of UDF: joined, cut, filled up, and small in memory.
import { describe, expect, it } from 'vitest';
import { ExtentList, MAX_RUNS } from '../../../src/filesystem/udf/extent-list.js';
import { heldBytes } from '../../support/held-memory.js';

function listOf(...runs: [number | undefined, number][]): ExtentList {
  const list = new ExtentList();
  for (const [offset, length] of runs) list.add(offset, length);
  return list;
}

describe('an extent list', () => {
  it('joins runs and holes that follow one another', () => {
    const list = listOf([100, 10], [110, 5], [undefined, 3], [undefined, 4], [0, 2], [500, 0]);
    const expected = [
      { offset: 100, length: 15 },
      { offset: undefined, length: 7 },
      { offset: 0, length: 2 },
    ];
    expect([...list]).toEqual(expected);
    expect([0, 1, 2, 3].map((i) => list.at(i))).toEqual([...expected, undefined]);
    expect([list.size, list.length, list.takeSteps(), list.takeSteps()]).toEqual([24, 3, 5, 0]);
  });

  it.each([
    ['cuts whole runs and a part of one', 12, 1, undefined, [[100, 12]]],
    [
      'fills up the last block, then with a hole',
      30,
      4,
      undefined,
      [
        [100, 10],
        [200, 6],
        [undefined, 14],
      ],
    ],
    [
      'fills up with bytes that are not there',
      30,
      1,
      999,
      [
        [100, 10],
        [200, 5],
        [999, 15],
      ],
    ],
  ] as const)('%s', (_, size, blockSize, missingAt, expected) => {
    const list = size < 15 ? listOf([100, 15], [200, 5]) : listOf([100, 10], [200, 5]);
    list.fit(size, blockSize, missingAt);
    expect([...list].map(({ offset, length }) => [offset, length])).toEqual(expected);
    expect(list.size).toBe(size);
  });

  it('has MAX_RUNS runs and no more, and then those of the next file', () => {
    const list = new ExtentList();
    for (let i = 0; i < MAX_RUNS; i += 1) list.add(10 * i, 5);
    expect([list.length, list.isCut]).toEqual([MAX_RUNS, false]);
    list.add(10 * MAX_RUNS, 5);
    expect([list.length, list.isCut]).toEqual([MAX_RUNS, true]);
    list.clear();
    list.add(7, 1);
    expect([[...list], list.size, list.isCut]).toEqual([[{ offset: 7, length: 1 }], 1, false]);
  });

  it('holds two numbers a run, and no object', () => {
    const list = new ExtentList();
    const before = heldBytes();
    for (let i = 0; i < MAX_RUNS; i += 1) list.add(10.5 * i, 5);
    expect((heldBytes() - before) / MAX_RUNS).toBeLessThan(24);
    expect(list.length).toBe(MAX_RUNS);
  });
});
