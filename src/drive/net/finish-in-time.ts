// The deadline of what a peer has to do before it is served: without one, silent peers would take all places.
import type { ByteStream } from './byte-stream.js';

/**
 * Settles as `work` does. Calls `onLate`, and cuts the connection, when that takes longer than so many
 * milliseconds.
 */
export async function finishInTime<T>(
  stream: ByteStream,
  time: number,
  onLate: () => void,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setTimeout(() => {
    onLate();
    stream.destroy();
  }, time);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}
