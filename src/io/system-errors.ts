// What the system's error codes (winerror.h) mean to whoever attaches images.
import { isWindowsError } from '../../native/windows/index.js';
import { IsodriveError } from '../base/error.js';
import type { ErrorCode } from '../base/error.js';

export const ERROR_FILE_NOT_FOUND = 2;

/** Code -> ours, what was found, what to do. */
const MEANINGS: ReadonlyMap<number, readonly [ErrorCode, string, string]> = new Map([
  [ERROR_FILE_NOT_FOUND, ['image-not-found', 'no such file', 'Check the path of the image']],
  [3, ['image-not-found', 'no such folder', 'Check the path of the image']],
  [5, ['permission', 'access denied', 'Ask for rights to the file, or run the command as administrator']],
  [1314, ['permission', 'a missing privilege', 'Run the command as administrator']],
  [32, ['busy', 'the file in use, or attached already', 'Close what uses it, or unmount it first']],
  [1168, ['no-such-mount', 'the image not attached', 'See which are: Get-Volume in PowerShell']],
  [19, ['no-such-mount', 'the image not attached', 'See which are: Get-Volume in PowerShell']],
  [1392, ['damaged', 'a file that is no disc image', 'Compare the image with its published checksum']],
  [50, ['unsupported', 'a file or Windows that cannot be attached', 'Use isodrive extract instead']],
]);

/** Makes a call of the addon about an image; its errors become ours, `policy` where the code has no meaning here. */
export function explainErrors<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (!isWindowsError(thrown)) throw thrown;
    const { systemCode, syscall } = thrown;
    const [code, found, action] = MEANINGS.get(systemCode) ?? [
      'policy' as const,
      `error ${systemCode}`,
      `Look the number up: net helpmsg ${systemCode}`,
    ];
    throw new IsodriveError(
      code,
      `${syscall} refuses "${path}": found ${found}, expected a disc image to attach or detach`,
      { cause: thrown, action },
    );
  }
}
