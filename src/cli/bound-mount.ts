// A mount for as long as this process, or the command that it runs, is there: it is bound to a connection, so that it
// ends however they end. When the daemon dies meanwhile, its successor is told that the mount is still wanted.
import { setTimeout as sleep } from 'node:timers/promises';
import { IsodriveError } from '../base/error.js';
import { ControlClient } from '../protocol/client.js';
import type { MountParams, MountSummary } from '../protocol/messages.js';
import { connectOrStart } from '../protocol/start-daemon.js';
import { MOUNT_DEADLINE } from './mount-deadline.js';

/** Tries to come back to a successor, and milliseconds between them: less than the daemon waits. */
const REBIND_TRIES = 40;
const REBIND_INTERVAL = 250;
/** Milliseconds for the daemon to unmount. */
const UNMOUNT_DEADLINE = 60_000;

export class BoundMount implements AsyncDisposable {
  readonly mount: MountSummary;
  readonly #socketPath: string;
  #client: ControlClient;
  #isEnding = false;

  private constructor(socketPath: string, client: ControlClient, mount: MountSummary) {
    this.#socketPath = socketPath;
    this.#client = client;
    this.mount = mount;
    void this.#holdOn();
  }

  /** Mounts. Rejects as the daemon's `mount` and connecting to it do. */
  static async make(
    socketPath: string,
    params: Omit<MountParams, 'bound'>,
    signal: AbortSignal,
  ): Promise<BoundMount> {
    const client = await connectOrStart({ socketPath, signal });
    try {
      const options = { signal, deadline: MOUNT_DEADLINE };
      const { mount } = await client.call('mount', { ...params, bound: true }, options);
      return new BoundMount(socketPath, client, mount);
    } catch (thrown) {
      await client[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Of the connection: whoever inherits it keeps the mount, even when this process is killed. */
  get descriptor(): number {
    return this.#client.descriptor;
  }

  async #holdOn(): Promise<void> {
    for (;;) {
      await this.#client.closed;
      const next = await this.#comeBack();
      if (next === undefined) return;
      this.#client = next;
    }
  }

  async #comeBack(): Promise<ControlClient | undefined> {
    for (let left = REBIND_TRIES; left > 0 && !this.#isEnding; left -= 1) {
      try {
        const client = await ControlClient.connect(this.#socketPath);
        await client.call('bind', { id: this.mount.id }, { deadline: MOUNT_DEADLINE });
        return client;
      } catch (thrown) {
        if (!(thrown instanceof IsodriveError) || thrown.code !== 'daemon-unreachable') return undefined;
        await sleep(REBIND_INTERVAL);
      }
    }
    return undefined;
  }

  /** Unmounts, lazily where it is in use: a command may have left a child behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    const { id } = this.mount;
    const unmount = async (lazy: boolean): Promise<boolean> => {
      const targets = [{ name: id, paths: [] }];
      const options = { deadline: UNMOUNT_DEADLINE };
      const { failed } = await this.#client.call('unmount', { targets, lazy }, options);
      return failed.length === 0;
    };
    try {
      if (!(await unmount(false))) await unmount(true);
    } catch (thrown) {
      // With the daemon its mounts have ended, or its successor ends those whose clients do not come back.
      if (!(thrown instanceof IsodriveError) || thrown.code !== 'daemon-unreachable') throw thrown;
    } finally {
      await this.#client[Symbol.asyncDispose]();
    }
  }
}
