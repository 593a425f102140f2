// Finds the formats of an image's files and opens them: filters until none fits, then a container. The table below is
// the only list of formats.
import { IsodriveError } from '../base/error.js';
import type { Disc } from '../disc/disc.js';
import type { ByteSource } from '../source/byte-source.js';
import { OpenedFiles } from '../source/image-files.js';
import type { ImageFiles } from '../source/image-files.js';
import { readAtMost } from '../source/read-fully.js';
import { b6tFormat } from './b6t/index.js';
import { ccdFormat } from './ccd/index.js';
import { cdiFormat } from './cdi/index.js';
import { csoFormat } from './cso/index.js';
import type { Confidence } from './confidence.js';
import { cueFormat } from './cue/index.js';
import { daxFormat } from './dax/index.js';
import { nameForeignFormat } from './foreign-format.js';
import type { Container, Filter } from './format.js';
import { gzipFormat } from './gzip/index.js';
import { gdiFormat } from './gdi/index.js';
import { isoFormat } from './iso/index.js';
import { jsoFormat } from './jso/index.js';
import { lz4Format } from './lz4/index.js';
import { mdsFormat } from './mds/index.js';
import { nrgFormat } from './nrg/index.js';
import { rawFormat } from './raw/index.js';
import { splitFormat } from './split/index.js';
import { tocFormat } from './toc/index.js';
import { IDENTIFIER_BYTES } from './volume-marks.js';
import type { VolumeMarks } from './volume-marks.js';
import { xzFormat } from './xz/index.js';
import { zstdFormat } from './zstd/index.js';

/**
 * In the order in which they are asked; of equally sure ones the first is taken. Those with a descriptor come first: an
 * image with plain sectors before it would be taken for them alone.
 */
export const FORMATS: readonly (Filter | Container)[] = [
  splitFormat,
  zstdFormat,
  lz4Format,
  gzipFormat,
  xzFormat,
  csoFormat,
  daxFormat,
  jsoFormat,
  nrgFormat,
  cdiFormat,
  mdsFormat,
  b6tFormat,
  ccdFormat,
  cueFormat,
  tocFormat,
  gdiFormat,
  isoFormat,
  rawFormat,
];

/** Filters one in another: no image that people keep has more. */
const MAX_FILTERS = 4;

/** Ends of the names of files that a program has not downloaded to the end. */
const PARTIAL_NAMES = [
  '.part',
  '.partial',
  '.crdownload',
  '.download',
  '.aria2',
  '.!ut',
  '.!qb',
  '.opdownload',
];

/** The disc in an image's files. */
export interface OpenedDisc {
  readonly disc: Disc;
  /** What the container has read: the main file, or what filters have made of it. */
  readonly source: ByteSource;
}

/**
 * The disc in an image's files; `marks` tell plain sectors from other files. Rejects with `unsupported` (some other
 * kind of file), `damaged` (cut off before its first descriptor), and as ByteSource.read and ImageFiles.open do. The
 * disc owns no file.
 */
export async function openDisc(
  files: ImageFiles,
  marks: VolumeMarks,
  signal?: AbortSignal,
): Promise<OpenedDisc> {
  let seen = files;
  for (let filters = 0; ; filters += 1) {
    const format = await findFormat(seen, marks, filters < MAX_FILTERS, signal);
    if (format === undefined) throw await explainRefusal(seen.main, marks, signal);
    if (format.kind === 'container') return { disc: await format.open(seen, signal), source: seen.main };
    seen = withMain(files, await format.open(seen, signal));
  }
}

/** The disc in a source that lies alone, see openDisc. */
export async function openContainer(
  source: ByteSource,
  marks: VolumeMarks,
  signal?: AbortSignal,
): Promise<Disc> {
  return (await openDisc(new OpenedFiles(source), marks, signal)).disc;
}

async function findFormat(
  files: ImageFiles,
  marks: VolumeMarks,
  mayFilter: boolean,
  signal: AbortSignal | undefined,
): Promise<Filter | Container | undefined> {
  let best: { readonly format: Filter | Container; readonly confidence: number } | undefined;
  let fault: IsodriveError | undefined;
  const seen = rememberLooks(marks);
  for (const format of FORMATS) {
    if (format.kind === 'filter' && !mayFilter) continue;
    try {
      const confidence = await format.probe(files, seen, signal);
      // Nothing is surer, and the others would read for nothing.
      if (confidence === 3) return format;
      if (confidence > (best?.confidence ?? 0)) best = { format, confidence };
    } catch (thrown) {
      // A bad place where one format looks need not be one where another does.
      if (!(thrown instanceof IsodriveError) || thrown.code !== 'image-unreadable') throw thrown;
      fault ??= thrown;
    }
  }
  if (best === undefined && fault !== undefined) throw fault;
  return best?.format;
}

/** Several formats ask whether a source is plain: it is looked at once. */
function rememberLooks(marks: VolumeMarks): VolumeMarks {
  const looks = new Map<ByteSource, Promise<Confidence>>();
  return {
    ...marks,
    look(source, signal) {
      const look = looks.get(source) ?? marks.look(source, signal);
      looks.set(source, look);
      return look;
    },
  };
}

/** The same files, the main one as a filter shows it: its name is no longer that of a file. */
function withMain(files: ImageFiles, main: ByteSource): ImageFiles {
  return {
    main,
    mainName: '',
    open: (name, signal) => files.open(name, signal),
    find: (ending, signal) => files.find(ending, signal),
  };
}

async function explainRefusal(
  source: ByteSource,
  { descriptorStart, isIdentifier }: VolumeMarks,
  signal: AbortSignal | undefined,
): Promise<IsodriveError> {
  const at = { source: source.name, offset: 0 };
  const wanted = 'expected an image with ISO 9660, UDF, HFS, HFS+, FAT, XDVDFS, Opera or CD-i';
  const place = { ...at, offset: descriptorStart, clause: 'ECMA-119 6.2.1' };
  const start = Buffer.from(await readAtMost(source, descriptorStart + 1, IDENTIFIER_BYTES, signal));
  if (isIdentifier(start.toString('latin1'))) {
    const found = `it ends at byte ${source.size}, within its first volume descriptor`;
    return new IsodriveError('damaged', `Cannot open "${source.name}": ${found}, ${wanted}`, { at: place });
  }
  const foreign = await nameForeignFormat(source, signal);
  if (foreign !== undefined) {
    const { title, action } = foreign;
    return new IsodriveError('unsupported', `Cannot open "${source.name}": it is ${title}, ${wanted}`, {
      at,
      action,
    });
  }
  if (source.size <= descriptorStart) {
    const found = `it ends at byte ${source.size}, before the volume descriptors of a disc at byte ${descriptorStart}`;
    return new IsodriveError('damaged', `Cannot open "${source.name}": ${found}, ${wanted}`, { at: place });
  }
  const isPartial = PARTIAL_NAMES.some((suffix) => source.name.toLowerCase().endsWith(suffix));
  const found = isPartial
    ? 'its name is that of a download that is not complete, and it has no volume descriptor yet'
    : `it is of no kind that is known here: no volume descriptor stands at byte ${descriptorStart} or behind it`;
  return new IsodriveError('unsupported', `Cannot open "${source.name}": ${found}, ${wanted}`, {
    at: place,
    action: isPartial
      ? 'Let the download end first'
      : 'Check that it is the image of a disc; if it is, compare it with its published checksum',
  });
}
