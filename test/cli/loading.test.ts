// What a command loads before it does anything: its start is most of what a user waits for.
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const PROJECT = join(import.meta.dirname, '..', '..');
const CLI = join(PROJECT, 'src', 'cli');
const IMPORT = /^(?:import|export) (?!type\b)[^;]*?from '([^']+)'/gmu;
/** Commands that have everything done by the daemon. */
const SHORT = ['mount', 'unmount', 'list', 'status', 'daemon-stop', 'version', 'run'];

/** Modules that are loaded with one, as paths in the project, and names of packages; what Node brings is left out. */
function findLoaded(start: string): string[] {
  const found = new Set<string>();
  const waiting = [start];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    for (const [, name] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      if (name!.startsWith('.')) waiting.push(join(dirname(file), name!.replace(/\.js$/u, '.ts')));
      else if (!name!.startsWith('node:')) found.add(name!);
    }
  }
  return [...found].map((file) => (file.startsWith('/') ? relative(PROJECT, file) : file));
}

describe('The command line loads', () => {
  it.each(SHORT)('neither parsers nor packages for "%s"', (command) => {
    const loaded = [
      ...findLoaded(join(CLI, 'main.ts')),
      ...findLoaded(join(CLI, 'commands', `${command}.ts`)),
    ];
    expect(loaded).toContain('src/protocol/messages.ts');
    expect(loaded.filter((path) => !path.startsWith('src/') && !path.startsWith('native/'))).toEqual([]);
    const parsers = /^src\/(container|index|image|imaging|drive|filesystem\/(?!contract\/file-tree\.ts))/u;
    expect(loaded.filter((path) => parsers.test(path))).toEqual([]);
  });

  it('parsers where the command reads the image itself', () => {
    expect(findLoaded(join(CLI, 'commands', 'ls.ts'))).toContain('src/image/open-image.ts');
  });
});
