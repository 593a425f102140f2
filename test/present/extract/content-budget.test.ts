// What is written of an image follows from its size, however often its files share their bytes.
import { describe, expect, it } from 'vitest';
import {
  ContentBudget,
  MAX_CONTENT_ROUNDS,
  SPARE_CONTENT_BYTES,
} from '../../../src/present/extract/content-budget.js';

const SIZE = 1_000_000;
const ALL = SPARE_CONTENT_BYTES + MAX_CONTENT_ROUNDS * SIZE;

describe('The budget of content', () => {
  it('gives all that it has, and refuses more as a loop', () => {
    const budget = new ContentBudget('disc.iso', SIZE);
    budget.take(ALL - 1, false);
    expect(() => budget.take(2, false)).toThrow(/Cannot extract more of "disc.iso"/u);
    budget.take(1, false);
    expect(() => budget.take(1, false)).toThrow(expect.objectContaining({ code: 'loop' }) as Error);
  });

  it('counts decoded bytes for less, as they may be many more than those that are stored', () => {
    const budget = new ContentBudget('disc.iso', SIZE);
    budget.take(4 * ALL, true);
    expect(() => budget.take(4, true)).toThrow();
  });
});
