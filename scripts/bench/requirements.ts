// What the project promises of its speed, and what this run says to it.
import type { ContestantName } from './contestants.js';
import type { DaemonMemory, FirstListing } from './daemon-figures.js';
import type { DriveFigures } from './drives.js';
import type { ExtractionFigures } from './extraction.js';
import type { FormatResult } from './format-race.js';
import type { HashingFigures } from './hashing.js';
import type { NeighbourFigures } from './neighbours.js';
import type { PlanFigures } from './plans.js';
import type { RaceMeasure, RaceResult } from './race.js';
import type { ServerMemoryFigures } from './server-memory.js';
import { REST_SECONDS } from './server-memory.js';
import type { StartUpFigures } from './start-up.js';
import { median, medianRatio } from './statistics.js';

const MIB = 1024 * 1024;
const MEMORY_BASE = 80 * MIB;
const MEMORY_PER_ENTRY = 150;
/** By driver: `erofs` writes the metadata of all 200,000 entries first. */
const LISTING_MILLISECONDS = { fuse: 150, erofs: 700 };
/** Speed of UDF as a part of that of ISO 9660. */
const LEAST_OF_UDF = 0.9;
const RECORDS_PER_SECOND = 1_000_000;
const LEAST_HASHING_SPEED = 0.9;
const MOST_HASHING_TIME = 1.3;
/** Speed of extraction beside other programs, and time of a listing. */
const LEAST_EXTRACTION_SPEED = 1.3;
const MOST_LISTING_TIME = 2;
/** Processor time of `ls` of a small image, as a multiple of that of an empty node program. */
const MOST_START_UP = 1.8;
/** Speed by a read plan, beside that of a plain image or a file of one extent. */
const PLAN_PAIRS = [
  ['damaged', 'plain', 0.9, 'sequential read: image with a bad sector / whole image'],
  ['raw', 'plain', 0.7, 'sequential read: sectors of 2352 bytes / of 2048 bytes'],
  ['wav', 'plain', 0.7, 'sequential read: WAV file of a track / plain file'],
  ['bin', 'plain', 0.9, 'sequential read: .bin of 20 tracks / plain file'],
  ['manyExtents', 'oneExtent', 0.83, 'random reads: file of 200,000 extents / of one'],
] as const;
/** What the readers of other mounts may notice of a hostile image. */
const NEIGHBOUR_RATIO = 1.5;
/** Of what nbdkit's file plugin serves to the same client. */
const DRIVE_RATIO = 0.5;
/** What all clients of a served drive cost together, and what stays of it: what V8 keeps for the next. */
const MOST_SERVER_MEMORY = 128 * MIB;
const MOST_SERVER_REST = 32 * MIB;
/** iSCSI has no Unix sockets: it is compared with what is fastest, and with what goes the same way. */
const DRIVE_PAIRS = [
  ['nbd', 'nbdkit'],
  ['nbd-tcp', 'nbdkit-tcp'],
  ['iscsi', 'nbdkit'],
  ['iscsi', 'nbdkit-tcp'],
] as const;

/** One line of the verdict. */
export interface Verdict {
  readonly what: string;
  readonly wanted: string;
  readonly got: string;
  readonly met: boolean;
}

interface RatioRequirement {
  readonly what: string;
  readonly measure: RaceMeasure;
  readonly ours: ContestantName;
  readonly theirs: ContestantName;
  readonly least: number;
}

