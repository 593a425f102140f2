// An image as drivers see it, wherever it is read: in this thread (local-image.ts), or in one of its own, which may
// come, go and be followed by another. What is in the index is read from shared memory; for the rest a driver asks.
import type { FileHandle } from 'node:fs/promises';
import type { KernelFile } from '../disc/native-plan.js';
import type { FileContent } from '../filesystem/contract/file-content.js';
import type { IndexTable } from '../index/index-table.js';

/** Where a file of an image lies, for whoever would have the kernel read it. */
export interface ImagePlace {
  readonly isRegularFile: boolean;
  /** Type of its file system (linux/magic.h). */
  readonly fileSystemType: number;
}

export interface MetadataRequest {
  /** An empty file, which stays the caller's. */
  readonly file: FileHandle;
  /** Volume label; may be empty. */
  readonly label: string;
  readonly signal?: AbortSignal | undefined;
}

/** Content of files by row, where the stored bytes alone do not decide what a reader gets. */
export interface CheckedContents {
  /** Reads nothing yet. */
  open(row: number): FileContent;
  /** Rejects where the file may not be opened. */
  check(row: number, signal?: AbortSignal): Promise<void>;
}

export interface ServedImage {
  /** Path or description, for messages. */
  readonly name: string;
  /** Open descriptors of the image's files, by number in the read plan; none where native code must not read them. */
  readonly files: readonly number[];
  /** The files that a kernel can read alone, as `files` has them; none where it cannot. */
  readonly kernelFiles: readonly KernelFile[];
  /** Bytes of the volume, as statfs tells them. */
  readonly volumeSize: number;
  /** Whether any entry can have extended attributes. */
  readonly hasAttributes: boolean;
  /** Whether they can be access control lists, which the kernel then asks for and obeys. */
  readonly hasAccessLists: boolean;
  /** A file may be opened only after `check`, and its content is what `read` gives. */
  readonly isChecked: boolean;
  /** In memory of the driver's, where it has such. */
  readonly table: IndexTable;
  /** Loads a directory if need be; resolves also when it cannot be listed. Rejects when the medium fails. */
  load(row: number): Promise<void>;
  /** Reads content of a regular file's row; gives the bytes read, fewer than wanted only at its end. */
  read(row: number, target: Uint8Array, position: number): Promise<number>;
  /** Rejects where a file, by its row, may not be opened. */
  check(row: number): Promise<void>;
  /** Has somebody serve a native session, by its number, from now on. */
  serve(session: number): Promise<void>;
  /** Reads the whole tree and writes EROFS metadata. Rejects as writeMetadata does. */
  writeMetadata(order: MetadataRequest): Promise<void>;
  /** Where each of `kernelFiles` lies. */
  locate(): Promise<readonly ImagePlace[]>;
}
