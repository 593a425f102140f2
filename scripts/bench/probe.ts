// Compiles probe.cc once and runs its measurements.
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from '../support/run-command.js';

/** What one measurement did. */
export interface Sample {
  /** Operations: entries, files or calls. */
  readonly count: number;
  readonly bytes: number;
  readonly seconds: number;
}

export interface Probe {
  /** getdents64 and lstat of every entry below a directory. */
  walk(directory: string): Promise<Sample>;
  /** open, read to the end, close of every file below a directory, whose listing is not measured. */
  smallFiles(directory: string): Promise<Sample>;
  /** One file from start to end in calls of 1 MiB. */
  sequential(file: string): Promise<Sample>;
  /** 4 KiB reads at positions that never repeat: `skip` positions of the file's fixed permutation are left out. */
  random(file: string, readers: number, skip: number, each: number): Promise<Sample>;
}

/** Compiles into `folder`, unless this very source has been compiled there. Rejects with the compiler's words. */
export async function compileProbe(source: string, folder: string): Promise<Probe> {
  const text = await readFile(source);
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
  await mkdir(folder, { recursive: true });
  const program = join(folder, `probe-${digest}`);
  const exists = await access(program).then(
    () => true,
    () => false,
  );
  if (!exists) {
    const unfinished = `${program}.${process.pid}`;
    await mustRun(process.env.CXX ?? 'c++', ['-std=c++20', '-O2', '-o', unfinished, source]);
    await rename(unfinished, program);
  }
  const run = async (...args: string[]): Promise<Sample> => {
    const { stdout } = await mustRun(program, args, { timeout: 600_000 });
    return JSON.parse(stdout.toString()) as Sample;
  };
  return {
    walk: (directory) => run('walk', directory),
    smallFiles: (directory) => run('small', directory),
    sequential: (file) => run('sequential', file),
    random: (file, readers, skip, each) => run('random', file, `${readers}`, `${skip}`, `${each}`),
  };
}
