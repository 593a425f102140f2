// The command line: finds the command, runs it, and turns its end into an exit code. Nothing is loaded that the
// command does not need: its own start is a good part of what a user waits for.
import { setMaxListeners } from 'node:events';
import { constants } from 'node:os';
import { isSystemError, toIsodriveError } from '../base/error.js';
import type { CommandContext } from './command-spec.js';
import { COMMANDS } from './command-table.js';
import { readArguments } from '../base/path-text.js';
import { Output } from './output.js';
import { parseCommand } from './parse-command.js';
import { reportError } from './report-error.js';
import { SIGNAL_EXIT } from './signal-exit.js';

async function main(argv: readonly string[]): Promise<void> {
  const isBrokenPipe = (thrown: unknown): boolean => isSystemError(thrown) && thrown.code === 'EPIPE';
  // Whoever reads has had enough, as `head` does: that is no fault, and there is nobody left to write for.
  process.stdout.on('error', (error) => {
    if (isBrokenPipe(error)) process.exit(0);
  });
  process.stderr.on('error', () => undefined);
  const output = new Output({
    stdout: process.stdout,
    stderr: process.stderr,
    json: isJsonWanted(argv),
    stdoutIsTerminal: process.stdout.isTTY,
    stderrIsTerminal: process.stderr.isTTY,
  });
  const interrupt = new AbortController();
  // As many listen as reads are under way, of which there may be many, and each leaves when its read is done.
  setMaxListeners(0, interrupt.signal);
  let signalExit: number | undefined;
  let hasEnded = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // Something that the command has left open keeps the process; the exit code is known.
      if (hasEnded) process.exit();
      // The second signal means that the first was not obeyed soon enough.
      if (signalExit !== undefined) process.exit(signalExit);
      signalExit = SIGNAL_EXIT + constants.signals[signal];
      interrupt.abort();
    });
  }
  try {
    const code = await run(argv, { commands: COMMANDS, output, signal: interrupt.signal, takeSignals });
    await output.flush();
    process.exitCode = signalExit ?? code;
  } catch (thrown) {
    if (isBrokenPipe(thrown)) process.exit(0);
    await output.flush().catch(() => undefined);
    const exit = reportError(thrown, output);
    const isInterrupted = toIsodriveError(thrown).code === 'cancelled';
    process.exitCode = isInterrupted ? (signalExit ?? exit) : exit;
  }
  hasEnded = true;
}

const takeSignals: CommandContext['takeSignals'] = (signals, handle) => {
  for (const signal of signals) {
    const others = process.rawListeners(signal) as NodeJS.SignalsListener[];
    process.on(signal, () => handle(signal));
    // Afterwards: without any, the signal would end this process.
    for (const other of others) process.off(signal, other);
  }
};

async function run(argv: readonly string[], context: CommandContext): Promise<number> {
  const { spec, args } = parseCommand(argv);
  const command = await spec.load();
  return (await command(args, context)) ?? 0;
}

/** Known before parsing, because mistakes in the command line are reported in JSON too. */
function isJsonWanted(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes('--json');
}

void main(readArguments());
