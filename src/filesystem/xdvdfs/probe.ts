// Finds the XDVDFS volume of a disc: of an image that is the game partition alone, or of one of the whole disc, where
// a DVD-Video for other players stands before the game (dumps as redump.org lists them).
import { IsodriveError } from '../../base/error.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { DataStream } from '../../disc/data-stream.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readIfPossible } from '../../source/read-fully.js';
import type { FileSystem, ProbeContext, Volume } from '../contract/file-system.js';
import { completeSummary } from '../contract/volume-summary.js';
import { DESCRIPTOR_OFFSET, hasMagic, parseDescriptor, refuseRoot } from './volume-descriptor.js';
import type { XdvdfsDescriptor } from './volume-descriptor.js';

/**
 * Sectors at which the game partition starts: of an image that is nothing else, and of whole discs of the formats
 * XGD1 (Xbox), XGD2 and XGD3 (Xbox 360), and of discs of XGD2 that are DVD-Video to a large part.
 */
export const PARTITION_SECTORS = [0, 0x3_0600, 0x1_fb20, 0x4100, 0x11_3b00] as const;

type Readable = Pick<ByteSource, 'name' | 'size' | 'read'>;

export const xdvdfsFileSystem: FileSystem = {
  title: 'XDVDFS',

  async findMarks(source, _start, signal) {
    for await (const descriptor of findDescriptors(source, signal)) return descriptor.offset > 0 ? 3 : 0;
    return 0;
  },

  async probe(reader, context): Promise<Volume> {
    let fault: IsodriveError | undefined;
    for await (const descriptor of findDescriptors(reader, context.signal)) {
      if (descriptor.rootSize === 0 || descriptor.rootOffset < reader.size) {
        return openVolume(reader, descriptor, context);
      }
      fault ??= refuseRoot(reader.name, reader.size, descriptor);
    }
    throw fault ?? refuseMissing(reader.name);
  },
};

async function openVolume(
  reader: DataStream,
  descriptor: XdvdfsDescriptor,
  context: ProbeContext,
): Promise<Volume> {
  const { XdvdfsTree } = await import('./xdvdfs-tree.js');
  const tree = new XdvdfsTree(reader, descriptor, context);
  if (!descriptor.isWhole) {
    context.report({
      code: 'damaged-descriptor',
      severity: 'warning',
      message: 'Volume descriptor of XDVDFS does not end as it begins, it is used all the same',
      at: { source: reader.name, offset: descriptor.offset },
    });
  }
  const { created, start } = descriptor;
  const facts = { volumeId: '', created, start, blockSize: tree.blockSize, size: tree.volumeSize };
  return { trees: [tree], summary: completeSummary(facts) };
}

/** Every descriptor at the known places. What lies on bad sectors is not there. */
async function* findDescriptors(
  source: Readable,
  signal: AbortSignal | undefined,
): AsyncGenerator<XdvdfsDescriptor> {
  for (const sector of PARTITION_SECTORS) {
    const start = sector * SECTOR_SIZE;
    const bytes = await readIfPossible(source, start + DESCRIPTOR_OFFSET, SECTOR_SIZE, signal);
    if (bytes.length === SECTOR_SIZE && hasMagic(bytes)) yield parseDescriptor(bytes, source.name, start);
  }
}

function refuseMissing(source: string): IsodriveError {
  return new IsodriveError(
    'unsupported',
    `Cannot find an XDVDFS volume in "${source}": no descriptor stands at sector 32 of a known partition, expected one`,
    { at: { source, offset: DESCRIPTOR_OFFSET } },
  );
}
