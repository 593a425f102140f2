// Whether this kernel mounts what the driver writes, and how: found out by mounting a disc without files, once.
import { open, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Addon } from '../../../native/index.js';
import { toIsodriveError } from '../../base/error.js';
import { FindingLog } from '../../base/finding.js';
import { DirectoryEntry, MODE_TYPE } from '../../filesystem/file-tree.js';
import type { FileTree } from '../../filesystem/file-tree.js';
import { DiscIndex } from '../../index/disc-index.js';
import { PlainIndexMemory } from '../../index/index-memory.js';
import { FileSource } from '../../source/file-source.js';
import { unmountByKernel } from '../mount-call.js';
import { BACKINGS, mountErofs } from './backing.js';
import type { Backing } from './backing.js';
import type { MetadataFolder } from './metadata-folder.js';
import { writeMetadata } from './write-metadata.js';

const IMAGE_BYTES = 4096;

export interface KernelSupport {
  /** How to mount; undefined when the kernel does not. */
  readonly backing: Backing | undefined;
  /** What the attempts failed with. */
  readonly reason: string;
}

/** Tries the ways to mount that are asked for, best first. Rejects only when the folder cannot be written to. */
export async function probeKernel(
  addon: Addon,
  folder: MetadataFolder,
  backings: readonly Backing[] = BACKINGS,
): Promise<KernelSupport> {
  const directory = await mkdtemp(join(tmpdir(), 'isodrive-probe-'));
  const metadata = await folder.create();
  const imagePath = `${metadata.path}.image`;
  try {
    const image = await open(imagePath, 'wx+', 0o600);
    await image.truncate(IMAGE_BYTES).finally(() => image.close());
    await using source = await FileSource.open(imagePath);
    const index = await DiscIndex.open(emptyTree(), new PlainIndexMemory(), new FindingLog(), imagePath);
    await writeMetadata({ index, source, label: '' }, metadata.handle);
    const files = {
      directory,
      metadataPath: metadata.path,
      metadata: metadata.handle.fd,
      image: source.fileDescriptor,
    };
    const reasons: string[] = [];
    for (const backing of backings) {
      try {
        await mountErofs(addon, backing, files);
      } catch (thrown) {
        reasons.push(`${backing}: ${describeFailure(thrown)}`);
        continue;
      }
      await unmountByKernel(addon, directory, true);
      return { backing, reason: '' };
    }
    return { backing: undefined, reason: reasons.join(', ') };
  } finally {
    await metadata.handle.close();
    await folder.remove(metadata.path);
    await rm(imagePath, { force: true });
    await rmdir(directory);
  }
}

function describeFailure(thrown: unknown): string {
  const { message } = toIsodriveError(thrown);
  return message.slice(message.lastIndexOf(': ') + 1).trim();
}

function emptyTree(): FileTree {
  return {
    kind: 'iso9660',
    label: '',
    volumeSize: IMAGE_BYTES,
    blockSize: 2048,
    readRoot: () => {
      const root = new DirectoryEntry();
      root.mode = MODE_TYPE.directory | 0o555;
      return Promise.resolve(root);
    },
    isRootEmpty: () => Promise.resolve(true),
    readDirectory: () => Promise.resolve(),
  };
}
