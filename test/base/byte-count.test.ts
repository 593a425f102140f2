// Numbers of bytes in messages; that none is written otherwise is a rule of the lint.
import { expect, it } from 'vitest';
import { countBytes } from '../../src/base/byte-count.js';

it.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [1n, '1 byte'],
  [2, '2 bytes'],
])('%s in a message is "%s"', (count, text) => expect(countBytes(count)).toBe(text));
