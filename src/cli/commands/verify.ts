// isodrive verify IMAGE: whether it is what its publisher made. Every fault on a line; what agrees is counted.
import { resolveHostPath } from '../../base/path-text.js';
import type { ErrorCode } from '../../base/error.js';
import { IsodriveError } from '../../base/error.js';
import { isFailure } from '../../imaging/verify/check.js';
import type { Check } from '../../imaging/verify/check.js';
import type { VerifyOptions } from '../../imaging/verify/evidence.js';
import { verifySectorsAlone } from '../../imaging/verify/verify-raw.js';
import { verifyImage } from '../../imaging/verify/verify-image.js';
import { escapeText } from '../../base/display-name.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { openImage } from '../../image/open-image.js';
import { openImageFile } from '../../source/open-image-file.js';
import type { CommandArguments, RunCommand } from '../command-spec.js';
import { formatCount } from '../count-text.js';
import type { Output } from '../output.js';
import { PassProgress } from '../pass-progress.js';
import { readViewOptions } from '../view-options.js';

/** What says nothing of the bytes of files. */
const WITHOUT_CONTENT: readonly Check['kind'][] = ['structure', 'map', 'udf-tags', 'subchannel', 'coverage'];
/** What an image says of itself by accident of its format: no publisher vouches for it. */
const WITHOUT_PUBLISHER: readonly Check['kind'][] = [...WITHOUT_CONTENT, 'sectors'];

/** What an image without a file system that is read here gives. */
const UNREAD: readonly ErrorCode[] = ['unsupported', 'damaged'];

export const runVerify: RunCommand = async (args, { output, signal }) => {
  const path = resolveHostPath(args.required('image'));
  const progress = new PassProgress(output);
  const files = { keyring: args.text('keyring'), key: args.text('key'), dat: args.text('dat') };
  let checks: Check[];
  try {
    checks = await verify(args, { path, ...files, signal, onProgress: progress.show.bind(progress) });
  } finally {
    progress.clear();
  }
  const failures = checks.filter(isFailure);
  const isProven = hasEvidence(checks, WITHOUT_CONTENT);
  const ok = failures.length === 0 && isProven;
  if (output.json) await output.record({ schemaVersion: SCHEMA_VERSION, image: path, ok, checks });
  else await printChecks(checks, output);
  if (failures.length > 0) {
    throw new IsodriveError(
      'verification-failed',
      `Cannot trust "${path}": ${formatCount(failures.length, 'check', 'checks')} of ${checks.length} failed`,
    );
  }
  if (isProven) return undefined;
  throw new IsodriveError(
    'partial',
    `Cannot verify "${path}": found no checksum or signature that can be checked, only the structure was`,
    { action: "Put the publisher's list of checksums beside the image, such as SHA256SUMS" },
  );
};

/** Whether there was something to go by, beside kinds that are no evidence. */
function hasEvidence(checks: readonly Check[], except: readonly Check['kind'][]): boolean {
  return checks.some(({ kind, status }) => !except.includes(kind) && status !== 'unchecked');
}

/** A disc without a file system that can be read may have sectors with codes of their own. */
async function verify(args: CommandArguments, options: VerifyOptions): Promise<Check[]> {
  const { path, signal } = options;
  try {
    await using image = await openImage(path, { ...readViewOptions(args), signal });
    return await verifyImage(image, options);
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError) || !UNREAD.includes(thrown.code)) throw thrown;
    await using files = (await openImageFile(path, readViewOptions(args).map, signal)).files;
    const checks = await verifySectorsAlone(files, options, thrown.message);
    if (checks === undefined) throw thrown;
    return checks;
  }
}

async function printChecks(checks: readonly Check[], output: Output): Promise<void> {
  const print = (text: string): Promise<void> => output.line(escapeText(text));
  const agreed = new Map<string, Check[]>();
  for (const check of checks) {
    const { status, evidence, subject, detail, files = [] } = check;
    if (status === 'ok') {
      agreed.set(evidence, [...(agreed.get(evidence) ?? []), check]);
      continue;
    }
    await print(`${status.padEnd(10)} ${evidence}: ${subject}: ${detail}`);
    for (const file of files) await print(`${''.padEnd(10)}   ${file}`);
  }
  for (const [evidence, list] of agreed) {
    const [{ subject }] = list as [Check];
    const isOne = list.every((check) => check.subject === subject);
    const details = list.map((check) => check.detail).join(', ');
    const what = isOne ? `${subject}: ${details}` : `${list.length} files agree`;
    await print(`${'ok'.padEnd(10)} ${evidence}: ${what}`);
  }
  if (hasEvidence(checks, WITHOUT_CONTENT) && !hasEvidence(checks, WITHOUT_PUBLISHER))
    output.note("found no checksum or signature of a publisher: only the image's own codes were checked");
}
