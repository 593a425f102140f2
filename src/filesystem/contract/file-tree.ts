// The contract between parsers and index: a tree lists one directory at a time into a sink.
import type { Finding } from '../../base/finding.js';
import { STREAM } from '../../disc/read-plan.js';

/**
 * Views of a disc, best first: this is the order in which `auto` chooses, but a good UDF tree is taken before those of
 * ISO 9660 (chooseOfBridge). XDVDFS is first: beside it stands nothing but a film that tells owners of DVD players
 * that they need a console. `all` has them side by side, on request.
 */
export const TREE_KINDS = [
  'xdvdfs',
  ...(['rock-ridge', 'joliet', 'iso9660-1999', 'iso9660', 'udf'] as const),
  ...(['hfsplus', 'hfs', 'opera', 'cd-i', 'fat', 'tracks', 'image', 'all'] as const),
] as const;
export type TreeKind = (typeof TREE_KINDS)[number];
/** How files of tracks are named: by number, or by number and what the disc says of its tracks. */
export const TRACK_NAMINGS = ['number', 'title'] as const;
export type TrackNaming = (typeof TRACK_NAMINGS)[number];
/**
 * How files with sectors of form 2 (CD-ROM XA) are shown: 2048 bytes of each sector, whole sectors behind a RIFF
 * header, or the 2324 bytes of user data of each.
 */
export const XA_SHAPES = ['cooked', 'riff', 'payload'] as const;
export type XaShape = (typeof XA_SHAPES)[number];
/** Views whose entries can have access control lists (AAIP); who asks for them costs a request for each directory. */
export const KINDS_WITH_ACCESS_LISTS: ReadonlySet<TreeKind> = new Set<TreeKind>(['rock-ridge', 'all']);

