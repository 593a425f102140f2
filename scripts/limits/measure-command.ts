// What a command of isodrive costs for one image. It is ended when it has used several times its processor time, so
// that a breach costs no hours.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { secondsBound } from './bounds.js';
import type { Usage } from './report-usage.js';

export const COMMANDS = ['ls', 'info', 'map', 'verify', 'extract'] as const;
export type CommandName = (typeof COMMANDS)[number];

/** A command may take this many times its bound before it is ended. */
const RUNAWAY = 4;
/** Milliseconds of wall time for one that waits and uses no processor. */
const HANG = 1_800_000;

export interface CommandEnd {
  readonly end: string;
  readonly usage: Usage | undefined;
}

export interface CommandPlace {
  readonly imageBytes: number;
  readonly folder: string;
  readonly outputs: string;
  readonly program: string;
}

function argumentsOf(name: CommandName, image: string, output: string): string[] {
  switch (name) {
    case 'ls':
      return ['ls', '-R', image];
    case 'extract':
      return ['extract', image, '-C', output];
    case 'info':
    case 'map':
    case 'verify':
      return [name, image];
  }
}

/** Runs it with a scratch folder of its own below `folder`, and writes below `outputs`; `program` is isodrive.cjs. */
export async function measureCommand(
  name: CommandName,
  image: string,
  { imageBytes, folder, outputs, program }: CommandPlace,
): Promise<CommandEnd> {
  const output = mkdtempSync(join(outputs, 'isodrive-extracted-'));
  const usageFile = join(folder, 'usage.json');
  rmSync(usageFile, { force: true });
  const reporter = pathToFileURL(join(import.meta.dirname, 'report-usage.js')).href;
  const node = [process.execPath, '--import', reporter, program, ...argumentsOf(name, image, output)];
  const seconds = Math.ceil(RUNAWAY * secondsBound(imageBytes));
  const child = spawn('sh', ['-c', `ulimit -t ${seconds}; exec "$@"`, 'sh', ...node], {
    stdio: 'ignore',
    timeout: HANG,
    killSignal: 'SIGKILL',
    env: { ...process.env, ISODRIVE_USAGE_FILE: usageFile },
  });
  const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  rmSync(output, { recursive: true, force: true });
  const usage = existsSync(usageFile) ? (JSON.parse(readFileSync(usageFile, 'utf8')) as Usage) : undefined;
  return { end: signal ?? String(status), usage };
}
