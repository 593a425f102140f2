// What an image is, for `info`: sizes, volume, views, boot entries and everything odd that was found on the way.
import { countBytes } from '../../base/byte-count.js';
import { formatBytes } from '../../base/format-bytes.js';
import type { Finding } from '../../base/finding.js';
import type { Timestamp, TreeKind } from '../../filesystem/contract/file-tree.js';
import type { OpenedImage } from '../../image/open-image.js';
import { escapeHostText, escapeText } from '../../base/display-name.js';
import { describeDisc, formatTracks } from './describe-tracks.js';
import type { TrackDescription } from './describe-tracks.js';
import { formatIsoTime, formatZonelessTime } from '../list/entry-time.js';

type Volume = OpenedImage['volume'];

/** The fields are a contract of `info --json`; new ones may be added. Times are ISO 8601, UTC. */
export interface ImageDescription {
  readonly image: string;
  /** Name of the container's format, such as "iso". */
  readonly format: string;
  /** How its sectors are stored, for people; absent for plain ones. */
  readonly storage?: string;
  /** Of all sessions, in the order of the disc. */
  readonly tracks: readonly TrackDescription[];
  /** Media catalogue number of the disc. */
  readonly catalog?: string;
  /** Of the disc, by CD-TEXT or its sheet. */
  readonly title?: string;
  readonly performer?: string;
  /** The drive that it is read from, and its disc. */
  readonly drive?: NonNullable<OpenedImage['source']['drive']>;
  /** Of the view that is shown; may be empty. */
  readonly label: string;
  /** Bytes of the files that hold the disc. */
  readonly size: number;
  readonly volume: Omit<Volume, 'bootEntries' | 'localTimes' | TimeField> &
    Readonly<Partial<Record<TimeField, string>>>;
  /** Every view, best first; `chosen` is the one that is shown. */
  readonly trees: readonly { readonly kind: TreeKind; readonly label: string; readonly chosen: boolean }[];
  /** Every session of the disc; none where the format has none. `shown` marks the one that the rest is about. */
  readonly sessions: readonly SessionDescription[];
  readonly bootEntries: Volume['bootEntries'];
  /** Of every partition table; `start` and `length` in bytes. */
  readonly partitions: OpenedImage['partitions'];
  readonly findings: readonly Finding[];
  /** All that were met; only the first ones are kept. */
  readonly findingCount: number;
}

/** Sectors have 2048 bytes. */
export interface SessionDescription {
  readonly number: number;
  /** Sector of the disc where it starts. */
  readonly start: number;
  /** Sectors. */
  readonly length: number;
  readonly label: string;
  readonly created?: string;
  readonly shown: boolean;
}

type TimeField = 'created' | 'modified' | 'expires' | 'effective';
const TIME_FIELDS: readonly TimeField[] = ['created', 'modified', 'expires', 'effective'];

export function describeImage(image: OpenedImage): ImageDescription {
  const { created, modified, expires, effective, localTimes, bootEntries, ...facts } = image.volume;
  const times = { created, modified, expires, effective };
  return {
    image: image.source.name,
    ...(image.source.drive === undefined ? {} : { drive: image.source.drive }),
    format: image.disc.format,
    ...describeDisc(image.disc),
    label: image.tree.label,
    size: countImageBytes(image),
    volume: { ...facts, ...formatTimes(times, localTimes) },
    trees: listViews(image),
    sessions: image.sessions.map((session) => describeSession(session, session === image.session)),
    bootEntries,
    partitions: image.partitions,
    findings: image.findings.findings,
    findingCount: image.findings.count,
  };
}

/** Of all files that hold the disc, of which a sheet is none. */
function countImageBytes({ disc }: OpenedImage): number {
  return disc.data.bases.reduce((sum, { size }) => sum + size, 0);
}

function listViews({ trees, tree: shown }: OpenedImage): ImageDescription['trees'] {
  const all = trees.includes(shown) ? trees : [shown, ...trees];
  return all.map((tree) => ({ kind: tree.kind, label: tree.label, chosen: tree === shown }));
}

function describeSession(
  { number, start, length, label, created }: OpenedImage['sessions'][number],
  shown: boolean,
): SessionDescription {
  const facts = { number, start, length, label, shown };
  return created === undefined ? facts : { ...facts, created: formatIsoTime(created) };
}

function formatTimes(
  times: Readonly<Record<TimeField, Timestamp | undefined>>,
  local: readonly TimeField[] = [],
): Partial<Record<TimeField, string>> {
  const result: Partial<Record<TimeField, string>> = {};
  for (const field of TIME_FIELDS) {
    const time = times[field];
    if (time === undefined) continue;
    result[field] = local.includes(field) ? formatZonelessTime(time) : formatIsoTime(time);
  }
  return result;
}