/** Type bits of `mode` (POSIX sys/stat.h). */
export const MODE_TYPE = {
  mask: 0o170000,
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  regular: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const;

/** Longest name, in bytes, that Linux shows (NAME_MAX). */
export const MAX_NAME_BYTES = 255;
/** Longest symlink target, in bytes (PATH_MAX less its terminator). */
export const MAX_TARGET_BYTES = 4095;

/** A run of a file's bytes. `offset` is a byte offset in a stream of the disc; undefined stands for a hole (zeros). */
export interface Extent {
  /** One of STREAM; the disc's data where absent. */
  readonly stream?: number;
  readonly offset: number | undefined;
  /** Bytes, more than 0. */
  readonly length: number;
  /** Bytes that the tree adds to those of the disc, `length` of them; the index keeps them. */
  readonly added?: Uint8Array;
}

/**
 * Extents in the order of the file; an array is such a list. A file may have a hundred thousand: lists of so many make
 * each when it is asked for, out of arrays of numbers, which take a fraction of the memory.
 */
export interface ExtentSequence extends Iterable<Extent> {
  readonly length: number;
  at(i: number): Extent | undefined;
}

/** Whether an extent is user data of the disc. */
export function isOnDisc(extent: Extent): extent is Extent & { readonly offset: number } {
  return extent.offset !== undefined && (extent.stream ?? STREAM.data) === STREAM.data;
}

/** An extent of bytes that are not on the disc. */
export function addedExtent(bytes: Uint8Array): Extent {
  return { offset: undefined, length: bytes.length, added: bytes };
}

/**
 * How a file's bytes are stored where they are not its content; src/index/layout.ts gives each its number. Who decodes
 * them: src/image/content-opener.ts.
 */
export type ContentCoding = 'zisofs' | 'decmpfs';

/** Sums that a disc records of its files, as an array. Addresses are sectors of 2048 bytes. */
export interface RecordedSums {
  /** Start of the session. */
  readonly start: number;
  /** Start of the array, where the data end that the session's own sum is about. */
  readonly array: number;
  /** Sums, the first of the session and the last of the array itself included. */
  readonly count: number;
  /** Bytes of a sum. */
  readonly size: number;
  /** As written: "MD5". */
  readonly algorithm: string;
}

/** Seconds and microseconds since 1970-01-01 UTC; no disc format is finer. Seconds may be negative. */
export interface Timestamp {
  seconds: number;
  microseconds: number;
}

/**
 * One directory entry. Parsers keep a single one and overwrite it between calls to the sink: at a million entries
 * a second, one object an entry would cost more than the parsing. `reset` gives every field its default.
 */
export class DirectoryEntry {
  /** Name bytes as shown (UTF-8, or raw where the disc says no charset); `nameLength` of them count. */
  readonly name = new Uint8Array(1024);
  nameLength = 0;
  /** Type and permission bits. */
  mode = 0;
  links = 1;
  /**
   * Of a regular file with several names: the number that its writer gave to the file, 0 for none; -1 of all
   * others.
   */
  linkSerial = -1;
  userId = 0;
  groupId = 0;
  /** Device number, Linux major and minor, of character and block devices. */
  deviceMajor = 0;
  deviceMinor = 0;
  /** Bytes. */
  size = 0;
  /** Stable over mounts of the same image: derived from the record's (hard links: the data's) place on the disc. */
  inode = 0;
  readonly modified: Timestamp = { seconds: 0, microseconds: 0 };
  readonly accessed: Timestamp = { seconds: 0, microseconds: 0 };
  readonly changed: Timestamp = { seconds: 0, microseconds: 0 };
  /**
   * Directories: the tree's own token for readDirectory, less than 2^53 and unique to the directory.
   * Files of one extent: byte offset in the disc's data. Files of several: see `extents`.
   */
  locator = 0;
  /**
   * Files that are not exactly one run of the disc's data; their lengths add up to `size`, unless there is a
   * `coding`. They may change with the entry: who keeps them copies them.
   */
  extents: ExtentSequence | undefined = undefined;
  /** Files whose content is not what is stored: `extents`, which are a must then, are the stored bytes. */
  coding: ContentCoding | undefined = undefined;
  /** What the coding's decoder has to know, 32 bits of its own making. */
  codingParameters = 0;
  /**
   * Binary logarithm of the bytes of which that many are decoded by themselves; at least 9 where there is a
   * `coding`.
   */
  unitPower = 0;
  /** Symlink target bytes. */
  target: Uint8Array | undefined = undefined;
  /** Extended attributes: full name ("user.x") and value. */
  attributes: readonly (readonly [string, Uint8Array])[] | undefined = undefined;
  /** Some of its extended attributes are left out: Linux cannot have them. */
  lacksAttributes = false;
  /** Regular files: number of the file's checksum among those that the disc records; 0 for none. */
  sumIndex = 0;
  /** The root: where the disc records checksums. */
  recordedSums: RecordedSums | undefined = undefined;

  reset(): void {
    this.nameLength = 0;
    this.mode = 0;
    this.links = 1;
    this.linkSerial = -1;
    this.userId = 0;
    this.groupId = 0;
    this.deviceMajor = 0;
    this.deviceMinor = 0;
    this.size = 0;
    this.inode = 0;
    this.modified.seconds = this.modified.microseconds = 0;
    this.accessed.seconds = this.accessed.microseconds = 0;
    this.changed.seconds = this.changed.microseconds = 0;
    this.locator = 0;
    this.extents = undefined;
    this.coding = undefined;
    this.codingParameters = 0;
    this.unitPower = 0;
    this.target = undefined;
    this.attributes = undefined;
    this.lacksAttributes = false;
    this.sumIndex = 0;
    this.recordedSums = undefined;
  }
}

export interface EntrySink {
  /** Takes a copy of the entry: the caller may overwrite it at once. `damaged` when a bound is exceeded. */
  add(entry: DirectoryEntry): void;
}

/** One view of one volume. */
export interface FileTree {
  readonly kind: TreeKind;
  /** Volume identifier, trimmed; may be empty. */
  readonly label: string;
  /** Bytes of the volume as its descriptors say. */
  readonly volumeSize: number;
  /** Logical block size, bytes. */
  readonly blockSize: number;
  /** Whether entries can have extended attributes; absent: none ever has. */
  readonly hasAttributes?: boolean;
  /** Where the disc records checksums of its files; known once the root was read, absent where it has none. */
  readonly recordedSums?: RecordedSums | undefined;
  /** The root directory (its name is ignored). */
  readRoot(signal?: AbortSignal): Promise<DirectoryEntry>;
  /** Whether the root lists nothing; looking at its start will do. Rejects as readRoot does. */
  isRootEmpty(signal?: AbortSignal): Promise<boolean>;
  /**
   * Lists a directory into `sink`, neither "." nor ".." included, in the order of the disc. `locator` and `size` are
   * those of its entry. May be called concurrently for different directories. Faults that spare the rest are
   * reported through `report`; rejects with `damaged` when nothing can be listed, `image-unreadable` when the
   * medium fails, `cancelled` on abort.
   */
  readDirectory(
    locator: number,
    size: number,
    sink: EntrySink,
    report: (finding: Finding) => void,
    signal?: AbortSignal,
  ): Promise<void>;
}
