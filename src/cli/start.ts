#!/usr/bin/env node
// Where the command line starts: from Node 22.8 on, what was compiled of it is kept for the next time, in a folder that
// belongs to its user alone. It works without.
import { statSync } from 'node:fs';
import module from 'node:module';
import { isAbsolute, join } from 'node:path';

function keepCompiledCode(): void {
  const { enableCompileCache } = module as { enableCompileCache?: (directory: string) => unknown };
  const { HOME: home = '', XDG_CACHE_HOME: cache = join(home, '.cache') } = process.env;
  if (enableCompileCache === undefined || !isAbsolute(home) || !isAbsolute(cache)) return;
  try {
    // With sudo the home may be another user's, who could then not write there any more.
    if (statSync(home).uid === process.getuid?.()) enableCompileCache(join(cache, 'isodrive', 'compiled'));
  } catch {
    // There is no such home.
  }
}

keepCompiledCode();
await import('./main.js');
