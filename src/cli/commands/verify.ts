// isodrive verify IMAGE: whether it is what its publisher made. Every fault on a line; what agrees is counted.
import { resolve } from 'node:path';
import { IsodriveError } from '../../base/error.js';
import { isFailure } from '../../imaging/verify/check.js';
import type { Check } from '../../imaging/verify/check.js';
import { verifyImage } from '../../imaging/verify/verify-image.js';
import { escapeForTerminal } from '../../present/display-name.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import type { RunCommand } from '../command-spec.js';
import { formatCount } from '../count-text.js';
import { openForCommand } from '../open-for-command.js';
import type { Output } from '../output.js';
import { PassProgress } from '../pass-progress.js';

export const runVerify: RunCommand = async (args, { output, signal }) => {
  await using image = await openForCommand(args, signal);
  const path = resolve(args.required('image'));
  const progress = new PassProgress(output);
  const files = { keyring: args.text('keyring'), key: args.text('key') };
  let checks: Check[];
  try {
    checks = await verifyImage(image, { path, ...files, signal, onProgress: progress.show.bind(progress) });
  } finally {
    progress.clear();
  }
  const failures = checks.filter(isFailure);
  if (output.json)
    await output.record({ schemaVersion: SCHEMA_VERSION, image: path, ok: failures.length === 0, checks });
  else await printChecks(checks, output);
  if (failures.length === 0) return undefined;
  throw new IsodriveError(
    'verification-failed',
    `Cannot trust "${path}": ${formatCount(failures.length, 'check', 'checks')} of ${checks.length} failed`,
  );
};

async function printChecks(checks: readonly Check[], output: Output): Promise<void> {
  const print = (text: string): Promise<void> => output.line(escapeForTerminal(Buffer.from(text)));
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
    const [{ subject, detail }] = list as [Check];
    const what = list.length === 1 ? `${subject}: ${detail}` : `${list.length} files agree`;
    await print(`${'ok'.padEnd(10)} ${evidence}: ${what}`);
  }
  const hasEvidence = checks.some(
    ({ kind, status }) => kind !== 'structure' && kind !== 'map' && status !== 'unchecked',
  );
  if (!hasEvidence) output.note('found no checksum or signature to go by: only the structure was checked');
}
