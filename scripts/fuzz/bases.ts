// What is changed: images with the places that a reader looks at, and changed ones that led to new code. A base is
// chosen by file system first: a corpus of discs has a hundred of one kind for each of another.
import type { TreeKind } from '../../src/filesystem/contract/file-tree.js';
import { execute } from './execute.js';
import { MemorySource } from './memory-source.js';
import { choose } from './mutate.js';
import type { Region } from './mutate.js';
import { PagedImage } from './paged-image.js';
import type { StoredFile, StoredImage } from './paged-image.js';
import type { PseudoRandom } from '../support/pseudo-random.js';

/** Longest run of one read that is taken for structure; longer ones are file content. */
const MAX_REGION = 65_536;
const MAX_REGIONS = 512;
/** Changed images kept by one worker. */
export const MAX_KEPT = 1024;
/** Bytes of pages that they may have of their own. */
const MAX_KEPT_BYTES = 128 * 1024 * 1024;

/**
 * What a base is chosen by; `none` has no tree, or none that lists anything. `container`: an image of tracks, of which
 * the descriptor is changed.
 */
export type BaseKind = TreeKind | 'none' | 'container';

export interface Base {
  readonly name: string;
  readonly image: PagedImage;
  readonly files: readonly StoredFile[] | undefined;
  readonly kinds: readonly BaseKind[];
  /** By the tree that was listed when they were read; `none` before there was one. */
  readonly regions: ReadonlyMap<BaseKind, readonly Region[]>;
}

/** Finds out where a reader looks. Rejects when even the unchanged image shows a defect. */
export async function prepareBase(stored: StoredImage): Promise<Base> {
  const image = PagedImage.open(stored);
  const source = new MemorySource(stored.name, image);
  const regions = new Map<BaseKind, Map<number, Region>>();
  let listed: BaseKind = 'none';
  source.onRead = (start, length) => {
    let own = regions.get(listed);
    if (own === undefined) regions.set(listed, (own = new Map<number, Region>()));
    if (length === 0 || length > MAX_REGION || own.size >= MAX_REGIONS) return;
    if ((own.get(start)?.length ?? 0) < length) own.set(start, { start, length });
  };
  const { kinds } = await execute(source, { files: stored.files, onTree: (kind) => (listed = kind) });
  const found = [...regions].map(([kind, own]): [BaseKind, readonly Region[]] => [kind, [...own.values()]]);
  const whole = { start: 0, length: image.size };
  const filled = found.filter(([, own]) => own.length > 0);
  return {
    name: stored.name,
    image,
    files: stored.files,
    kinds: stored.files !== undefined ? ['container'] : kinds.length > 0 ? kinds : ['none'],
    regions: new Map(filled.length > 0 ? filled : [['none', [whole]]]),
  };
}

/**
 * Regions of a base in which an input that is about this kind of tree is changed: those of the tree and of the
 * disc.
 */
export function regionsFor(base: Base, kind: BaseKind): readonly (readonly Region[])[] {
  const own = base.regions.get(kind);
  const general = base.regions.get('none') ?? [];
  return [own ?? general, general].filter((regions) => regions.length > 0);
}

/** A changed image that is changed further. */
export interface Kept {
  readonly base: Base;
  readonly kind: BaseKind;
  readonly image: PagedImage;
  /** Numbers of the inputs that led to it, its own last. */
  readonly lineage: readonly number[];
}

export class BasePool {
  readonly #byKind = new Map<BaseKind, Base[]>();
  readonly #kept = new Map<BaseKind, Kept[]>();
  readonly #kinds: readonly BaseKind[];
  #count = 0;
  #bytes = 0;

  constructor(bases: readonly Base[]) {
    for (const base of bases) {
      for (const kind of base.kinds) {
        const list = this.#byKind.get(kind);
        if (list === undefined) this.#byKind.set(kind, [base]);
        else list.push(base);
      }
    }
    this.#kinds = [...this.#byKind.keys()].sort();
  }

  /** A base for an input, and the kind of tree that the input is about. */
  chooseBase(random: PseudoRandom): { base: Base; kind: BaseKind } {
    const kind = choose(this.#kinds, random);
    return { base: choose(this.#byKind.get(kind)!, random), kind };
  }

  /** Another than the base: half of the time a changed image of the same kind, where there is any. */
  chooseKept(kind: BaseKind, random: PseudoRandom): Kept | undefined {
    const kept = this.#kept.get(kind);
    return kept === undefined || random.between(0, 1) === 0 ? undefined : choose(kept, random);
  }

  /** False when there is no more room. */
  keep(kept: Kept): boolean {
    if (this.#count >= MAX_KEPT || this.#bytes >= MAX_KEPT_BYTES) return false;
    const list = this.#kept.get(kept.kind);
    if (list === undefined) this.#kept.set(kept.kind, [kept]);
    else list.push(kept);
    this.#count += 1;
    this.#bytes += kept.image.ownBytes;
    return true;
  }
}
