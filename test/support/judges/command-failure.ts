// What a failing command says with --json: the last line of stderr (DESIGN section 7 of the error contract).
import { expect } from 'vitest';
import type { CommandResult } from '../../../scripts/support/run-command.js';

export interface CommandFailure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly exit: number;
}

/** Checks that a command failed in the one way all failures have, and gives what it said. */
export function expectFailure(result: CommandResult): CommandFailure {
  expect(result.timedOut, 'command hung').toBe(false);
  const lastLine = result.stderr.trimEnd().split('\n').at(-1) ?? '';
  const failure = JSON.parse(lastLine) as CommandFailure;
  expect(failure).toEqual({
    code: expect.any(String) as string,
    message: expect.stringMatching(/^[^a-z].*[^.]$/s) as string,
    hint: expect.stringMatching(/\S/) as string,
    exit: result.status,
  });
  return failure;
}
