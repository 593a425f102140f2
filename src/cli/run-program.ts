// Runs somebody's program in the foreground as if it had been started directly: same terminal, signals passed on, and
// its end told as a shell does.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { IsodriveError, isSystemError } from '../base/error.js';
import { readEnvironment } from '../base/environment.js';
import { nameSystemError } from '../base/system-error.js';
import { spawnableProgram } from '../base/raw-words.js';
import type { CommandContext } from './command-spec.js';
import { SIGNAL_EXIT } from './signal-exit.js';

export interface ProgramOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** Handed on as descriptor 3. */
  readonly descriptor: number;
  /** Takes the signals that this process is sent from now on. */
  readonly takeSignals: CommandContext['takeSignals'];
}

/** Sent to us and not by a terminal, which sends its signals to the program as well. */
const PASSED_ON: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGCONT'];
/** Sent by terminals, to every process of the foreground. */
const OF_TERMINALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/**
 * Gives the exit code: the program's own, or 128 and the signal's number. Rejects with `program-not-found`, or
 * `program-not-run` when it cannot be.
 */
export function runProgram(
  [program, ...parameters]: readonly [string, ...string[]],
  { environment, descriptor, takeSignals }: ProgramOptions,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const fromTerminal = process.stdin.isTTY;
    const signals = fromTerminal ? PASSED_ON : [...PASSED_ON, ...OF_TERMINALS];
    // Before the program starts: what is sent as soon as it does is meant for it. Handlers run in a later turn.
    takeSignals([...PASSED_ON, ...OF_TERMINALS], (signal) => {
      if (signals.includes(signal)) child.kill(signal);
    });
    const spawnable = spawnableProgram([program, ...parameters], { ...readEnvironment(), ...environment });
    const child = spawn(spawnable.program, spawnable.parameters, {
      stdio: ['inherit', 'inherit', 'inherit', descriptor],
      env: spawnable.environment,
    });
    child.once('error', (error) => reject(refuseStart(program, error)));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? (code ?? 1) : SIGNAL_EXIT + constants.signals[signal]),
    );
  });
}

function refuseStart(program: string, cause: Error): IsodriveError {
  const isMissing = isSystemError(cause) && cause.code === 'ENOENT';
  return new IsodriveError(
    isMissing ? 'program-not-found' : 'program-not-run',
    `Cannot run "${program}": ${isMissing ? 'found no such program' : nameSystemError(cause)}, expected a program`,
    { cause },
  );
}
