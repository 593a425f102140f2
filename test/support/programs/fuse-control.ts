// fusectl, by which connections of FUSE are aborted: systemd mounts it, containers often lack it. Tests need both.
import { mustRun } from '../../../scripts/support/run-command.js';
import { readMountTable } from '../../../src/mount/mount-table.js';

const PLACE = '/sys/fs/fuse/connections';

function isMounted(): boolean {
  return readMountTable().some(({ directory }) => directory === PLACE);
}

async function change(isWanted: boolean): Promise<void> {
  if (isMounted() === isWanted) return;
  if (isWanted) await mustRun('mount', ['-t', 'fusectl', 'none', PLACE]);
  else await mustRun('umount', ['--lazy', PLACE]);
}

/** There, or not, until it is disposed. Needs root. */
export class FuseControl implements AsyncDisposable {
  readonly #before: boolean;

  private constructor(before: boolean) {
    this.#before = before;
  }

  static async set(isWanted: boolean): Promise<FuseControl> {
    const control = new FuseControl(isMounted());
    await change(isWanted);
    return control;
  }

  get isThere(): boolean {
    return isMounted();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return change(this.#before);
  }
}
