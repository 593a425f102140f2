// Reads a directory tree in a child process, as manifest entries. See list-tree.mjs for why it is a child.
import { join } from 'node:path';
import type { CommandOptions } from '../../../scripts/support/run-command.js';
import { mustRun } from '../../../scripts/support/run-command.js';
import type { ManifestEntry } from '../judges/manifest.js';
import { parseManifest } from '../judges/manifest.js';

export interface ListTreeOptions extends CommandOptions {
  /** Hash the content of files (default true). */
  readonly content?: boolean;
}

/** Everything below `directory`, itself included as "/". Rejects when the child hangs or crashes. */
export async function listTree(
  directory: string,
  options: ListTreeOptions = {},
): Promise<readonly ManifestEntry[]> {
  const { content = true, ...rest } = options;
  const program = join(import.meta.dirname, 'list-tree.mjs');
  const args = [program, directory, ...(content ? [] : ['--no-hash'])];
  const { stdout } = await mustRun(process.execPath, args, rest);
  return parseManifest(stdout.toString()).entries;
}