/** Lines for people, without the end of the last; text of the disc is safe for a terminal. */
export function formatDescription(description: ImageDescription): string {
  const { volume, bootEntries, partitions, findings, findingCount } = description;
  const rows: [string, string][] = [
    ['Drive', describeDrive(description.drive)],
    ['Format', description.format + (description.storage === undefined ? '' : `, ${description.storage}`)],
    ['Label', description.label],
    ['Image size', formatSize(description.size)],
    ['Volume size', `${formatSize(volume.size)}, blocks of ${volume.blockSize}`],
    ['Views', description.trees.map(({ kind, chosen }) => (chosen ? `${kind} (shown)` : kind)).join(', ')],
    ['System', volume.systemId],
    ['Volume', volume.volumeId],
    ['Volume set', volume.volumeSetId],
    ['Publisher', volume.publisherId],
    ['Preparer', volume.preparerId],
    ['Application', volume.applicationId],
    ['Joliet', volume.jolietLevel === 0 ? '' : `level ${volume.jolietLevel}`],
    ['UDF', describeUdf(volume)],
    ...TIME_FIELDS.map((field): [string, string] => [capitalize(field), volume[field] ?? '']),
    ['Disc title', description.title ?? ''],
    ['Performer', description.performer ?? ''],
    ['Catalogue', description.catalog ?? ''],
    ...formatTracks(description).map((text): [string, string] => ['Track', text]),
    ...formatSessions(description.sessions),
    ...bootEntries.map((entry): [string, string] => ['Boot entry', describeBootEntry(entry)]),
    ...partitions.map((one): [string, string] => ['Partition', describePartition(one)]),
    ...findings.map((finding): [string, string] => [capitalize(finding.severity), describeFinding(finding)]),
  ];
  if (findingCount > findings.length) rows.push(['Findings', `${findingCount - findings.length} more`]);
  const shown = rows
    .filter(([, value]) => value !== '')
    .map(([name, value]) => formatRow(name, escapeText(value)));
  return [formatRow('Image', escapeHostText(description.image)), ...shown].join('\n');
}

function formatRow(name: string, value: string): string {
  return `${`${name}:`.padEnd(14)}${value}`;
}

/** One session is what everybody expects. */
function formatSessions(sessions: readonly SessionDescription[]): [string, string][] {
  if (sessions.length < 2) return [];
  return sessions.map(({ number, start, length, label, created, shown }) => [
    'Session',
    `${number}, ${length} sectors from ${start}, "${label}"${created === undefined ? '' : `, ${created}`}` +
      (shown ? ' (shown)' : ''),
  ]);
}

function describeDrive(drive: ImageDescription['drive']): string {
  if (drive === undefined) return '';
  const { vendor, product, revision, medium, tracks } = drive;
  const name = [vendor, product, revision].filter((text) => text !== '').join(' ');
  const list = tracks.length < 2 ? [] : [`${tracks.length} tracks`];
  return [name, ...(medium === undefined ? [] : [medium]), ...list].join(', ');
}

function describeUdf({ udf, hasUdf }: ImageDescription['volume']): string {
  if (udf === undefined) return hasUdf ? 'present' : '';
  const { revision, minimumReadRevision: minimum, partitions, files, directories } = udf;
  const parts = [`revision ${revision}`];
  if (minimum !== undefined && minimum !== revision) parts.push(`readable from ${minimum} on`);
  parts.push(`${partitions.join(' and ')} partition`);
  if (files !== undefined && directories !== undefined)
    parts.push(
      `${files} ${files === 1 ? 'file' : 'files'}, ${directories} ${directories === 1 ? 'directory' : 'directories'}`,
    );
  if (!udf.isClosed) parts.push('not closed');
  return parts.join(', ');
}

function describeBootEntry(entry: ImageDescription['bootEntries'][number]): string {
  const state = entry.bootable ? 'bootable' : 'not bootable';
  return `${entry.platform}, ${state}, emulation ${entry.emulation}, ${countBytes(entry.loadSize)} at ${entry.offset}`;
}

function describePartition({
  scheme,
  index,
  type,
  name,
  start,
  length,
}: ImageDescription['partitions'][number]): string {
  const title = name === '' ? '' : `"${name}", `;
  return `${scheme} ${index}, ${title}type ${type}, ${countBytes(length)} at ${start}`;
}

function describeFinding({ code, message, at }: Finding): string {
  // Some messages say where it is.
  const isPlaced = at.offset === undefined || message.includes(`at byte ${at.offset}`);
  const places = [
    ...(isPlaced ? [] : [`at byte ${at.offset}`]),
    ...(at.clause === undefined ? [] : [at.clause]),
  ];
  return `${message}${places.length === 0 ? '' : ` (${places.join(', ')})`} [${code}]`;
}

function formatSize(bytes: number): string {
  const exact = countBytes(bytes);
  return bytes < 1024 ? exact : `${exact} (${formatBytes(bytes)})`;
}

function capitalize(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
