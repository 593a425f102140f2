// Turns an aborted signal into the one error class; every presenter asks between its steps.
import { IsodriveError } from './error.js';

/** Throws `cancelled` when `signal` has been aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new IsodriveError('cancelled', 'Stopped before the end, as was asked for', {
      cause: signal.reason,
    });
  }
}
