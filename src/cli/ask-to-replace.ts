// Asks on a terminal whether a file that is there may be replaced.
import { escapeHostText } from '../base/display-name.js';
import type { AskToReplace, ReplaceAnswer } from '../present/extract/existing-entries.js';
import type { Output } from './output.js';

const ANSWERS: ReadonlyMap<string, ReplaceAnswer> = new Map([
  ['y', 'yes'],
  ['n', 'no'],
  ['a', 'all'],
  ['s', 'none'],
  ['q', 'quit'],
]);

/** Undefined where nobody can answer. `clear`: called before each question, to take a progress line away. */
export function chooseQuestion(
  output: Output,
  clear: () => void,
  signal: AbortSignal,
): AskToReplace | undefined {
  if (output.json || !output.stderrIsTerminal || !process.stdin.isTTY) return undefined;
  return async (path) => {
    clear();
    // Loaded for who is asked alone: the start of each command counts.
    const { createInterface } = await import('node:readline/promises');
    const lines = createInterface({ input: process.stdin, output: output.stderr });
    try {
      const question = `Replace ${escapeHostText(path)}? [y]es [n]o [a]ll [s]kip all [q]uit: `;
      for (;;) {
        const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('q')));
        const line = await Promise.race([lines.question(question, { signal }), closed]);
        const answer = ANSWERS.get(line.trim().slice(0, 1).toLowerCase());
        if (answer !== undefined) return answer;
      }
    } finally {
      lines.close();
    }
  };
}
