// FUSE sessions as TypeScript sees them: what one is started with, what it asks, and what it tells.

/** Keeps the memory behind an index region alive in native code. */
export type RegionHandle = object & { readonly __region: never };

export interface SessionOptions {
  /** Of its threads; at most 15 characters. */
  readonly name: string;
  /** Descriptor of /dev/fuse, bound to the mount; the session closes it, unless it cannot be started. */
  readonly device: number;
  /**
   * Descriptors of the image's files, by their number in the read plan of the region; the session keeps copies of its
   * own. Of none, it asks for all content.
   */
  readonly files: readonly number[];
  readonly region: RegionHandle;
  readonly volumeBytes: number;
  /** Whether any entry can have extended attributes. */
  readonly hasAttributes: boolean;
  /** Whether any can have access control lists: the kernel then asks for those of each directory that is entered. */
  readonly hasAccessLists: boolean;
  /** Whose all files are shown to be; undefined: those that the disc names. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** Every open of a file is asked for, as a read of no bytes. */
  readonly checksOpens: boolean;
  /** Another process served the mount before: what it left unanswered is asked for again. */
  readonly isTakenOver: boolean;
}

/** What a session has done since it started. */
export interface SessionCounters {
  readonly requests: number;
  readonly reads: number;
  /** Bytes of file content that were asked for; what the kernel has cached it does not ask for. */
  readonly readBytes: number;
  /** Reads that the page cache did not answer: they waited for the medium. */
  readonly waitedReads: number;
  /** Reads that waited for JavaScript to decode their bytes. */
  readonly decodedReads: number;
  /** Time from request to answer, all added up, waiting for the medium included; requests overlap. */
  readonly busySeconds: number;
  /**
   * Requests by time to answer: entry i took less than 2^i microseconds, and not less than half; the last, any
   * longer.
   */
  readonly latency: readonly number[];
  /** The same of reads of file content. */
  readonly readLatency: readonly number[];
}

/** Told what becomes of a session; must not throw. */
export interface SessionOwner {
  /** Requests wait, and nobody serves the session. */
  onWanted(): void;
  /** The mount is gone; nothing needs an answer any more. */
  onEnd(): void;
}

/** What a session asks of the thread that serves it. Must not throw. */
export interface SessionListener {
  /** A directory has to be loaded; to be answered by resumeSession. */
  onLoad(row: number): void;
  /**
   * Content that the read plan does not give has to be read; to be answered by replyRead. `length` ends with the
   * file, and is 0 where a file is to be opened.
   */
  onRead(ticket: number, row: number, offset: number, length: number): void;
  /**
   * Units have to be decoded: bytes of a row's content, or of a base in units of the read plan, by its number; whole
   * units of `unitBytes`, but for the last of all. To be answered by fillUnits.
   */
  onFill(
    ticket: number,
    isBase: boolean,
    number: number,
    unitBytes: number,
    offset: number,
    length: number,
  ): void;
  /** Nobody waits for that content, or for those units, any more. */
  onCancel(ticket: number): void;
}

/** A request of the kernel, once answered; numbers as in linux/fuse.h. */
export interface TracedRequest {
  readonly opcode: number;
  readonly node: number;
  readonly offset: number;
  readonly size: number;
  readonly errno: number;
  readonly microseconds: number;
}

export interface SessionTrace {
  readonly requests: readonly TracedRequest[];
  /** Requests left out since the last look. */
  readonly lost: number;
}
