// Starts programs with words and variables that are not UTF-8: Node encodes all it hands on as UTF-8, so a shell puts
// such words together and has the program take its place.
import { encodePath, holdsRawBytes } from './path-text.js';

/** What to spawn. */
export interface SpawnableProgram {
  readonly program: string;
  readonly parameters: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** What shells keep of their environment (POSIX 8.1); they may drop the rest. */
const SHELL_VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** As a format of printf it is itself; "-" would begin an option. */
const PLAIN_CHARACTER = /[A-Za-z0-9 _./:=,+@]/;

/** A program, its parameters and its whole environment; as they are where all of it is UTF-8. */
export function spawnableProgram(
  words: readonly [string, ...string[]],
  environment: Readonly<Record<string, string | undefined>>,
): SpawnableProgram {
  const variables = Object.entries(environment).filter(([, value]) => value !== undefined) as [
    string,
    string,
  ][];
  const [program, ...parameters] = words;
  if (![...words, ...variables.flat()].some(holdsRawBytes))
    return { program, parameters, environment: Object.fromEntries(variables) };
  const isKept = ([name, value]: readonly [string, string]): boolean =>
    SHELL_VARIABLE.test(name) && !holdsRawBytes(value);
  const added = variables.filter((variable) => !isKept(variable)).map(([name, value]) => `${name}=${value}`);
  // env would take a program with "=" in its name for one more variable.
  const inner = added.length > 0 && program.includes('=') ? ['/bin/sh', '-c', 'exec "$@"', 'sh'] : [];
  const all = [...(added.length > 0 ? ['/usr/bin/env', '--', ...added] : []), ...inner, ...words];
  const plain = all.filter((word) => !holdsRawBytes(word));
  let place = 0;
  const expressions = all.map((word) => (holdsRawBytes(word) ? expression(word) : `"\${${(place += 1)}}"`));
  return {
    program: '/bin/sh',
    parameters: ['-c', `exec ${expressions.join(' ')}`, 'sh', ...plain],
    environment: Object.fromEntries(variables.filter(isKept)),
  };
}

/** The word, for a shell; ends of lines stand behind "$(...)", which would cut them off. */
function expression(word: string): string {
  const body = word.replace(/\n+$/, '');
  const format = Array.from(encodePath(body), (byte) => {
    const character = String.fromCharCode(byte);
    return PLAIN_CHARACTER.test(character) ? character : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"$(printf '${format.join('')}')${'\n'.repeat(word.length - body.length)}"`;
}
