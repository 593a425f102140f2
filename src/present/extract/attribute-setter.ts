// Extended attributes of what was extracted: those of the namespace of users. What stands for an access control list is
// left alone, since it would name users of another machine.
import { constants } from 'node:os';
import { isAddonError, loadAddon } from '../../../native/index.js';
import type { Addon } from '../../../native/index.js';
import { IsodriveError } from '../../base/error.js';
import type { DiscIndex } from '../../index/disc-index.js';
import { lacksAttributes, readAttributes } from '../../index/node-record.js';

const NAMESPACE = 'user.';

export class AttributeSetter {
  readonly #index: DiscIndex;
  readonly #addon: Addon;
  #isRefused = false;

  /** Throws `unsupported` on Windows, and where the addon is missing, without which there is no way to set them. */
  constructor(index: DiscIndex) {
    this.#index = index;
    if (process.platform === 'win32') {
      throw new IsodriveError(
        'unsupported',
        'Found --xattrs, expected none: files of Windows have no attributes of users',
        { action: 'Leave out --xattrs' },
      );
    }
    try {
      this.#addon = loadAddon();
    } catch (cause) {
      throw new IsodriveError(
        'unsupported',
        'Cannot set extended attributes: the addon was not built, expected it to be there',
        { action: 'Run npm run build, or leave out --xattrs', cause },
      );
    }
  }

  /**
   * Gives an open file or directory the attributes of a row. Throws `partial` where one is refused, or left out because
   * Linux cannot have it; a target that takes none at all is told once, and then none is tried any more.
   */
  apply(descriptor: number, row: number): void {
    if (this.#isRefused) return;
    for (const [name, value] of readAttributes(this.#index.table, row)) {
      if (name.startsWith(NAMESPACE)) this.#set(descriptor, name, value);
    }
    if (lacksAttributes(this.#index.table, row)) {
      throw new IsodriveError(
        'partial',
        'Attributes that Linux cannot have are left out: see isodrive info IMAGE; --associated shows resource forks as ._NAME',
      );
    }
  }

  #set(descriptor: number, name: string, value: Uint8Array): void {
    try {
      this.#addon.setAttribute(descriptor, name, value);
    } catch (thrown) {
      if (!isAddonError(thrown)) throw thrown;
      this.#isRefused = thrown.errno === constants.errno.ENOTSUP;
      const found = this.#isRefused ? 'target takes none, the rest goes without' : thrown.message;
      throw new IsodriveError('partial', `Cannot set attribute "${name}": ${found}`, { cause: thrown });
    }
  }
}
