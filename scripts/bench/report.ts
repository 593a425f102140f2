// The figures as Markdown, ready to be pasted into an issue.
import type { ContestantName } from './contestants.js';
import type { DaemonMemory } from './daemon-figures.js';
import type { RaceMeasure, RaceResult } from './race.js';
import { RACE_MEASURES } from './race.js';
import type { Verdict } from './requirements.js';
import type { ResidentMemory } from '../support/process-memory.js';
import { median } from './statistics.js';

const thousands = (value: number): string => `${(value / 1e3).toFixed(1)} k/s`;

const COLUMNS: Readonly<Record<RaceMeasure, { title: string; format: (value: number) => string }>> = {
  firstWalk: { title: 'first walk, 20 a directory', format: thousands },
  repeatedWalk: { title: 'repeated walk', format: thousands },
  firstWalkMany: { title: 'first walk, 500 a directory', format: thousands },
  smallFiles: { title: 'open + read, small files', format: thousands },
  sequential: { title: 'sequential read', format: (value) => `${(value / 1e9).toFixed(2)} GB/s` },
  sequentialCold: {
    title: 'sequential read, pages dropped',
    format: (value) => `${(value / 1e9).toFixed(2)} GB/s`,
  },
  random1: { title: 'random 4 KiB, 1 reader', format: thousands },
  random4: { title: 'random 4 KiB, 4 readers', format: thousands },
};

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Medians: one row a contestant. */
export function formatRace({ figures, readAhead }: RaceResult): string {
  const rows = [...figures].map(([name, record]) => [
    name,
    formatReadAhead(readAhead, name),
    ...RACE_MEASURES.map((measure) => {
      const value = median(record[measure]);
      return value === undefined ? '-' : COLUMNS[measure].format(value);
    }),
  ]);
  return table(['', 'read-ahead', ...RACE_MEASURES.map((measure) => COLUMNS[measure].title)], rows);
}

function formatReadAhead(readAhead: RaceResult['readAhead'], name: ContestantName): string {
  const value = readAhead.get(name);
  return value === undefined ? '-' : `${value} KiB`;
}

export function formatVerdicts(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ what, wanted, got, met }) => [what, wanted, got, met ? 'yes' : 'NO']);
  return table(['requirement', 'wanted', 'got', 'met'], rows);
}

export function formatMemory({ idle, loaded, entries }: DaemonMemory): string {
  const row = (title: string, memory: ResidentMemory): string[] => [
    title,
    ...[memory.total, memory.anonymous, memory.file, memory.shared].map(
      (bytes) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`,
    ),
  ];
  return table(
    ["daemon's memory", 'resident', 'anonymous', 'file', 'shared (index)'],
    [row('no mount', idle), row(`image B, ${entries} entries loaded`, loaded)],
  );
}

/** How it was measured, in words, for whoever reads only the output. */
export function formatMethod(repetitions: number, mayDropCaches: boolean): string {
  const lines = [
    `Median of ${repetitions} repetitions; contestants take turns within each; ratios are medians of the ratios within a repetition.`,
    'Every repetition has a fresh mount for the walks and small files, another for the sequential, another for the random reads.',
    'Walk: getdents64, and lstat of every entry; image A has 20 files a directory, B 500; all else is A.',
    'Sequential: calls of 1 MiB over one file; pages dropped: everything is, after the mount, so that the disk is read. Random: positions never repeat.',
  ];
  if (mayDropCaches) {
    lines.push(
      "Before each mount everything is dropped (drop_caches 3), the image (of the native copy: its metadata blocks, by one walk) is brought into the page cache, and dentries and inodes are dropped again (2). The native copy's file data are read once before they are measured.",
      '`fuse-default-read-ahead` is the driver `fuse` with read_ahead_kb set back to 128, which is what a mounter without root has.',
    );
  } else {
    lines.push(
      "Without root the kernel's caches cannot be dropped and read-ahead not be set: no first walk of the native copy, no `fuse-default-read-ahead`. Every mount is fresh all the same.",
    );
  }
  return lines.map((line) => `- ${line}`).join('\n');
}
