// The process that mounts discs of given read plans (plan-mount.mjs), seen from a test.
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Segments } from '../../../src/disc/read-plan.js';
import type { PlannedBase } from '../builders/random-plan.js';

/** A run of the file: of the disc, zeros, or text that is not on it. */
export interface PlannedExtent {
  readonly stream?: number;
  readonly offset?: number;
  readonly added?: string;
  readonly length: number;
}

export interface PlanOrder {
  readonly directory: string;
  readonly bases: readonly {
    readonly path: string;
    readonly size: number;
    readonly units: PlannedBase['units'] | undefined;
  }[];
  readonly segments: Segments;
  /** Of streams raw and subchannel, where the disc has them. */
  readonly others: readonly Segments[];
  readonly extents: readonly PlannedExtent[];
  /** Bytes of decoded units that are kept. */
  readonly budget: number;
}

export interface PlanCounters {
  readonly reads: number;
  readonly decodedReads: number;
  /** Bytes of decoded units that are kept now that nothing is mounted. */
  readonly unitBytes: number;
}

export class PlanMounts {
  #child: ChildProcessWithoutNullStreams | undefined;
  #lines: AsyncIterator<string> | undefined;

  async mount(order: PlanOrder): Promise<void> {
    await this.#ask({ mount: order });
  }

  async unmount(): Promise<PlanCounters> {
    return JSON.parse(await this.#ask({ unmount: true })) as PlanCounters;
  }

  async end(): Promise<void> {
    if (this.#child === undefined) return;
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }

  async #ask(order: unknown): Promise<string> {
    this.#child ??= this.#start();
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
    const { done, value } = (await this.#lines!.next()) as IteratorResult<string, undefined>;
    if (done === true) throw new Error('The process that mounts has ended');
    return value;
  }

  #start(): ChildProcessWithoutNullStreams {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'plan-mount.mjs')]);
    child.stderr.pipe(process.stderr, { end: false });
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return child;
  }
}
