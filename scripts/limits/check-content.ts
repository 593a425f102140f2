// Whether a file of an image has its bytes however it is read: printed, extracted and from a mount.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PrivateDaemon } from '../support/private-daemon.js';
import { mustRun } from '../support/run-command.js';

/** Milliseconds for a way to read half a gigabyte on a busy machine. */
const TIMEOUT = 600_000;

export interface ExpectedContent {
  /** For what is extracted and mounted; holds the image. */
  readonly folder: string;
  readonly image: string;
  /** Of the file, in the root. */
  readonly name: string;
  readonly sha256: string;
}

/** Names of the ways in which it has other bytes. */
export async function findWrongContent(
  project: string,
  { folder, image, name, sha256 }: ExpectedContent,
): Promise<string[]> {
  const [extracted, mounted] = [join(folder, 'extracted'), join(folder, 'mounted')];
  for (const directory of [extracted, mounted]) mkdirSync(directory);
  const daemon = new PrivateDaemon({ project, folder: join(folder, 'daemon') });
  const sum = async (script: string, ...words: string[]): Promise<string> => {
    const options = { env: daemon.env, timeout: TIMEOUT };
    const { stdout } = await mustRun('sh', ['-ec', script, daemon.program, ...words], options);
    return stdout.toString().slice(0, sha256.length);
  };
  await daemon.start();
  try {
    const sums = {
      cat: await sum('"$0" cat "$1" "$2" | sha256sum', image, name),
      extract: await sum('"$0" extract "$1" -C "$2" >&2; sha256sum < "$2/$3"', image, extracted, name),
      mount: await sum('"$0" mount "$1" "$2" >&2; sha256sum < "$2/$3"', image, mounted, name),
    };
    return Object.entries(sums).flatMap(([way, found]) => (found === sha256 ? [] : [way]));
  } finally {
    await daemon.stop();
  }
}
