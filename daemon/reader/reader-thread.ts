// A thread that reads an image, seen from outside: calls and answers, and its end, which may come at any time. Whoever
// loops for too long, or takes too much memory, is ended; nobody else notices.
import { constants, setPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { loadAddon } from '../../native/index.js';
import { IsodriveError, isExhausted, toIsodriveError } from '../../src/base/error.js';
import type { Finding } from '../../src/base/finding.js';
import { decodeError, encodeError } from '../../src/protocol/rpc-error.js';
import { abortable } from '../../src/base/abortable.js';
import { PROGRESS } from './reader-requests.js';
import type {
  ReaderAnswer,
  ReaderCall,
  ReaderData,
  ReaderMessage,
  ReaderMethod,
  ReaderMethods,
} from './reader-requests.js';
import type { ReaderLimits } from './reader-limits.js';

/** Milliseconds between two looks at whether it gets on. */
const LOOK_INTERVAL = 250;
/** Seconds of processor time in one step after which all others go first. */
const YIELD_AFTER = 0.5;
/** MiB for objects that were just made. */
const YOUNG_MEMORY = 4;
const PROGRAM = new URL('./reader-worker.js', import.meta.url);

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** Throws `busy` where the system has no thread left. */
function startWorker(workerData: ReaderData, limits: ReaderLimits): Worker {
  try {
    return new Worker(PROGRAM, {
      name: 'isodrive-reader',
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: limits.memory, maxYoungGenerationSizeMb: YOUNG_MEMORY },
    });
  } catch (thrown) {
    throw new IsodriveError(
      'busy',
      'Cannot start a thread to read the image: EAGAIN, expected the limit of processes to allow one',
      { action: 'End some programs, or raise the limit (ulimit -u, or TasksMax of the unit)', cause: thrown },
    );
  }
}

export class ReaderThread {
  /** Name of the image, for messages. */
  subject = 'the image';
  /** Told of findings, in the order they were met. */
  onFinding: ((finding: Finding, count: number) => void) | undefined;
  /** What it asks of the files beside its image: of one, or of the names of all. */
  onAsk: ((name: string | undefined) => Promise<number | readonly string[] | undefined>) | undefined;
  /** Told, once, when it ends and nobody has ended it. */
  onDeath: ((reason: string) => void) | undefined;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  readonly #limits: ReaderLimits;
  readonly #progress = new Int32Array(new SharedArrayBuffer(PROGRESS.words * 4));
  readonly #waiting = new Map<number, Waiting>();
  readonly #look: NodeJS.Timeout;
  #lastCall = 0;
  /** Why it ends, as far as it is known. */
  #reason: string | undefined;
  /** What of the machine it has ended for want of. */
  #lack: IsodriveError | undefined;
  #isEnding = false;
  /** It has started: until then it has no clock of its own, and runs none of an image's steps. */
  #isReady = false;
  #thread: number | undefined;
  #clock: number | undefined;
  /** Progress at the last look that saw some, and its processor time then. */
  #turns = -1;
  #ended = -1;
  #turnSeconds = 0;
  #stepSeconds = 0;

  constructor(limits: ReaderLimits) {
    this.#limits = limits;
    this.#worker = startWorker({ progress: this.#progress.buffer }, limits);
    this.#worker.on('message', (message: ReaderMessage) => this.#take(message));
    this.#worker.on('error', (error: Error & { code?: string }) => {
      if (isExhausted(error)) this.#lack = toIsodriveError(error);
      this.#reason ??=
        error.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? `it needs more than ${limits.memory} MiB of memory`
          : `its reader failed: ${error.message}`;
    });
    this.#look = setInterval(() => this.#check(), LOOK_INTERVAL).unref();
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#onExit();
        resolve();
      });
    });
  }

  /**
   * Rejects as the method does, with `cancelled`, or with `damaged` when the thread ends over it, or `busy` for want
   * of
   * room.
   */
  call<M extends ReaderMethod>(
    method: M,
    params: ReaderMethods[M]['params'],
    signal?: AbortSignal,
  ): Promise<ReaderMethods[M]['result']> {
    const answered = new Promise<ReaderMethods[M]['result']>((resolve, reject) => {
      if (this.#isEnding) {
        reject(new IsodriveError('cancelled', 'Reader has ended'));
        return;
      }
      this.#lastCall += 1;
      this.#waiting.set(this.#lastCall, { resolve, reject });
      this.#worker.postMessage({ id: this.#lastCall, method, params } satisfies ReaderCall);
    });
    return abortable(answered, signal);
  }

  /** Ends it, whatever it does. */
  async end(): Promise<void> {
    this.#isEnding = true;
    void this.#worker.terminate();
    await this.ended;
  }

  #take(message: ReaderMessage): void {
    if (message.kind === 'ready') {
      this.#isReady = true;
      this.#clock = message.clock;
      this.#thread = message.thread;
    } else if (message.kind === 'finding') this.onFinding?.(message.finding, message.count);
    else if (message.kind === 'ask') void this.#answer(message.id, message.name);
    else {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.kind === 'result') waiting?.resolve(message.result as never);
      else waiting?.reject(decodeError(message.error));
    }
  }

  async #answer(answered: number, name: string | undefined): Promise<void> {
    let answer: ReaderAnswer;
    try {
      answer = { answered, result: await this.onAsk?.(name) };
    } catch (thrown) {
      answer = { answered, error: encodeError(thrown) };
    }
    this.#worker.postMessage(answer);
  }

  #check(): void {
    if (!this.#isReady) return;
    const now = this.#seconds();
    const [turns, begun, ended] = [PROGRESS.turns, PROGRESS.begun, PROGRESS.ended].map((word) =>
      Atomics.load(this.#progress, word),
    ) as [number, number, number];
    if (turns !== this.#turns) [this.#turns, this.#turnSeconds] = [turns, now];
    if (ended !== this.#ended || begun === ended) [this.#ended, this.#stepSeconds] = [ended, now];
    const spent = now - Math.min(this.#turnSeconds, this.#stepSeconds);
    if (spent > YIELD_AFTER) this.#yield();
    if (spent <= this.#limits.seconds) return;
    this.#reason ??= `it takes more than ${this.#limits.seconds} s of processor time in one step`;
    void this.#worker.terminate();
  }

  /** From now on everybody else has the processor first. */
  #yield(): void {
    if (this.#thread === undefined) return;
    try {
      setPriority(this.#thread, constants.priority.PRIORITY_LOW);
    } catch {
      // It has just ended, or may not: then it is ended later.
    }
    this.#thread = undefined;
  }

  /** Processor time of the thread; without the addon, time as it passes. */
  #seconds(): number {
    if (this.#clock === undefined) return performance.now() / 1000;
    return loadAddon().threadSeconds(this.#clock) ?? 0;
  }

  #onExit(): void {
    clearInterval(this.#look);
    const isExpected = this.#isEnding;
    this.#isEnding = true;
    const reason = this.#reason ?? 'its reader has ended';
    for (const { reject } of this.#waiting.values()) {
      reject(
        isExpected
          ? new IsodriveError('cancelled', 'Reader was ended')
          : (this.#lack ?? new IsodriveError('damaged', `Cannot read ${this.subject}: ${reason}`)),
      );
    }
    this.#waiting.clear();
    if (!isExpected) this.onDeath?.(reason);
  }
}
