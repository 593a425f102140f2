// Cancellation of work that several callers share: one of them may stop waiting, the work itself goes on.
import { IsodriveError } from './error.js';

/** Throws `cancelled` when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw cancelled(signal);
}

/** Settles as `work` does, or rejects with `cancelled` as soon as the signal fires. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  // Nobody waits for it then; a rejection that nobody hears of would end the process.
  if (signal.aborted) work.catch(() => undefined);
  throwIfAborted(signal);
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(cancelled(signal));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}

function cancelled(signal: AbortSignal): IsodriveError {
  return new IsodriveError('cancelled', 'Stopped before all of the image was read', { cause: signal.reason });
}
