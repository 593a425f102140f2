// Closes every run with its counts, and says what the skipped tests lack: a line for each program or condition, and
// what to install for all. ISODRIVE_LIST_SKIPPED=1 names each of them. With CI set a skipped test fails the run:
// there everything is installed. ISODRIVE_MAY_SKIP lists, parted by commas, what a run in CI may lack ("root"), or is
// "all". A run in which tests leave files or mounts behind fails too.
import { listLeftovers } from './run-folder.js';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

const LACKS = 'lacks ';

interface Skipped {
  readonly name: string;
  /** What it lacks -> Debian's package of that, or ''. */
  readonly lacks: ReadonlyMap<string, string>;
}

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    let passed = 0;
    let failed = 0;
    const skipped: Skipped[] = [];
    for (const module of modules) {
      if (module.state() === 'failed' && [...module.children.allTests()].length === 0) failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        else if (state === 'failed') failed += 1;
        else skipped.push({ name: test.fullName, lacks: lacksOf(test) });
      }
    }
    const unexpected = process.env.CI === undefined ? [] : skipped.filter((test) => !maySkip(test));
    const left = listLeftovers();
    // One failure, as that of a test: whoever left them did not clean up.
    if (left.length > 0) failed += 1;
    const named = process.env.ISODRIVE_LIST_SKIPPED === undefined ? unexpected : skipped;
    const lines = [
      ...left.map((what) => `left behind by a test: ${what}`),
      ...named.map(({ name, lacks }) => `skipped: ${name}${describeLacks([...lacks.keys()])}`),
      ...summarize(skipped),
      ...(named.length < skipped.length ? ['ISODRIVE_LIST_SKIPPED=1 npm test names each skipped test'] : []),
      `${passed} passed, ${failed} failed, ${skipped.length} skipped`,
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
    if (unexpected.length > 0 || left.length > 0) process.exitCode = 1;
  }
}

function lacksOf(test: TestCase): Map<string, string> {
  const entries = Object.entries(test.meta()).filter(([key]) => key.startsWith(LACKS));
  return new Map(entries.map(([key, value]) => [key.slice(LACKS.length), String(value)]));
}

function maySkip({ lacks }: Skipped): boolean {
  const allowed = (process.env.ISODRIVE_MAY_SKIP ?? '').split(',');
  return allowed.includes('all') || [...lacks.keys()].some((what) => allowed.includes(what));
}

function describeLacks(names: readonly string[]): string {
  return names.length === 0 ? '' : ` (lacks ${names.join(', ')})`;
}

function summarize(skipped: readonly Skipped[]): string[] {
  const counts = new Map<string, number>();
  const packages = new Set<string>();
  for (const { lacks } of skipped) {
    for (const what of lacks.size === 0 ? ['a reason that has no name'] : lacks.keys()) {
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
    for (const name of lacks.values()) if (name !== '') packages.add(name);
  }
  const lines = [...counts]
    .sort(([left, a], [right, b]) => b - a || (left < right ? -1 : 1))
    .map(([what, count]) => `skipped for want of ${what}: ${count} ${count === 1 ? 'test' : 'tests'}`);
  if (packages.size > 0) {
    lines.push(`To run these as well: apt-get install ${[...packages].sort().join(' ')}`);
  }
  return lines;
}
