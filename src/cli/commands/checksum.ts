// isodrive checksum IMAGE [PATH...]: lines that sha256sum -c and its like take, for the image or for files in it.
import { resolveHostPath } from '../../base/path-text.js';
import { IsodriveError, toIsodriveError } from '../../base/error.js';
import { MODE_TYPE } from '../../filesystem/contract/file-tree.js';
import { parseAlgorithms } from '../../imaging/hash/digests.js';
import type { Algorithm, Digests } from '../../imaging/hash/digests.js';
import { CONTENT_CHUNK_BYTES, hashContent } from '../../imaging/hash/hash-content.js';
import { formatChecksumLine } from '../../imaging/verify/checksum-list.js';
import { runPass } from '../../imaging/verify/image-pass.js';
import { RangeHash } from '../../imaging/verify/range-hash.js';
import { ROW } from '../../index/layout.js';
import type { OpenedImage } from '../../image/open-image.js';
import { walkRows } from '../../image/walk-rows.js';
import { openFile } from '../../image/file-content.js';
import { WindowSource } from '../../image/window-source.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { openImageFile } from '../../source/open-image-file.js';
import type { RunCommand } from '../command-spec.js';
import { findInImage } from '../find-in-image.js';
import { openForCommand } from '../open-for-command.js';
import type { Output } from '../output.js';
import { PassProgress } from '../pass-progress.js';
import { readViewOptions } from '../view-options.js';

export const runChecksum: RunCommand = async (args, { output, signal }) => {
  const algorithms = parseAlgorithms(args.text('hash') ?? 'sha256');
  const paths = args.list('paths');
  const name = args.required('image');
  if (paths.length === 0) {
    const digests = await hashImage(
      resolveHostPath(name),
      readViewOptions(args).map,
      algorithms,
      output,
      signal,
    );
    await print(name, digests, output);
    return undefined;
  }
  await using image = await openForCommand(args, signal);
  const rows = new Set<number>();
  for (const path of paths) {
    for await (const row of walkRows(image.index, await findInImage(image.index, path), signal)) {
      if (image.index.table.type(row) === MODE_TYPE.regular) rows.add(row);
    }
  }
  const faults = await hashFiles(image, rows, algorithms, output, signal);
  if (faults === 0) return undefined;
  throw new IsodriveError('partial', `Cannot read ${faults} files of "${name}" whole, expected to read all`);
};

async function hashImage(
  path: string,
  map: string | undefined,
  algorithms: readonly Algorithm[],
  output: Output,
  signal: AbortSignal,
): Promise<Digests> {
  await using source = (await openImageFile(path, map, signal)).source;
  const hashes = algorithms.map(
    (algorithm) => [algorithm, new RangeHash(algorithm, 0, source.size)] as const,
  );
  const progress = new PassProgress(output);
  try {
    const consumers = hashes.map(([, hash]) => hash);
    await runPass(source, consumers, { signal, onProgress: progress.show.bind(progress) });
  } finally {
    progress.clear();
  }
  return Object.fromEntries(
    hashes.map(([algorithm, hash]) => {
      const digest = hash.finish();
      if (digest !== undefined) return [algorithm, digest];
      const [first] = hash.unreadable;
      throw new IsodriveError(
        'image-unreadable',
        `Cannot read byte ${first?.position ?? source.size} of "${path}", expected to read all of it`,
      );
    }),
  );
}

/** Hashes in the order of the disc's data, prints in the order of the names; gives the number of faults. */
async function hashFiles(
  image: OpenedImage,
  rows: ReadonlySet<number>,
  algorithms: readonly Algorithm[],
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const { index } = image;
  const window = new WindowSource(image.data);
  const buffer = new Uint8Array(CONTENT_CHUNK_BYTES);
  const results = new Map<number, Digests | undefined>();
  const place = (row: number): number => index.table.wide(row, ROW.dataLow);
  for (const row of [...rows].sort((a, b) => place(a) - place(b))) {
    const reader = openFile(image, row, window);
    try {
      results.set(row, await hashContent(reader, algorithms, buffer, signal));
    } catch (thrown) {
      const error = toIsodriveError(thrown);
      if (error.code !== 'damaged' && error.code !== 'image-unreadable') throw error;
      output.note(error.message);
      results.set(row, undefined);
    }
  }
  let faults = 0;
  for (const row of rows) {
    const digests = results.get(row);
    // Relative, so that -c finds the files from the mount point.
    if (digests === undefined) faults += 1;
    else await print(index.path(row).slice(1), digests, output);
  }
  return faults;
}

async function print(name: string, digests: Digests, output: Output): Promise<void> {
  const entries = Object.entries(digests) as [Algorithm, string][];
  if (output.json) return output.record({ schemaVersion: SCHEMA_VERSION, name, digests });
  for (const [algorithm, digest] of entries) {
    await output.data(formatChecksumLine(name, algorithm, digest, entries.length > 1));
  }
}
