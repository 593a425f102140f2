// Whether this kernel mounts what the driver writes, and how: found out by mounting a disc of one file, once.
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAddonError } from '../../../native/index.js';
import type { Addon } from '../../../native/index.js';
import { isSystemError, toIsodriveError } from '../../base/error.js';
import { FindingLog } from '../../base/finding.js';
import { PlanStream } from '../../disc/plan-stream.js';
import { DiscIndex } from '../../index/disc-index.js';
import { PlainIndexMemory } from '../../index/index-memory.js';
import { FileSource } from '../../source/file/file-source.js';
import { errnoName, unmountByKernel } from '../mount-call.js';
import { TRIAL_BYTES, TRIAL_FILE, trialTree } from '../trial-tree.js';
import { BACKINGS, mountErofs } from './backing.js';
import type { Backing } from './backing.js';
import { findMetadataMount } from './metadata-folder.js';
import type { MetadataFolder } from './metadata-folder.js';
import { makeTrialFolder, removeTrialFolder } from './trial-folder.js';
import { writeMetadata } from './write-metadata.js';

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
  const trial = await makeTrialFolder(folder.path);
  const { directory, imagePath, metadataPath, metadata } = trial;
  try {
    await writeFile(imagePath, new Uint8Array(TRIAL_BYTES), { flag: 'wx', mode: 0o600 });
    await using source = await FileSource.open(imagePath);
    const index = await DiscIndex.open(trialTree(), new PlainIndexMemory(), new FindingLog(), imagePath);
    await writeMetadata({ index, data: PlanStream.plain(source), label: '' }, metadata);
    const files = { directory, metadataPath, metadata: metadata.fd, images: [source.fileDescriptor] };
    const reasons: string[] = [];
    for (const backing of backings) {
      try {
        await mountErofs(addon, backing, files);
      } catch (thrown) {
        reasons.push(`${backing}: ${describeFailure(thrown)}`);
        continue;
      }
      try {
        const fault = await findFault(join(directory, TRIAL_FILE), imagePath, metadataPath);
        if (fault === undefined) return { backing, reason: '' };
        reasons.push(`${backing}: ${fault}`);
      } finally {
        await unmountByKernel(addon, directory, true);
      }
    }
    return { backing: undefined, reason: reasons.join(', ') };
  } finally {
    await metadata.close();
    await removeTrialFolder(addon, trial.path);
  }
}

/** Why mounts like this one are of no use, or undefined. */
async function findFault(path: string, imagePath: string, metadataPath: string): Promise<string | undefined> {
  if ((await findMetadataMount(metadataPath)) === undefined)
    return 'its mount is not found again, for which a loop device needs /sys';
  if (!(await failsWhenShort(path, imagePath))) return 'it invents what a truncated image has lost';
  return undefined;
}

/**
 * Whether a file fails with EIO once its image is short. Some versions of fs/erofs/fileio.c fill with zeros what a
 * read of the image does not give, and nobody would know them from what the disc holds.
 */
async function failsWhenShort(path: string, imagePath: string): Promise<boolean> {
  await truncate(imagePath, 0);
  try {
    await readFile(path);
    return false;
  } catch (thrown) {
    return isSystemError(thrown) && thrown.code === 'EIO';
  } finally {
    await truncate(imagePath, TRIAL_BYTES);
  }
}

function describeFailure(thrown: unknown): string {
  if (isAddonError(thrown)) return `${errnoName(thrown)} from ${thrown.syscall}`;
  const { message } = toIsodriveError(thrown);
  return message.slice(message.lastIndexOf(': ') + 1).trim();
}
