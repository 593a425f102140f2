// How a command says what went wrong: a message and a hint for people, or one line of JSON, which is the last.
import { toIsodriveError } from '../base/error.js';
import { explainFileError } from '../base/system-error.js';
import type { Output } from './output.js';

/** Prints the error on stderr; gives the exit code. */
export function reportError(thrown: unknown, output: Output): number {
  const error = toIsodriveError(explainFileError(thrown));
  const { exit } = error.kind;
  if (output.json) {
    const { code, message, action: hint, details } = error;
    const more = details.length === 0 ? {} : { details };
    output.stderr.write(`${JSON.stringify({ code, message, ...more, hint, exit })}\n`);
  } else {
    output.note(error.message);
    for (const line of error.details) output.stderr.write(`  ${line}\n`);
    output.hint(error.action);
    // A defect cannot be understood without it.
    if (error.code === 'internal' && error.cause instanceof Error)
      output.stderr.write(`${error.cause.stack ?? ''}\n`);
  }
  return exit;
}
