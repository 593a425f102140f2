// Every image that once showed a fault gives its right value on the command line.
import { describe, expect, it } from 'vitest';
import { FAULT_CASES } from '../../scripts/faults/cases.js';
import { runCase } from '../../scripts/faults/run-case.js';

describe('images that once showed a fault', () => {
  it.each(FAULT_CASES.map((entry) => [entry.file, entry.fault, entry] as const))(
    '%s: %s',
    (_file, _fault, entry) => {
      expect(runCase(entry)).toBe(entry.expected);
    },
  );
});
