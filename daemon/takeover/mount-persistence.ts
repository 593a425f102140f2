// What outlives this process of each mount: its journal entry, and, where somebody keeps them, its descriptors. The
// order makes every death safe: the entry is there before the mount, the descriptors before the first answer, and both
// go only when the mount has ended.
import { loadAddon } from '../../native/index.js';
import type { CallerDescriptors, HeldDescriptors, NamedDescriptor } from '../../src/mount/mount-driver.js';
import { readNote, writeNote } from './index-note.js';
import type { Journal } from './journal.js';
import type { MadeMount, MountRecord, RecordedImage } from './mount-record.js';
import type { MountFindings } from '../reader/mount-findings.js';
import type { ServiceManager } from './service-manager.js';

/** What is kept of a mount that a caller's descriptors were handed over for, in this order, and of any other. */
const KINDS = ['image', 'point', 'map', 'index', 'device'] as const;
const OWN_KINDS = ['index', 'device'] as const;
const INDEX_NAME = /^index-([0-9a-f]+)$/u;
/** Findings of a mount that its journal entry holds: the journal is written whole at each change. */
const MAX_NOTED_FINDINGS = 100;

export class MountPersistence {
  readonly journal: Journal;
  readonly #manager: ServiceManager;

  constructor(journal: Journal, manager: ServiceManager) {
    this.journal = journal;
    this.#manager = manager;
  }

  /** Enters mounts that were kept for us and that the journal does not know: it was lost. Gives them. */
  recover(): readonly MountRecord[] {
    const notes = this.#manager.held.flatMap(([name, descriptor]) => {
      const id = INDEX_NAME.exec(name)?.[1];
      const note = id === undefined || this.journal.find(id) !== undefined ? undefined : readNote(descriptor);
      return note?.id === id && note !== undefined ? [note] : [];
    });
    for (const note of notes) this.journal.set(note);
    return notes;
  }

  /** A mount is about to be made; until `complete`, a successor takes it back. Throws `busy` where the disk is full. */
  begin(record: MountRecord): void {
    this.journal.require(record);
  }

  /** It is mounted: keeps what a successor can go on with. */
  hold(id: string, held: HeldDescriptors & Partial<CallerDescriptors>): void {
    const entry = this.journal.find(id);
    if (entry !== undefined && this.#manager.isPresent) writeNote(held.index, entry);
    for (const { name, descriptor } of held.beside ?? []) {
      const number = entry?.image.beside.findIndex((one) => one.name === name) ?? -1;
      if (number >= 0) this.#manager.keep(nameBeside(id, number), descriptor);
    }
    // The device last: what has one can be gone on with.
    for (const kind of KINDS) if (held[kind] !== undefined) this.#manager.keep(nameOf(kind, id), held[kind]);
  }

  /** Somebody is told of the mount: from now on a successor goes on with it. Throws `busy` where the disk is full. */
  complete(id: string, made: MadeMount): void {
    const entry = this.journal.find(id);
    if (entry !== undefined) this.journal.require({ ...entry, state: 'mounted', attempts: 0, made });
  }

  /** What was met of it: a successor does not read again what is loaded. */
  noteFindings(id: string, { findings, count }: Pick<MountFindings, 'findings' | 'count'>): void {
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

  /** It is about to be made again by a successor. */
  noteAttempt({ id, attempts }: MountRecord): void {
    this.journal.update(id, { attempts: attempts + 1 });
  }

  /** It has crashed the daemon: nobody goes on with it. */
  quarantine(record: MountRecord): void {
    this.forget(record.id);
    this.journal.set({ ...record, state: 'crashed' });
  }

  /** It has ended. */
  forget(id: string): void {
    this.dropHeld(id);
    this.journal.delete(id);
  }

  /** What was kept of it is of no use any more. */
  dropHeld(id: string): void {
    const image = this.journal.find(id)?.image;
    const isCallers = image?.owner !== undefined;
    for (const kind of isCallers ? KINDS : OWN_KINDS) this.#manager.forget(nameOf(kind, id));
    if (isCallers) image.beside.forEach((_, number) => this.#manager.forget(nameBeside(id, number)));
  }

  /** The daemon ends for good: what is left ends with it. */
  forgetAll(): void {
    for (const { id } of this.journal.entries) this.forget(id);
  }

  /** The descriptors of a mount that were kept for us; they are the caller's. */
  take(id: string): (HeldDescriptors & Partial<CallerDescriptors>) | undefined {
    const found = KINDS.map((kind) => [kind, this.#manager.take(nameOf(kind, id))] as const);
    const beside = this.#takeBeside(id, this.journal.find(id)?.image);
    const held: Partial<HeldDescriptors & CallerDescriptors> = {
      ...Object.fromEntries(found.filter(([, descriptor]) => descriptor !== undefined)),
      beside,
    };
    const { device, index } = held;
    if (device !== undefined && index !== undefined) return { ...held, device, index };
    closeHeld(held);
    return undefined;
  }

  /** Those of the files beside its image, by their names. */
  #takeBeside(id: string, image: RecordedImage | undefined): readonly NamedDescriptor[] {
    return (image?.beside ?? []).flatMap(({ name }, number) => {
      const descriptor = this.#manager.take(nameBeside(id, number));
      return descriptor === undefined ? [] : [{ name, descriptor }];
    });
  }

  /** Gives up what was kept for mounts that are not in the journal. */
  dropRest(): void {
    this.#manager.dropRest();
  }
}

/** For what will not be gone on with. In the background: a file system that is dead may keep even that waiting. */
export function closeHeld(
  held: Partial<Record<(typeof KINDS)[number], number | undefined>> & HeldBeside,
): void {
  const beside = (held.beside ?? []).map(({ descriptor }) => descriptor);
  const all = [...KINDS.map((kind) => held[kind]), ...beside];
  loadAddon().closeDescriptors(all.filter((descriptor) => descriptor !== undefined));
}

interface HeldBeside {
  readonly beside?: readonly NamedDescriptor[] | undefined;
}

/** Files beside an image are kept by number, from 1 on, in the order of its record: the store's names are short. */
function nameBeside(id: string, index: number): string {
  return `${nameOf('image', id)}.${index + 1}`;
}

function nameOf(kind: (typeof KINDS)[number], id: string): string {
  return `${kind}-${id}`;
}
