// The Windows addon as TypeScript sees it: the only module that loads it.
import { createRequire } from 'node:module';

/** Failed calls throw an Error with `systemCode` (winerror.h) and `syscall`. They block: the system answers quickly. */
export interface WindowsAddon {
  /** Attaches an image, read-only, until it is detached; gives its device, such as "\\.\CDROM1". */
  attach(path: string): string;
  detach(path: string): void;
  /** Drive letter of a device, such as "E:"; empty while it has none. */
  findLetter(physicalPath: string): string;
  /** Attributes of a file (FILE_ATTRIBUTE_ of winnt.h), and whether it lies on another machine. */
  describeHost(path: string): { readonly attributes: number; readonly isRemote: boolean };
}

export function isWindowsError(thrown: unknown): thrown is Error & { systemCode: number; syscall: string } {
  return thrown instanceof Error && 'systemCode' in thrown && typeof thrown.systemCode === 'number';
}

/** Loads the addon at `path`; throws the loader's own error where it was not built. */
export function loadWindowsAddon(path: string): WindowsAddon {
  return createRequire(import.meta.url)(path) as WindowsAddon;
}
