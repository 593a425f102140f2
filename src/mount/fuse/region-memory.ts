// Index memory that native threads read: a region of the addon's, of which each thread of JavaScript has a view.
import type { Addon, IndexRegion, RegionHandle } from '../../../native/index.js';
import { SharedIndexMemory } from '../../index/index-memory.js';
import { REGION_BYTES } from '../../index/layout.js';

export class RegionMemory extends SharedIndexMemory {
  readonly #addon: Addon;
  readonly #region: IndexRegion;

  private constructor(addon: Addon, region: IndexRegion, isAdopted: boolean) {
    super(region.buffer, isAdopted);
    this.#addon = addon;
    this.#region = region;
  }

  static allocate(addon: Addon): RegionMemory {
    return new RegionMemory(addon, addon.allocateIndexRegion(REGION_BYTES), false);
  }

  /** Memory that another process filled; takes the descriptor. */
  static adopt(addon: Addon, descriptor: number): RegionMemory {
    return new RegionMemory(addon, addon.adoptIndexRegion(descriptor, REGION_BYTES), true);
  }

  /** Memory of another thread, by what its `share` gave. `isAdopted`: the index is in it already. */
  static join(addon: Addon, number: number, isAdopted: boolean): RegionMemory {
    return new RegionMemory(addon, addon.joinIndexRegion(number), isAdopted);
  }

  get handle(): RegionHandle {
    return this.#region.handle;
  }

  share(): number {
    return this.#addon.regionNumber(this.handle);
  }

  discard(): void {
    this.#addon.discardIndexRegion(this.handle);
  }
}
