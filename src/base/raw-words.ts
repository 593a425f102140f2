// Starts programs with words that are not UTF-8: Node encodes all it hands on as UTF-8, so a shell puts such words together
// and has the program take its place.
import { encodePath, holdsRawBytes } from './path-text.js';

/**
 * What to spawn for a program, its parameters and variables that are added to its environment; the words as they are where
 * all of them are UTF-8.
 */
export function spawnableWords(
  words: readonly [string, ...string[]],
  variables: Readonly<Record<string, string>> = {},
): readonly [string, string[]] {
  const raw = Object.entries(variables).filter(([, value]) => holdsRawBytes(value));
  const [program, ...parameters] = words;
  if (raw.length === 0 && !words.some(holdsRawBytes)) return [program, parameters];
  const lines = [
    ...raw.map(([name, value]) => `${read(value)}; export ${name}="\${v%.}"`),
    ...words.map((word) => `${read(word)}; set -- "$@" "\${v%.}"`),
  ];
  return ['/bin/sh', ['-c', `${lines.join('; ')}; unset v; exec "$@"`]];
}

/** Sets "v" to the word and a dot, which keeps ends of lines from being cut off by "$(...)". */
function read(word: string): string {
  const octal = Array.from(encodePath(word), (byte) => `\\${byte.toString(8).padStart(3, '0')}`);
  return `v=$(printf '${octal.join('')}.')`;
}
