// An image that a thread of its own reads. The thread rests when all is loaded and nobody asks, and another goes on
// when somebody does; one that dies is not followed by another: what is loaded stays, and all else fails.
import type { KernelFile } from '../../src/disc/native-plan.js';
import { IsodriveError } from '../../src/base/error.js';
import type { Finding } from '../../src/base/finding.js';
import { KINDS_WITH_ACCESS_LISTS } from '../../src/filesystem/contract/file-tree.js';
import type { IndexBudget } from '../../src/index/index-budget.js';
import type { IndexMemory } from '../../src/index/index-memory.js';
import { IndexTable } from '../../src/index/index-table.js';
import { ROW, STATE } from '../../src/index/layout.js';
import type { ImagePlace, MetadataRequest, ServedImage } from '../../src/mount/served-image.js';
import type { ShownValues } from '../../src/options/mount-options.js';
import type { VerifiedFiles } from '../../src/protocol/messages.js';
import { abortable } from '../../src/base/abortable.js';
import { findChange, statesOf } from './image-identity.js';
import type { ImageIdentity, NamedState } from './image-identity.js';
import type { ImageFile } from './image-file.js';
import { MountFindings } from './mount-findings.js';
import type { ImageFacts, OpenRequest } from './reader-requests.js';
import type { ReaderPool } from './reader-pool.js';
import type { ReaderThread } from './reader-thread.js';

/** Milliseconds that an image may take to open, wherever it lies. */
const OPEN_PATIENCE = 120_000;
/** Milliseconds to wait for what a reader knows. */
const ANSWER_PATIENCE = 1000;
/** Milliseconds after which a reader that nobody asks rests. */
const REST_DELAY = 5000;

