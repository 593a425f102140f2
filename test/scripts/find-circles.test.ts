// Circles of imports that check-layers.mjs refuses: of files, and of folders beside each other.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const MODULE = join(import.meta.dirname, '..', '..', 'scripts', 'find-circles.mjs');

function findCircles(imports: Readonly<Record<string, readonly string[]>>): string[] {
  const program =
    `import { findCircles } from ${JSON.stringify(MODULE)};` +
    `console.log(JSON.stringify(findCircles(new Map(Object.entries(${JSON.stringify(imports)})))))`;
  const args = ['--input-type=module', '--eval', program];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as string[];
}

describe('circles of imports', () => {
  it('are not what a tree of files has', () => {
    expect(findCircles({ 'a/x.ts': ['b/y.ts'], 'b/y.ts': ['b/z.ts'], 'b/z.ts': [] })).toEqual([]);
  });

  it('are of files that need each other', () => {
    expect(findCircles({ 'a/x.ts': ['a/y.ts'], 'a/y.ts': ['a/z.ts'], 'a/z.ts': ['a/x.ts'] })).toEqual([
      'a/x.ts, a/y.ts, a/z.ts',
    ]);
  });

  it('are of folders beside each other whose files need each other', () => {
    expect(
      findCircles({ 'top/a/x.ts': ['top/b/y.ts'], 'top/b/z.ts': ['top/a/deep/w.ts'], 'top/b/y.ts': [] }),
    ).toEqual(['top/a, top/b (top/a/x.ts -> top/b/y.ts; top/b/z.ts -> top/a/deep/w.ts)']);
  });

  it('are not of a folder and those in it', () => {
    expect(findCircles({ 'a/table.ts': ['a/one/probe.ts'], 'a/one/probe.ts': ['a/contract.ts'] })).toEqual(
      [],
    );
  });
});
