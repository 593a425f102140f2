// Makes inputs. One is known by the seed and its lineage: the numbers of the changed images that it was made from, one
// after another, and its own number last.
import { mutate, randomOf } from './mutate.js';
import { regionsFor } from './bases.js';
import type { Base, BaseKind, BasePool, Kept } from './bases.js';
import type { PagedImage } from './paged-image.js';

/** Of the random numbers that choose a changed image, which the input's own must not depend on. */
const KEPT_SEED = 0x6b65_7074;
/** Of the random numbers that say how an input is looked at. */
const VIEW_SEED = 0x7669_6577;
/** One of so many inputs is looked at with all that stands beside its views, which takes twice the time. */
const ALL_VIEWS_EVERY = 4;

export interface Input {
  readonly base: Base;
  readonly kind: BaseKind;
  readonly image: PagedImage;
  readonly lineage: readonly number[];
  readonly parent: Kept | undefined;
  readonly all: boolean;
}

/** The input of a number, made from what the pool holds by now. */
export function makeInput(pool: BasePool, seed: number, number: number): Input {
  const { kind } = pool.chooseBase(randomOf(seed, number));
  const parent = pool.chooseKept(kind, randomOf(seed ^ KEPT_SEED, number));
  return changeFurther(pool, seed, parent, number);
}

/** The same input again, from its lineage. */
export function remakeInput(pool: BasePool, seed: number, lineage: readonly number[]): Input {
  let parent: Kept | undefined;
  for (const number of lineage.slice(0, -1)) parent = changeFurther(pool, seed, parent, number);
  return changeFurther(pool, seed, parent, lineage.at(-1) ?? 0);
}

function changeFurther(pool: BasePool, seed: number, parent: Kept | undefined, number: number): Input {
  const random = randomOf(seed, number);
  const chosen = pool.chooseBase(random);
  const { base, kind } = parent ?? chosen;
  const image = mutate(parent?.image ?? base.image, regionsFor(base, kind), random);
  const all = randomOf(seed ^ VIEW_SEED, number).between(1, ALL_VIEWS_EVERY) === 1;
  return { base, kind, image, lineage: [...(parent?.lineage ?? []), number], parent, all };
}
