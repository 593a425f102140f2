// The command that another command is to run, from the words behind "--".
import { IsodriveError } from '../base/error.js';

/** The words of a command line as program and parameters. Throws `usage` when there are none. */
export function readProgram(words: readonly string[]): readonly [string, ...string[]] {
  const [program, ...parameters] = words;
  if (program !== undefined) return [program, ...parameters];
  throw new IsodriveError('usage', 'Command to run is missing, expected one behind "--"', {
    action: 'See isodrive help run',
  });
}
