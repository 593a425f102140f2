// What outlives this process of each mount: its journal entry, and, where somebody keeps them, its descriptors. The
// order makes every death safe: the entry is there before the mount, the descriptors before the first answer, and both
// go only when the mount has ended.
import type { HeldDescriptors } from '../src/mount/mount-driver.js';
import type { Journal, JournalEntry } from './journal.js';
import type { MetFindings } from './reader/met-findings.js';
import type { ServiceManager } from './service-manager.js';

/** Findings of a mount that its journal entry holds: the journal is written whole at each change. */
const MAX_NOTED_FINDINGS = 100;

export class MountKeeper {
  readonly journal: Journal;
  readonly #manager: ServiceManager;

  constructor(journal: Journal, manager: ServiceManager) {
    this.journal = journal;
    this.#manager = manager;
  }

  /** A mount is about to be made; until `complete`, a successor takes it back. */
  begin(entry: JournalEntry): void {
    this.journal.set(entry);
  }

  /** It is mounted: keeps what a successor can go on with. */
  hold(id: string, { device, index }: HeldDescriptors): void {
    this.#manager.keep(indexName(id), index);
    this.#manager.keep(deviceName(id), device);
  }

  /** Somebody is told of the mount: from now on a successor goes on with it. */
  complete(id: string, made: Pick<JournalEntry, 'driver' | 'device' | 'passedOver'>): void {
    this.journal.update(id, { state: 'mounted', ...made });
  }

  /** What was met of it: a successor does not read again what is loaded. */
  noteFindings(id: string, { findings, count }: Pick<MetFindings, 'findings' | 'count'>): void {
    this.journal.update(id, { findings: findings.slice(0, MAX_NOTED_FINDINGS), findingCount: count });
  }

  /** Its whole index is in memory: a successor need not read the image. */
  noteLoaded(id: string): void {
    this.journal.update(id, { isLoaded: true });
  }

  /** It was unmounted lazily: a successor serves it, and does not mount it again. */
  detach(id: string): void {
    this.journal.update(id, { state: 'detached' });
  }

  /** It has ended. */
  forget(id: string): void {
    this.#manager.forget(deviceName(id));
    this.#manager.forget(indexName(id));
    this.journal.delete(id);
  }

  /** The daemon ends for good: what is left ends with it. */
  forgetAll(): void {
    for (const { id } of this.journal.entries) this.forget(id);
  }

  /** The descriptors of a mount that were kept for us; they are the caller's. */
  take(id: string): HeldDescriptors | undefined {
    const device = this.#manager.take(deviceName(id));
    const index = this.#manager.take(indexName(id));
    return device === undefined || index === undefined ? undefined : { device, index };
  }

  /** Gives up what was kept for mounts that are not in the journal. */
  dropRest(): void {
    this.#manager.dropRest();
  }
}

function deviceName(id: string): string {
  return `device-${id}`;
}

function indexName(id: string): string {
  return `index-${id}`;
}
