// OpenPGP signatures, by the program that every Debian has for it: gpgv, which knows only the keys that it is given.
import { execFile } from 'node:child_process';
import { IsodriveError, isSystemError } from '../../base/error.js';
import type { Check } from './check.js';

/** Milliseconds for one signature; of an image of many GiB the file is read once more. */
const DEADLINE = 600_000;

export interface OpenPgpRequest {
  /** File of the detached signature; undefined when `file` is clear-signed. */
  readonly signature: string | undefined;
  readonly file: string;
  /** Keyring of trusted keys. */
  readonly keyring: string;
  readonly signal?: AbortSignal | undefined;
}

type Verdict = Pick<Check, 'status' | 'detail'>;

/** Never rejects for what gpgv says; rejects with `cancelled` on abort. */
export async function checkOpenPgp({ signature, file, keyring, signal }: OpenPgpRequest): Promise<Verdict> {
  const files = signature === undefined ? [file] : [signature, file];
  const args = [
    '--status-fd',
    '1',
    '--keyring',
    keyring,
    ...(signature === undefined ? ['--output', '/dev/null'] : []),
    '--',
    ...files,
  ];
  const { status, stdout, missing } = await runGpgv(args, signal);
  if (missing) return { status: 'unchecked', detail: 'gpgv is not installed (apt-get install gpgv)' };
  const find = (word: string): string | undefined =>
    new RegExp(`^\\[GNUPG:\\] ${word}(?: (.*))?$`, 'm').exec(stdout)?.[1];
  const bad = find('BADSIG');
  if (bad !== undefined)
    return { status: 'mismatch', detail: `signature is not of this file, says key ${bad}` };
  const unknown = find('NO_PUBKEY');
  if (unknown !== undefined) return { status: 'unchecked', detail: `key ${unknown} is not in the keyring` };
  const good = find('GOODSIG');
  const valid = find('VALIDSIG');
  if (status === 0 && good !== undefined && valid !== undefined)
    return { status: 'ok', detail: `signed by ${good}` };
  const why = ['EXPKEYSIG', 'REVKEYSIG', 'EXPSIG', 'ERRSIG'].find((word) => find(word) !== undefined);
  return {
    status: 'mismatch',
    detail: `gpgv does not accept the signature (${why ?? `exit code ${status}`})`,
  };
}

function runGpgv(
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<{ status: number; stdout: string; missing: boolean }> {
  return new Promise((resolve, reject) => {
    const options = { timeout: DEADLINE, env: { ...process.env, LC_ALL: 'C' }, ...(signal && { signal }) };
    execFile('gpgv', args, options, (error, stdout) => {
      if (error === null) resolve({ status: 0, stdout, missing: false });
      else if (error.name === 'AbortError')
        reject(new IsodriveError('cancelled', 'Stopped before the end', { cause: error }));
      else if (isSystemError(error) && error.code === 'ENOENT') resolve({ status: 1, stdout, missing: true });
      else resolve({ status: typeof error.code === 'number' ? error.code : 1, stdout, missing: false });
    });
  });
}
