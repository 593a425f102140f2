// The contract between a disc and the formats of its volumes: each looks for its own and says what it found.
import type { ByteCursor } from '../../base/byte-cursor.js';
import type { Finding } from '../../base/finding.js';
import type { Confidence } from '../../container/confidence.js';
import type { DataStream } from '../../disc/data-stream.js';
import type { ByteSource } from '../../source/byte-source.js';
import type { FileTree, Timestamp, XaShape } from './file-tree.js';
import type { Partition } from './partition.js';
import type { VolumeSummary } from './volume-summary.js';
import type { WorkBudget } from './work-budget.js';

/** Sectors with more than 2048 bytes of user data, and how files of such are shown. */
export interface LargeSectors {
  readonly shape: XaShape;
  /** Whether the image holds all of some sectors, in one of STREAM. */
  holds(stream: number, block: number, count: number): boolean;
}

/** What every probe is given. */
export interface ProbeContext {
  /** Takes a fault that spares the rest. */
  readonly report: (finding: Finding) => void;
  readonly signal: AbortSignal | undefined;
  /** Sector where the session starts that is wanted (all addresses count from sector 0 nevertheless); absent: 0. */
  readonly sessionStart?: number;
  /** Sector behind that session; absent: the end of the disc. */
  readonly sessionEnd?: number | undefined;
  /** Nothing was found by its usual marks: less will do now. */
  readonly isLastResort?: boolean;
  /** Charset of names that are not UTF-8, for formats that do not say theirs; absent: they stay as they are. */
  readonly charset?: string | undefined;
  /** Resource forks that a format keeps beside its files are shown as ._NAME. */
  readonly showAssociated?: boolean;
  /** What of its sectors the image holds, for formats that have larger ones; absent: 2048 bytes of each. */
  readonly sectors?: LargeSectors;
  /** What listing the image may cost. */
  readonly work: WorkBudget;
  /** Partitions of the disc, for formats that may stand in one. */
  readonly partitions?: readonly Partition[];
}

/** What the search for sessions is given. */
export type SessionContext = Partial<Pick<ProbeContext, 'charset' | 'signal'>>;

/** One volume of a disc; what lies on it is read when it is asked for. */
export interface Volume {
  /** Its views, best first; at least one. */
  readonly trees: readonly FileTree[];
  readonly summary: VolumeSummary;
  /** It has descriptors and no directory: programs write such beside another volume, which then stands alone. */
  readonly isShell?: boolean;
}

/** One writing session of a disc that was written in several. */
export interface SessionSummary {
  /** From 1. */
  readonly number: number;
  /** Sector where it starts. */
  readonly start: number;
  /** Sector from which its descriptors are found, for ProbeContext: not `start` where a newer copy of them stands. */
  readonly descriptors: number;
  /** Sectors that it says it has. */
  readonly length: number;
  /** Sector behind all that belongs to it; absent where the format does not show it. */
  readonly end?: number;
  readonly label: string;
  readonly created: Timestamp | undefined;
}

export interface FileSystem {
  /** As users know it: "ISO 9660". */
  readonly title: string;
  /**
   * Looks for a volume without listing it. Rejects with `unsupported` (the disc has none of this format), `damaged`
   * (it has one that cannot be used), and as ByteSource.read does. Does not own the reader.
   */
  probe(reader: DataStream, context: ProbeContext): Promise<Volume>;
  /**
   * Looks into the partitions of a disc that holds nothing by itself: a hard disk. Absent for formats that are not met
   * there, or whose `probe` looks there anyway. Gives no tree where there is none; rejects as `probe` does.
   */
  probePartitions?(reader: DataStream, context: ProbeContext): Promise<Volume | undefined>;
  /**
   * How sure it is, by marks of its own, that sectors are of a disc with it: 3 where nothing else has them, 1 where
   * they may stand there by chance. `start`: the first bytes, those of a partition table. Absent for formats known by a
   * descriptor of ECMA-119. Reads few sectors. Rejects as ByteSource.read does.
   */
  findMarks?(source: ByteSource, start: ByteCursor, signal?: AbortSignal): Promise<Confidence> | Confidence;
  /**
   * The sessions from sector `first` on, in their order; empty where none of this format can be seen. Absent for
   * formats that are not written in sessions. Rejects with `usage` for a charset that is not known, and as
   * ByteSource.read does.
   */
  findSessions?(
    reader: DataStream,
    first: number,
    context?: SessionContext,
  ): Promise<readonly SessionSummary[]>;
}
