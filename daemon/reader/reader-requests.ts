// What the daemon asks of the thread that reads an image, and what it hears from it. Everything here is copied from
// thread to thread; memory that both see goes by number or as a shared buffer.
import type { Finding } from '../../src/base/finding.js';
import type { TreeKind } from '../../src/filesystem/contract/file-tree.js';
import type { BudgetBuffers } from '../../src/index/index-budget.js';
import type { SharedRegion } from '../../src/index/index-memory.js';
import type { NamedDescriptor } from '../../src/mount/mount-driver.js';
import type { ImagePlace } from '../../src/mount/served-image.js';
import type { ShownValues } from '../../src/options/mount-options.js';
import type { RpcError, VerifiedFiles } from '../../src/protocol/messages.js';
import type { ImageIdentity, NamedIdentity } from './image-identity.js';

export interface OpenRequest {
  /** Path of the image, and its name in messages. */
  readonly path: string;
  /** Open for reading; stays open as long as the thread lives. */
  readonly descriptor: number;
  /** Files beside it that are part of it, open as long. */
  readonly beside: readonly NamedDescriptor[];
  /** Others than those may be asked for: it is opened for the first time. */
  readonly mayAsk: boolean;
  /** Its map, open as long, where the path is only a name. */
  readonly map: number | undefined;
  readonly isSealed: boolean;
  /** Of the index, where its user has one. */
  readonly budget: BudgetBuffers | undefined;
  /** Its map by path. */
  readonly view: ShownValues;
  readonly memory: SharedRegion;
  /** The index is in memory already. */
  readonly isAdopted: boolean;
}

/** What the rest of the daemon has to know of an image. */
export interface ImageFacts {
  readonly identity: ImageIdentity;
  /** Of the files beside it, in the order in which they were opened. */
  readonly beside: readonly NamedIdentity[];
  /** Files that the plan reads, in its order: 0 is the image, from 1 on those beside it. */
  readonly plannedFiles: readonly number[];
  /** Bytes of the disc's data. */
  readonly dataSize: number;
  readonly label: string;
  readonly kind: TreeKind;
  readonly volumeSize: number;
  readonly hasAttributes: boolean;
  /** Native code reads the descriptor, by the plan in the index. */
  readonly isPlanned: boolean;
  /** Files that are the disc's data byte for byte, numbered likewise, so that the kernel can read them alone. */
  readonly kernelFiles: readonly number[];
  /** The disc of an optical drive, opened by its path. */
  readonly isDrive: boolean;
  /** Its files are verified before they are read. */
  readonly isChecked: boolean;
  /** Numbers of the sessions, and of the one that is shown. */
  readonly sessions: readonly number[];
  readonly session: number | undefined;
}

/** Method -> its parameters and result; `unknown` for those that only end. */
export interface ReaderMethods {
  open: { params: OpenRequest; result: ImageFacts };
  /** Serves a native session, by its number. */
  serve: { params: number; result: unknown };
  /** Makes ready to end; false when somebody waits for it. */
  rest: { params: undefined; result: boolean };
  /** Loads the whole index, giving way to readers. */
  prefetch: { params: undefined; result: unknown };
  load: { params: number; result: unknown };
  read: {
    params: { readonly row: number; readonly position: number; readonly length: number };
    result: Uint8Array;
  };
  /** Rejects where a file may not be opened. */
  check: { params: number; result: unknown };
  verified: { params: undefined; result: VerifiedFiles | undefined };
  writeMetadata: { params: { readonly file: number; readonly label: string }; result: unknown };
  locate: { params: undefined; result: readonly ImagePlace[] };
}

export type ReaderMethod = keyof ReaderMethods;

export interface ReaderCall {
  readonly id: number;
  readonly method: ReaderMethod;
  readonly params: unknown;
}

export type ReaderMessage =
  /**
   * Its number as the kernel has it, and its processor time (threadSeconds in native/index.ts); undefined without the
   * addon.
   */
  | { readonly kind: 'ready'; readonly thread: number | undefined; readonly clock: number | undefined }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: RpcError }
  /** Asks for a file beside the image, or, without a name, for the names of all. */
  | { readonly kind: 'ask'; readonly id: number; readonly name: string | undefined }
  /** `count`: of all findings so far, those that were not kept included. */
  | { readonly kind: 'finding'; readonly finding: Finding; readonly count: number };

/** What the daemon says to `ask`: a descriptor, or names; undefined for a file that is not there. */
export interface ReaderAnswer {
  readonly answered: number;
  readonly result?: number | readonly string[] | undefined;
  readonly error?: RpcError;
}

export interface ReaderData {
  readonly progress: SharedArrayBuffer;
}

/** Words of shared memory that tell whether a thread gets on. */
export const PROGRESS = { turns: 0, begun: 1, ended: 2, words: 3 } as const;
