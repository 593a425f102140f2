// The folder of a user in the system's folder for temporary files, for sockets where no other place is theirs. Who
// ends last takes it away: nobody else tidies there.
import { rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export function temporaryFolder(): string {
  return join(tmpdir(), `isodrive-${process.getuid?.() ?? 0}`);
}

/** Removes a folder in the temporary folder, and that one too, where they are empty; a folder anywhere else stays. */
export function leaveTemporaryFolder(folder: string): void {
  if (dirname(folder) !== temporaryFolder()) return;
  for (const path of [folder, dirname(folder)]) {
    try {
      rmdirSync(path);
    } catch {
      // In use, or not there.
    }
  }
}
