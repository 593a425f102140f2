// Closes every run with one plain line of counts and names each skipped test, so that none is skipped unseen.
// With CI set, a skipped test fails the run: there every tool must be installed.
import type { Reporter, TestModule } from 'vitest/node';

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    let passed = 0;
    let failed = 0;
    const skipped: string[] = [];
    for (const module of modules) {
      if (module.state() === 'failed' && [...module.children.allTests()].length === 0) failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        else if (state === 'failed') failed += 1;
        else skipped.push(test.fullName);
      }
    }
    const lines = skipped.map((name) => `skipped: ${name}`);
    lines.push(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
    process.stdout.write(`${lines.join('\n')}\n`);
    if (process.env.CI !== undefined && skipped.length > 0) process.exitCode = 1;
  }
}
