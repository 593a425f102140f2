// The addon where this machine has it, for what works without it as well.
import { loadAddon } from '../../native/index.js';
import type { Addon } from '../../native/index.js';

/** Undefined where it was not built, or does not fit. */
export function tryToLoadAddon(): Addon | undefined {
  try {
    return loadAddon();
  } catch {
    return undefined;
  }
}
