// What lies where on a disc, for pictures of it: files, structures, boot code, damage, and the spans of sessions and
// partitions, which lie over all of these.
import { PlanStream } from '../../disc/plan-stream.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { DataStream } from '../../disc/data-stream.js';
import { MODE_TYPE } from '../../filesystem/contract/file-tree.js';
import type { TreeKind } from '../../filesystem/contract/file-tree.js';
import { isStandardIdentifier } from '../../filesystem/iso9660/volume-descriptor-set.js';
import { listBootFiles } from '../../filesystem/views/boot-files.js';
import { ExtentMap } from '../../image/extent-map.js';
import { ROW } from '../../index/layout.js';
import { asPlainImage } from '../../image/plain-image.js';
import type { OpenedImage } from '../../image/open-image.js';
import { readIfPossible } from '../../source/read-fully.js';
import type { RescueMap } from '../../source/rescue-map/rescue-map.js';

/** What a place can be. `unread`: nobody has tried it, or not to the end, so that it is not known to be good. */
export const AREA_KINDS = ['bad', 'unread', 'boot', 'structure', 'file', 'free'] as const;
export type AreaKind = (typeof AREA_KINDS)[number];

/** A run of bytes of the image. */
export interface Area {
  readonly start: number;
  /** Byte behind the last. */
  readonly end: number;
  /** The file or directory that it belongs to; otherwise `name` says what it is. */
  readonly row?: number;
  readonly name?: string;
}

/** A named part of the disc that holds areas of any kind. */
export interface Span {
  readonly title: string;
  readonly start: number;
  readonly end: number;
}

export interface DiscAreas {
  readonly image: OpenedImage;
  /** Bytes. */
  readonly size: number;
  /**
   * Each in order of `start`; those of one kind may overlap. `free` is what none of the others has. Of files there may
   * be millions, which are made when they are asked for.
   */
  readonly areas: Readonly<Record<Exclude<AreaKind, 'free'>, Iterable<Area>>>;
  readonly files: number;
  readonly sessions: readonly Span[];
  readonly partitions: readonly Span[];
}

/** ECMA-119 6.2.2, ECMA-167 3/3.1: descriptors of both begin at sector 16 of a session, one a sector. */
const FIRST_DESCRIPTOR = 16;
/** Descriptors that are looked at. */
const MAX_DESCRIPTORS = 64;
/** Views in which the inode number of a directory is the place of its records. */
const PLACED_DIRECTORIES: readonly TreeKind[] = ['rock-ridge', 'joliet', 'iso9660-1999', 'iso9660'];

/**
 * Loads the whole index. `firstSector`: address, on its disc, of the image's first sector. Rejects as ByteSource.read
 * does, and with `cancelled`.
 */
export async function collectAreas(
  opened: OpenedImage,
  firstSector = 0,
  signal?: AbortSignal,
): Promise<DiscAreas> {
  const image = asPlainImage(opened);
  const { size } = image.source;
  const reader = PlanStream.plain(image.source);
  const extents = await ExtentMap.load(image, signal);
  const files = extents.runs.files.size;
  const boot = await listBootFiles(reader, image.volume, image.partitions, image.trees[0], signal);
  const starts = image.sessions.map(({ descriptors }) => descriptors - firstSector);
  const structures = [...(await findDescriptors(reader, starts, signal)), ...listDirectories(image)];
  return {
    image,
    size,
    areas: {
      ...listDamage(image.damage, size),
      boot: sort(boot.map(({ path, offset, size: length }) => describeBoot(path, offset, length))),
      structure: sort(structures),
      file: extents.runs,
    },
    files,
    sessions: image.sessions.map(({ number, start, length, label }) => {
      const first = (start - firstSector) * SECTOR_SIZE;
      return span(`session ${number} "${label}"`, first, first + length * SECTOR_SIZE, size);
    }),
    partitions: image.partitions.map(({ scheme, index, type, name, start, length }) =>
      span(
        `${scheme} ${index}, type ${type}${name === '' ? '' : `, "${name}"`}`,
        start,
        start + length,
        size,
      ),
    ),
  };
}

function describeBoot(path: readonly string[], offset: number, length: number): Area {
  const name = path.at(-1) === 'system-area.img' ? 'boot code of the system area' : path.join('/');
  return { start: offset, end: offset + length, name };
}

function listDamage(damage: RescueMap | undefined, size: number): { bad: Area[]; unread: Area[] } {
  const [bad, unread]: [Area[], Area[]] = [[], []];
  for (const { position, size: length, status } of damage?.runs ?? []) {
    const area = { start: position, end: position + length };
    if (status === '-') bad.push({ ...area, name: 'cannot be read' });
    else if (status !== '+') unread.push({ ...area, name: 'not read yet' });
  }
  const mapped = damage?.size ?? size;
  if (mapped < size) unread.push({ start: mapped, end: size, name: 'not read yet' });
  return { bad, unread };
}

/** Runs of sectors that carry the identifier of a standard, from each session's descriptors on. */
async function findDescriptors(
  reader: DataStream,
  starts: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Area[]> {
  const found: Area[] = [];
  for (const start of new Set([0, ...starts])) {
    const offset = (start + FIRST_DESCRIPTOR) * SECTOR_SIZE;
    const bytes = Buffer.from(await readIfPossible(reader, offset, MAX_DESCRIPTORS * SECTOR_SIZE, signal));
    let end = 0;
    while (end < bytes.length && isStandardIdentifier(bytes.toString('latin1', end + 1, end + 6)))
      end += SECTOR_SIZE;
    if (end > 0) found.push({ start: offset, end: offset + end, name: 'volume descriptors' });
  }
  return found;
}

function listDirectories({ index, tree, data }: OpenedImage): Area[] {
  if (!PLACED_DIRECTORIES.includes(tree.kind)) return [];
  const { table } = index;
  const found: Area[] = [];
  for (let row = 0; row < table.rowCount; row += 1) {
    if (table.type(row) !== MODE_TYPE.directory) continue;
    const length = table.wide(row, ROW.sizeLow);
    const start = data.locate(table.wide(row, ROW.inodeLow), length);
    if (start !== undefined) found.push({ row, start, end: start + length });
  }
  return found;
}

function span(title: string, start: number, end: number, size: number): Span {
  return { title, start: Math.min(Math.max(0, start), size), end: Math.min(end, size) };
}

function sort(areas: Area[]): Area[] {
  return areas.sort((a, b) => a.start - b.start);
}
