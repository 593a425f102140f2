// Where the Windows addon is: built by scripts/build-windows.mjs, on Windows or across.
import { join } from 'node:path';

/** ISODRIVE_WINDOWS_ADDON names another. */
export function windowsAddonPath(packageRoot: string): string {
  return process.env.ISODRIVE_WINDOWS_ADDON ?? join(packageRoot, 'build', 'windows', 'isodrive-windows.node');
}
