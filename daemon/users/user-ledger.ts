// What each user has of the service: counted when it is taken and when it is given back, refused beyond their limits.
// A user who has nothing is not remembered.
import { IsodriveError } from '../../src/base/error.js';
import { IndexBudget } from '../../src/index/index-budget.js';
import { MAX_FILES_BESIDE } from '../limits.js';
import type { Caller } from './caller.js';

interface Account {
  connections: number;
  requests: number;
  mounts: number;
  filesBeside: number;
  readonly index: SharedArrayBuffer;
}

interface CountedMount {
  readonly uid: number;
  readonly budget: IndexBudget;
  readonly filesBeside: number;
}

export class UserLedger {
  readonly #accounts = new Map<number, Account>();
  readonly #mounts = new Map<string, CountedMount>();
  /** Of all users. */
  #filesBeside = 0;

  /** Throws `quota`; gives what gives it back, once. */
  takeConnection({ uid, limits }: Caller): Disposable {
    return this.#take(uid, 'connections', limits.connections);
  }

  /** Throws `quota`; gives what gives it back, once. */
  takeRequest({ uid, limits }: Caller): Disposable {
    return this.#take(uid, 'requests', limits.requests);
  }

  /**
   * Throws `quota`. Gives the budget of its index; `endMount` gives all back. `filesBeside`: how many files beside its
   * image it holds for its user.
   */
  takeMount(id: string, { uid, limits }: Pick<Caller, 'uid' | 'limits'>, filesBeside = 0): IndexBudget {
    this.#refuseMore(uid, 'mounts', limits.mounts);
    this.#refuseFiles(uid, filesBeside, limits.filesBeside);
    return this.adoptMount(id, { uid, limits }, filesBeside);
  }

  /** A mount that is there already: it counts, even if it is one too many. */
  adoptMount(id: string, { uid, limits }: Pick<Caller, 'uid' | 'limits'>, filesBeside = 0): IndexBudget {
    const account = this.#open(uid);
    const buffers = { user: account.index, own: IndexBudget.createBuffer(), limit: limits.indexMemory };
    const budget = new IndexBudget(buffers);
    account.mounts += 1;
    account.filesBeside += filesBeside;
    this.#filesBeside += filesBeside;
    this.#mounts.set(id, { uid, budget, filesBeside });
    return budget;
  }

  /** Does nothing for a mount that is not counted. */
  endMount(id: string): void {
    const mount = this.#mounts.get(id);
    if (mount === undefined) return;
    this.#mounts.delete(id);
    mount.budget.release();
    this.#open(mount.uid).filesBeside -= mount.filesBeside;
    this.#filesBeside -= mount.filesBeside;
    this.#giveBack(mount.uid, 'mounts');
  }

  /** Users who have anything. */
  get userCount(): number {
    return this.#accounts.size;
  }

  #take(uid: number, what: 'connections' | 'requests', limit: number): Disposable {
    this.#refuseMore(uid, what, limit);
    this.#open(uid)[what] += 1;
    let isTaken = true;
    return {
      [Symbol.dispose]: () => {
        if (isTaken) this.#giveBack(uid, what);
        isTaken = false;
      },
    };
  }

  #refuseMore(uid: number, what: 'connections' | 'requests' | 'mounts', limit: number): void {
    const count = this.#accounts.get(uid)?.[what] ?? 0;
    if (count < limit) return;
    const name = what === 'requests' ? 'calls under way' : what;
    throw new IsodriveError('quota', `User ${uid} has ${count} ${name}, expected at most ${limit}`, {
      action: what === 'mounts' ? 'Unmount some: see isodrive list' : 'Wait for some of them to end',
    });
  }

  #refuseFiles(uid: number, more: number, limit: number): void {
    if (more === 0) return;
    const own = (this.#accounts.get(uid)?.filesBeside ?? 0) + more;
    const all = this.#filesBeside + more;
    if (own <= limit && all <= MAX_FILES_BESIDE) return;
    const [found, expected] = own > limit ? [own, limit] : [all, MAX_FILES_BESIDE];
    throw new IsodriveError(
      'quota',
      `${own > limit ? `Mounts of user ${uid}` : 'All mounts'} would hold ${found} files beside their images, ` +
        `expected at most ${expected}`,
      { action: 'Unmount images of several files, or use a daemon of your own: leave --system out' },
    );
  }

  #open(uid: number): Account {
    const found = this.#accounts.get(uid);
    if (found !== undefined) return found;
    const index = IndexBudget.createBuffer();
    const account = { connections: 0, requests: 0, mounts: 0, filesBeside: 0, index };
    this.#accounts.set(uid, account);
    return account;
  }

  #giveBack(uid: number, what: 'connections' | 'requests' | 'mounts'): void {
    const account = this.#open(uid);
    account[what] -= 1;
    if (account.connections + account.requests + account.mounts === 0) this.#accounts.delete(uid);
  }
}