const RATIOS: readonly RatioRequirement[] = [
  { what: 'first walk, A', measure: 'firstWalk', ours: 'erofs', theirs: 'native', least: 1 },
  { what: 'first walk, B', measure: 'firstWalkMany', ours: 'erofs', theirs: 'native', least: 1 },
  { what: 'repeated walk', measure: 'repeatedWalk', ours: 'erofs', theirs: 'native', least: 1 },
  {
    what: 'sequential read, pages dropped',
    measure: 'sequentialCold',
    ours: 'erofs',
    theirs: 'native',
    least: 0.95,
  },
  { what: 'open + read of small files', measure: 'smallFiles', ours: 'erofs', theirs: 'fuseiso', least: 8 },
  { what: 'random 4 KiB, 1 reader', measure: 'random1', ours: 'erofs', theirs: 'fuseiso', least: 8 },
  { what: 'random 4 KiB, 4 readers', measure: 'random4', ours: 'erofs', theirs: 'fuseiso', least: 8 },
  { what: 'first walk, A', measure: 'firstWalk', ours: 'fuse', theirs: 'native', least: 1 },
  { what: 'first walk, A', measure: 'firstWalk', ours: 'fuse', theirs: 'fuseiso', least: 4 },
  { what: 'first walk, B', measure: 'firstWalkMany', ours: 'fuse', theirs: 'native', least: 1 },
  { what: 'first walk, B', measure: 'firstWalkMany', ours: 'fuse', theirs: 'fuseiso', least: 4 },
  { what: 'repeated walk', measure: 'repeatedWalk', ours: 'fuse', theirs: 'native', least: 0.95 },
  { what: 'sequential read', measure: 'sequential', ours: 'fuse', theirs: 'fuseiso', least: 3.5 },
  {
    what: 'sequential read',
    measure: 'sequential',
    ours: 'fuse-default-read-ahead',
    theirs: 'fuseiso',
    least: 2.3,
  },
  { what: 'open + read of small files', measure: 'smallFiles', ours: 'fuse', theirs: 'fuseiso', least: 2 },
  { what: 'random 4 KiB, 1 reader', measure: 'random1', ours: 'fuse', theirs: 'fuseiso', least: 1 },
  { what: 'random 4 KiB, 4 readers', measure: 'random4', ours: 'fuse', theirs: 'fuseiso', least: 1.8 },
];

/** Requirements on ratios for which both sides took part. */
export function judgeRace(result: RaceResult): Verdict[] {
  const verdicts: Verdict[] = [];
  for (const { what, measure, ours, theirs, least } of RATIOS) {
    const upper = result.figures.get(ours)?.[measure] ?? [];
    const lower = result.figures.get(theirs)?.[measure] ?? [];
    const ratio = medianRatio(upper, lower);
    if (ratio === undefined) continue;
    verdicts.push({
      what: `${what}: ${ours} / ${theirs}`,
      wanted: `>= ${least.toFixed(2)} x`,
      got: `${ratio.toFixed(2)} x`,
      met: ratio >= least,
    });
  }
  return verdicts;
}

/** What UDF may cost beside ISO 9660. */
export function judgeFormats(results: readonly FormatResult[]): Verdict[] {
  return results.flatMap(({ driver, udf, iso }) =>
    (['firstWalk', 'sequential'] as const).map((measure) => {
      const ratio = medianRatio(udf[measure], iso[measure]) ?? 0;
      return {
        what: `${measure === 'firstWalk' ? 'first walk, A' : 'sequential read'}: udf / iso, by ${driver}`,
        wanted: `>= ${LEAST_OF_UDF.toFixed(2)} x`,
        got: `${ratio.toFixed(2)} x`,
        met: ratio >= LEAST_OF_UDF,
      };
    }),
  );
}

export function judgeListing(driver: 'erofs' | 'fuse', figures: FirstListing): Verdict {
  const limit = LISTING_MILLISECONDS[driver];
  const got = median(figures.mountToList) ?? Infinity;
  const empty = median(figures.emptyNode) ?? 0;
  return {
    what: `mount by ${driver} to first ls of image B (an empty node program: ${empty.toFixed(0)} ms)`,
    wanted: `< ${limit} ms`,
    got: `${got.toFixed(0)} ms`,
    met: got < limit,
  };
}

export function judgeNeighbours({ fault, alone, beside }: NeighbourFigures): Verdict {
  const ratio = medianRatio(beside, alone) ?? Infinity;
  return {
    what: `random 4 KiB beside an image that makes its reader ${fault}: time / alone`,
    wanted: `<= ${NEIGHBOUR_RATIO} x`,
    got: `${ratio.toFixed(2)} x`,
    met: ratio <= NEIGHBOUR_RATIO,
  };
}

export function judgeStartUp({ list, emptyNode }: StartUpFigures): Verdict {
  const ratio = medianRatio(list, emptyNode) ?? Infinity;
  return {
    what: 'processor time: ls of a small image / node -e 0',
    wanted: `<= ${MOST_START_UP.toFixed(2)} x`,
    got: `${ratio.toFixed(2)} x`,
    met: ratio <= MOST_START_UP,
  };
}

export function judgePlans(figures: PlanFigures): Verdict[] {
  return PLAN_PAIRS.map(([ours, theirs, least, what]) => {
    const ratio = medianRatio(figures[ours], figures[theirs]) ?? 0;
    return { what, wanted: `>= ${least.toFixed(2)} x`, got: `${ratio.toFixed(2)} x`, met: ratio >= least };
  });
}

