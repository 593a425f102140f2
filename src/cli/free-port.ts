// The port that a server takes where nobody asked for one: the usual one, or the next that is free.
import { IsodriveError } from '../base/error.js';
import type { ListenAddress } from '../drive/net/listen-address.js';

/** Ports that are tried. */
const TRIES = 16;

/** `wanted`: the address as the user wrote it. Rejects as `open` does. */
export async function openAtFreePort<T>(
  wanted: string | undefined,
  address: ListenAddress,
  open: (address: ListenAddress) => Promise<T>,
): Promise<T> {
  const isAsked = /:\d+$/u.test(wanted ?? '');
  for (let step = 0; ; step += 1) {
    try {
      return await open(address.kind === 'tcp' ? { ...address, port: address.port + step } : address);
    } catch (thrown) {
      const isTaken = thrown instanceof IsodriveError && thrown.code === 'busy';
      if (!isTaken || isAsked || address.kind === 'unix' || step + 1 === TRIES) throw thrown;
    }
  }
}
