// The contract between a disc and the formats of its volumes: each looks for its own and says what it found.
import type { Finding } from '../base/finding.js';
import type { SectorReader } from '../disc/sector-reader.js';
import type { FileTree } from './file-tree.js';
import type { VolumeSummary } from './volume-summary.js';

/** What every probe is given. */
export interface ProbeContext {
  /** Takes a fault that spares the rest. */
  readonly report: (finding: Finding) => void;
  readonly signal: AbortSignal | undefined;
}

/** One volume of a disc; what lies on it is read when it is asked for. */
export interface Volume {
  /** Its views, best first; at least one. */
  readonly trees: readonly FileTree[];
  readonly summary: VolumeSummary;
}

export interface FileSystem {
  /** As users know it: "ISO 9660". */
  readonly title: string;
  /**
   * Looks for a volume without listing it. Rejects with `unsupported` (the disc has none of this format), `damaged`
   * (it has one that cannot be used), and as ByteSource.read does. Does not own the reader.
   */
  probe(reader: SectorReader, context: ProbeContext): Promise<Volume>;
}