export function judgeRecords(perSecond: number): Verdict {
  return {
    what: 'directory records into the index',
    wanted: `>= ${RECORDS_PER_SECOND / 1e6} M/s`,
    got: `${(perSecond / 1e6).toFixed(2)} M/s`,
    met: perSecond >= RECORDS_PER_SECOND,
  };
}

export function judgeDrives(figures: DriveFigures): Verdict[] {
  return DRIVE_PAIRS.map(([ours, theirs]) => {
    const ratio = medianRatio(figures[ours], figures[theirs]) ?? 0;
    return {
      what: `sequential read by qemu-img: ${ours} / ${theirs}, file plugin`,
      wanted: `>= ${DRIVE_RATIO.toFixed(2)} x`,
      got: `${ratio.toFixed(2)} x`,
      met: ratio >= DRIVE_RATIO,
    };
  });
}

export function judgeMemory({ loaded, entries }: DaemonMemory): Verdict {
  const limit = MEMORY_BASE + MEMORY_PER_ENTRY * entries;
  return {
    what: `resident memory of the daemon, ${entries} entries loaded`,
    wanted: `<= ${(limit / MIB).toFixed(0)} MiB`,
    got: `${(loaded.total / MIB).toFixed(0)} MiB`,
    met: loaded.total <= limit,
  };
}

export function judgeServerMemory({ protocol, clients, idle, peak, rest }: ServerMemoryFigures): Verdict[] {
  const what = `memory of a drive served by ${protocol} above its idle ${toMebibytes(idle)}`;
  return [
    {
      what: `${what}: ${clients} clients read 32 MiB each at once`,
      wanted: `<= ${toMebibytes(MOST_SERVER_MEMORY)}`,
      got: toMebibytes(peak),
      met: peak <= MOST_SERVER_MEMORY,
    },
    {
      what: `${what}: ${REST_SECONDS} s after they have left`,
      wanted: `<= ${toMebibytes(MOST_SERVER_REST)}`,
      got: toMebibytes(rest),
      met: rest <= MOST_SERVER_REST,
    },
  ];
}

const toMebibytes = (bytes: number): string => `${(bytes / MIB).toFixed(0)} MiB`;

/** Times: the speed of one program is the inverse of its time. */
export function judgeHashing({ sha256sum, checksum, three, slowest }: HashingFigures): Verdict[] {
  const speed = medianRatio(sha256sum, checksum) ?? 0;
  const time = medianRatio(three, slowest) ?? Infinity;
  return [
    {
      what: 'speed of sha256 over an image: checksum / sha256sum',
      wanted: `>= ${LEAST_HASHING_SPEED.toFixed(2)} x`,
      got: `${speed.toFixed(2)} x`,
      met: speed >= LEAST_HASHING_SPEED,
    },
    {
      what: 'time of verify with md5, sha1 and sha256 / the slowest of them alone',
      wanted: `<= ${MOST_HASHING_TIME.toFixed(2)} x`,
      got: `${time.toFixed(2)} x`,
      met: time <= MOST_HASHING_TIME,
    },
  ];
}

/** Beside the programs that were there. */
export function judgeExtraction({ small, large, list }: ExtractionFigures): Verdict[] {
  const verdicts: Verdict[] = [];
  for (const [what, figures] of [
    ['small files', small],
    ['one large file', large],
  ] as const) {
    for (const other of ['7z', 'bsdtar'] as const) {
      const speed = medianRatio(figures[other], figures.isodrive);
      if (speed === undefined) continue;
      verdicts.push({
        what: `speed of extract, ${what}: isodrive / ${other}`,
        wanted: `>= ${LEAST_EXTRACTION_SPEED.toFixed(2)} x`,
        got: `${speed.toFixed(2)} x`,
        met: speed >= LEAST_EXTRACTION_SPEED,
      });
    }
  }
  const time = medianRatio(list.isodrive, list.bsdtar);
  if (time === undefined) return verdicts;
  const met = time <= MOST_LISTING_TIME;
  const wanted = `<= ${MOST_LISTING_TIME.toFixed(2)} x`;
  return [
    ...verdicts,
    { what: 'time of ls -R of image B / bsdtar -tf', wanted, got: `${time.toFixed(2)} x`, met },
  ];
}
