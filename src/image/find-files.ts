// Which files an image has, as far as that can be told without reading what is on its disc.
import { openDisc } from '../container/open-container.js';
import { volumeMarks } from '../filesystem/choose/volume-marks.js';
import type { OpenedFiles } from '../source/image-files.js';

/** Has the format of an image open all files that it has. Rejects as openDisc does. */
export async function openAllFiles(files: OpenedFiles, signal?: AbortSignal): Promise<void> {
  await openDisc(files, volumeMarks, signal);
}
