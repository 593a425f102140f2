// What the journal of systemd is told of a line.
import { describe, expect, it } from 'vitest';
import { addPriority } from '../../daemon/log.js';

describe('A line of the log', () => {
  it.each([
    [60, 2],
    [50, 3],
    [40, 4],
    [30, 6],
    [20, 7],
    [10, 7],
  ])('of level %i goes to the journal with priority %i', (level, priority) => {
    const line = `{"level":${level},"msg":"x"}\n`;
    expect(addPriority(line)).toBe(`<${priority}>${line}`);
  });
});
