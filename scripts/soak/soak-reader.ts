// A reader process (reader.cc) and what it told: counts, pauses, and failures, each of which is judged by what was
// allowed to fail at that time. Pauses are times between two reports, and so hold those of a busy machine.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';

/** Milliseconds between two operations of a reader: many readers share the processors with what they disturb. */
const PAUSE = 25;
const ERRNO_NAMES = new Map<number, string>([
  ...Object.entries(constants.errno).map(([name, number]) => [number, name] as const),
  [-1, 'EMPTY'],
  [-2, 'SIGBUS'],
]);
const LINE = /^([ew]) (-?\d+) (\d+) (.*)$/su;

/**
 * What may fail: errors by name, where `EMPTY` is an empty directory in a mount's place, and `WRONG` content that
 * differs.
 */
export type Fault = 'ENOTCONN' | 'ECONNABORTED' | 'EIO' | 'ENOENT' | 'ESTALE' | 'EMPTY' | 'SIGBUS' | 'WRONG';

interface Allowance {
  readonly faults: ReadonlySet<string>;
  readonly from: number;
  to: number;
}

export interface SoakReaderOptions {
  readonly program: string;
  readonly name: string;
  readonly manifest: string;
  readonly root: string;
  readonly seed: number;
  /** Operations after which it ends; for ever where absent. */
  readonly limit?: number;
}

/** What all readers of one name did. */
export class ReaderTotals {
  operations = 0;
  bytes = 0;
  /** Failures that were allowed. */
  expected = 0;
  /** Failures that nothing allowed, in words. */
  readonly failedReads: string[] = [];
  readonly wrongBytes: string[] = [];

  add(other: ReaderTotals): void {
    this.operations += other.operations;
    this.bytes += other.bytes;
    this.expected += other.expected;
    this.failedReads.push(...other.failedReads);
    this.wrongBytes.push(...other.wrongBytes);
  }
}

/** Milliseconds of CLOCK_MONOTONIC, which readers report in. */
function now(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

export class SoakReader extends ReaderTotals {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #allowances: Allowance[] = [];
  #lastReport = now();
  #longestPause = 0;
  #isStopped = false;

  constructor(options: SoakReaderOptions) {
    const { program, name, manifest, root, seed, limit = 0 } = options;
    super();
    this.name = name;
    this.#child = spawn(program, [manifest, root, `${seed}`, `${PAUSE}`, `${limit}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#ended = once(this.#child, 'close').then(() => {
      if (!this.#isStopped && limit === 0) this.failedReads.push(`${name}: its reader ended`);
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#take(line));
  }

  /**
   * Until the function that is given is called, these are no failures. Reads that begin before and end within it
   * count.
   */
  allow(...faults: Fault[]): () => void {
    const allowance = { faults: new Set<string>(faults), from: now(), to: Infinity };
    this.#allowances.push(allowance);
    return () => (allowance.to = now());
  }

  endAllowances(): void {
    for (const allowance of this.#allowances) allowance.to = Math.min(allowance.to, now());
  }

  /** Forgets pauses so far. */
  mark(): void {
    this.#longestPause = 0;
    this.#lastReport = now();
  }

  /** Longest time without a report since `mark`, in milliseconds. */
  get longestPause(): number {
    return Math.max(this.#longestPause, now() - this.#lastReport);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Settles when it ended by itself, after its limit of operations. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  /** A reader that waits for a dead medium ends when that does; nobody waits for it longer than that. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #take(line: string): void {
    if (line.startsWith('p ')) {
      const [, operations, bytes, time] = line.split(' ').map(Number);
      this.operations = operations!;
      this.bytes = bytes!;
      this.#longestPause = Math.max(this.#longestPause, time! - this.#lastReport);
      this.#lastReport = time!;
      return;
    }
    const [, kind, errno, start, what] = LINE.exec(line) ?? [];
    if (kind === undefined) this.failedReads.push(`${this.name}: "${line}"`);
    else this.#judge(kind === 'w' ? 'WRONG' : nameOf(Number(errno)), Number(start), what!);
  }

  #judge(fault: string, start: number, what: string): void {
    const time = now();
    const isAllowed = this.#allowances.some(
      ({ faults, from, to }) => faults.has(fault) && start <= to && time >= from,
    );
    if (isAllowed) this.expected += 1;
    else (fault === 'WRONG' ? this.wrongBytes : this.failedReads).push(`${this.name}: ${fault} ${what}`);
  }
}

function nameOf(errno: number): string {
  return ERRNO_NAMES.get(errno) ?? `errno ${errno}`;
}