export interface RemoteImageOptions {
  readonly readers: ReaderPool;
  /** Taken: it is closed with the image, and when opening fails. */
  readonly file: ImageFile;
  readonly view: ShownValues;
  readonly memory: IndexMemory;
  /** The index is in memory already. */
  readonly isAdopted: boolean;
  /** What was met of it before. */
  readonly findings?: MountFindings;
  /** Of the index, where its user has one. */
  readonly budget?: IndexBudget | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class RemoteImage implements ServedImage, AsyncDisposable {
  readonly facts: ImageFacts;
  readonly table: IndexTable;
  readonly findings: MountFindings;
  readonly file: ImageFile;
  readonly #readers: ReaderPool;
  readonly #request: OpenRequest;
  #reader: ReaderThread | undefined;
  /** A reader that is being started or ended: the next step waits for it. */
  #change: Promise<unknown> = Promise.resolve();
  #serving: { readonly session: number; readonly done: Promise<void> } | undefined;
  #rest: NodeJS.Timeout | undefined;
  #failure: IsodriveError | undefined;
  #verified: VerifiedFiles | undefined;
  #isClosed = false;
  /** Native threads read what they can by themselves; other drivers need the reader for every byte. */
  #mayRest = false;

  /** An image of which all is known, and that nobody reads until somebody asks: its index is in memory. */
  constructor(options: RemoteImageOptions, facts: ImageFacts) {
    const { readers, file, memory, findings = new MountFindings() } = options;
    this.facts = facts;
    this.table = new IndexTable(memory);
    this.findings = findings;
    this.file = file;
    this.#readers = readers;
    // What `auto` has chosen stays.
    this.#request = openRequestOf({
      ...options,
      view: { ...options.view, tree: facts.kind },
      isAdopted: true,
    });
  }

  /** Rejects as openImage does, or with `damaged` when the image is too much for its reader. */
  static async open(options: RemoteImageOptions): Promise<RemoteImage> {
    const { readers, file, signal } = options;
    const findings = options.findings ?? new MountFindings();
    const reader = readers.take();
    reader.onFinding = (finding, count) => findings.add(finding, count);
    reader.onAsk = (name) => (name === undefined ? file.listBeside() : file.openBeside(name));
    try {
      const facts = await openWithin(reader, openRequestOf(options), signal);
      const image = new RemoteImage({ ...options, findings }, facts);
      image.#adopt(reader);
      return image;
    } catch (thrown) {
      await reader.end();
      await file.close();
      throw thrown;
    }
  }

  get name(): string {
    return this.file.path;
  }

  get files(): readonly number[] {
    return this.facts.isPlanned ? this.facts.plannedFiles.map((number) => this.#descriptorOf(number)) : [];
  }

  get kernelFiles(): readonly KernelFile[] {
    const { kernelFiles, identity, beside } = this.facts;
    return kernelFiles.map((number) => {
      const { size } = number === 0 ? identity : beside[number - 1]!;
      return { descriptor: this.#descriptorOf(number), size: Number(size) };
    });
  }

  /** By name: who has opened the files need not have done so in the order in which the reader asked for them. */
  #descriptorOf(number: number): number {
    return number === 0 ? this.file.descriptor : this.file.besideNamed(this.facts.beside[number - 1]!.name)!;
  }

  /** See ShownImage. */
  get driveDescriptor(): number | undefined {
    return this.facts.isDrive ? this.file.descriptor : undefined;
  }

  get volumeSize(): number {
    return this.facts.volumeSize;
  }

  get hasAttributes(): boolean {
    return this.facts.hasAttributes;
  }

  get hasAccessLists(): boolean {
    return this.facts.hasAttributes && KINDS_WITH_ACCESS_LISTS.has(this.facts.kind);
  }

  get isChecked(): boolean {
    return this.facts.isChecked;
  }

  async load(row: number): Promise<void> {
    if (this.table.word(row, ROW.state) === STATE.unloaded) await (await this.#wake()).call('load', row);
  }

  async read(row: number, target: Uint8Array, position: number): Promise<number> {
    const request = { row, position, length: target.length };
    const bytes = await (await this.#wake()).call('read', request);
    target.set(bytes);
    return bytes.length;
  }

  async check(row: number): Promise<void> {
    if (this.isChecked) await (await this.#wake()).call('check', row);
  }

  /** What verification says so far; what it said last where its reader does not answer. */
  async verified(): Promise<VerifiedFiles | undefined> {
    if (!this.isChecked) return undefined;
    const signal = AbortSignal.timeout(ANSWER_PATIENCE);
    try {
      const reader = await abortable(this.#wake(), signal);
      this.#verified = await reader.call('verified', undefined, signal);
    } catch {
      // A reader that ended, or that is busy.
    }
    return this.#verified;
  }

  serve(session: number): Promise<void> {
    this.#mayRest = true;
    if (this.#serving?.session === session) return this.#serving.done;
    const done = this.#serve(session).finally(() => {
      this.#serving = undefined;
    });
    this.#serving = { session, done };
    return done;
  }

  async #serve(session: number): Promise<void> {
    await (await this.#wake()).call('serve', session);
  }

  async writeMetadata({ file, label, signal }: MetadataRequest): Promise<void> {
    await (await this.#wake()).call('writeMetadata', { file: file.fd, label }, signal);
  }

  async locate(): Promise<readonly ImagePlace[]> {
    return (await this.#wake()).call('locate', undefined);
  }

  /**
   * Loads the whole index in the background; then the reader rests as soon as nobody asks it. Gives whether all is
   * loaded; never rejects.
   */
  async prefetch(): Promise<boolean> {
    try {
      await (await this.#wake()).call('prefetch', undefined);
      await this.#letRest();
      return true;
    } catch {
      // Whoever needs what is missing meets the fault, or the image is closed.
      this.#restLater();
      return false;
    }
  }

  /** What has the image's path now, see PathLook. */
  look(): Promise<ImageIdentity | 'unknown' | undefined> {
    return this.file.look();
  }

  /** What is now where the files beside it were. */
  lookBeside(): Promise<readonly NamedState[]> {
    return this.file.lookBeside();
  }

  /** The reader, or another where it rests. Rejects once one has died. */
  #wake(): Promise<ReaderThread> {
    const woken = this.#change.then(() => this.#reader ?? this.#start());
    this.#change = woken.catch(() => undefined);
    return woken;
  }

  async #start(): Promise<ReaderThread> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isClosed) throw new IsodriveError('cancelled', 'Image is closed');
    const reader = this.#readers.take();
    reader.onFinding = (finding, count) => this.findings.add(finding, count);
    try {
      const facts = await openWithin(reader, this.#request, undefined);
      const isOther = facts.beside.length !== this.facts.beside.length;
      if (isOther || findChange(this.facts, facts.identity, statesOf(facts.beside)) !== undefined) {
        throw new IsodriveError('image-changed', `Image "${this.name}" has changed since it was mounted`);
      }
    } catch (thrown) {
      await reader.end();
      throw thrown;
    }
    this.#adopt(reader);
    this.#restLater();
    return reader;
  }

  #adopt(reader: ReaderThread): void {
    this.#reader = reader;
    reader.onFinding = (finding, count) => this.findings.add(finding, count);
    reader.onDeath = (reason) => this.#onReaderDied(reason);
  }

  #onReaderDied(reason: string): void {
    this.#reader = undefined;
    clearTimeout(this.#rest);
    this.#failure = new IsodriveError('damaged', `Cannot read "${this.name}" any further: ${reason}`);
    const finding: Finding = {
      code: 'reader-died',
      severity: 'damage',
      message: `Image cannot be read any further: ${reason}; what was loaded before stays`,
      at: { source: this.name },
    };
    this.findings.add(finding);
  }

  #restLater(): void {
    clearTimeout(this.#rest);
    if (this.#isClosed) return;
    this.#rest = setTimeout(() => void this.#letRest().catch(() => undefined), REST_DELAY).unref();
  }

  /** Ends the reader if nobody waits for it; whoever wants one meanwhile waits until it has ended. */
  #letRest(): Promise<void> {
    const rested = this.#change.then(async () => {
      const reader = this.#reader;
      // What was verified is known to that reader alone.
      if (reader === undefined || !this.#mayRest || this.isChecked) return;
      if (await reader.call('rest', undefined)) {
        this.#reader = undefined;
        await reader.end();
      } else this.#restLater();
    });
    this.#change = rested.catch(() => undefined);
    return rested;
  }

  /** Ends the reader, whatever it does, and closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#rest);
    // Now, as it may be what the next step waits for; and whatever that step has started.
    await this.#reader?.end();
    await this.#change;
    await this.#reader?.end();
    this.#reader = undefined;
    await this.file.close();
  }
}

/** Throws TypeError for memory that no other thread can share. */
function openRequestOf(options: RemoteImageOptions): OpenRequest {
  const { file, view, memory, isAdopted, budget } = options;
  const region = memory.share?.();
  if (region === undefined) throw new TypeError('Index memory cannot be shared with a reader');
  const { path, descriptor, beside, map, isSealed } = file;
  return {
    ...{ path, descriptor, beside, mayAsk: !isAdopted, map, isSealed, view, memory: region, isAdopted },
    budget: budget?.buffers,
  };
}

/** Opens an image within a time that no medium needs. */
async function openWithin(
  reader: ReaderThread,
  request: OpenRequest,
  signal: AbortSignal | undefined,
): Promise<ImageFacts> {
  reader.subject = `"${request.path}"`;
  const late = AbortSignal.timeout(OPEN_PATIENCE);
  try {
    return await reader.call('open', request, signal === undefined ? late : AbortSignal.any([signal, late]));
  } catch (thrown) {
    if (!late.aborted || signal?.aborted === true) throw thrown;
    throw new IsodriveError(
      'timeout',
      `Cannot open "${request.path}": it takes more than ${OPEN_PATIENCE / 1000} s`,
      {
        action: 'Check the medium that holds the image',
      },
    );
  }
}
