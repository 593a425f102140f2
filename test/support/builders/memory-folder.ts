// The files of an image in memory.
import { OpenedFiles } from '../../../src/source/image-files.js';
import { FaultySource } from '../fakes/faulty-source.js';

/** Name -> bytes; the first is the one that was opened. */
export type MemoryFiles = Readonly<Record<string, Uint8Array>>;

export function openMemory(files: MemoryFiles, mainName = Object.keys(files)[0]!): OpenedFiles {
  return new OpenedFiles(new FaultySource(files[mainName]!), {
    mainName,
    open: (name) => {
      const bytes = Object.hasOwn(files, name) ? files[name] : undefined;
      return Promise.resolve(bytes === undefined ? undefined : new FaultySource(bytes));
    },
    list: () => Promise.resolve(Object.keys(files)),
  });
}
