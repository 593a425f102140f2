// Finds the UDF volume of a disc, without listing it. What reads it is loaded for discs that have one.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { DataStream } from '../../disc/data-stream.js';
import type { FileSystem, ProbeContext, Volume } from '../contract/file-system.js';
import { findAnchors, findSessionAnchors, showsAnchor } from './anchor.js';
import type { Anchor } from './anchor.js';
import type { OpenedVolume } from './open-volume.js';
import { SECTOR_SIZES, readRecognitionSequence } from './recognition-sequence.js';
import { findUdfSessions } from './sessions.js';
import { UdfFindings } from './udf-findings.js';

export const udfFileSystem: FileSystem = {
  title: 'UDF',
  // ECMA-167 3/8.4.2.1: a disc whose recognition sequence is lost still has its anchor, at sector 256.
  findMarks: async (source, _start, signal) => ((await showsAnchor(source, signal)) ? 1 : 0),
  probe: probeUdfVolume,
  findSessions: findUdfSessions,
};

async function probeUdfVolume(reader: DataStream, context: ProbeContext): Promise<Volume> {
  const { report, signal, sessionStart = 0 } = context;
  const announced = await readRecognitionSequence(reader, sessionStart, signal);
  if (announced === undefined && context.isLastResort !== true) {
    throw refuse(reader, 'unsupported', 'no NSR descriptor');
  }
  const anchors = await findAnchors(reader, announced ?? SECTOR_SIZES, sessionStart, signal);
  if (anchors.length === 0) {
    if (announced === undefined) throw refuse(reader, 'unsupported', 'neither NSR descriptor nor anchor');
    anchors.push(...(await findSessionAnchors(reader, signal)));
  }
  const { volume, descriptors, integrity } = await openFirst(reader, anchors, context);
  if (announced === undefined) new UdfFindings(reader, report).noRecognitionSequence(anchors[0]!.offset);
  // Of write-once media only what is recorded is in an image.
  const isWriteOnce = descriptors.logical.maps.some(({ kind }) => kind === 'virtual');
  if (volume.size > reader.size && !isWriteOnce) reportTruncation(reader, volume.size, report);
  const { UdfTree } = await import('./udf-tree.js');
  const { summarizeVolume } = await import('./summarize-volume.js');
  return { trees: [new UdfTree(volume)], summary: summarizeVolume(volume, descriptors, integrity) };
}

/** The volume of the first anchor that leads to one; findings on the way there are only reported for that one. */
async function openFirst(
  reader: DataStream,
  anchors: readonly Anchor[],
  { report, work, signal, sessionEnd }: ProbeContext,
): Promise<OpenedVolume> {
  const end = sessionEnd === undefined ? reader.size : Math.min(sessionEnd * SECTOR_SIZE, reader.size);
  const { openVolume } = await import('./open-volume.js');
  let firstError: IsodriveError | undefined;
  for (const anchor of anchors) {
    const findings: Parameters<typeof report>[0][] = [];
    try {
      const opened = await openVolume(
        reader,
        anchor,
        end,
        new UdfFindings(reader, (one) => findings.push(one)),
        work,
        signal,
      );
      findings.forEach(report);
      return opened;
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || thrown.code !== 'damaged') throw thrown;
      firstError ??= thrown;
    }
  }
  throw firstError ?? refuse(reader, 'damaged', 'no anchor at sector 256, 512 or the end');
}

function refuse(reader: DataStream, code: 'damaged' | 'unsupported', found: string): IsodriveError {
  return new IsodriveError(code, `Cannot find a UDF volume in "${reader.name}": ${found}, expected one`, {
    at: { source: reader.name, clause: 'ECMA-167 3/8.4.2' },
  });
}

function reportTruncation(reader: DataStream, expected: number, report: ProbeContext['report']): void {
  report({
    code: 'truncated-image',
    severity: 'damage',
    message: `Image has ${countBytes(reader.size)}, expected ${expected}: it is truncated`,
    at: { source: reader.name, offset: reader.size, clause: 'ECMA-167 3/10.5.9' },
  });
}
