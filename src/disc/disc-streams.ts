// The streams of a disc that files are made of, and the one plan by which native code reads them all.
import type { Disc } from './disc.js';
import { planNatively } from './native-plan.js';
import type { NativePlan } from './native-plan.js';
import type { PlanStream } from './plan-stream.js';
import { STREAM } from './read-plan.js';

export class DiscStreams {
  readonly data: PlanStream;
  /** All of them, by number. */
  readonly byNumber: ReadonlyMap<number, PlanStream>;
  #native: { readonly plan: NativePlan | undefined } | undefined;

  constructor({ data, raw, payload, subchannel }: Pick<Disc, 'data' | 'raw' | 'payload' | 'subchannel'>) {
    this.data = data;
    this.byNumber = new Map([
      [STREAM.data, data],
      ...(raw === undefined ? [] : ([[STREAM.raw, raw]] as const)),
      ...(payload === undefined ? [] : ([[STREAM.payload, payload]] as const)),
      ...(subchannel === undefined ? [] : ([[STREAM.subchannel, subchannel.stream]] as const)),
    ]);
  }

  /** See planNatively; worked out once, as a map may have many ranges. */
  get native(): NativePlan | undefined {
    this.#native ??= { plan: planNatively(this.byNumber) };
    return this.#native.plan;
  }
}
