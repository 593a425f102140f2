// isodrive info IMAGE: volumes, views, sessions, boot entries and findings; with --check those of the whole image.
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { checkImage } from '../../present/check-image.js';
import { describeDamage, formatDamage } from '../../present/describe-damage.js';
import { describeImage, formatDescription } from '../../present/describe-image.js';
import type { RunCommand } from '../command-spec.js';
import { openForCommand } from '../open-for-command.js';

export const runInfo: RunCommand = async (args, { output, signal }) => {
  await using image = await openForCommand(args, signal);
  if (args.flag('check')) await checkImage(image, signal);
  const description = describeImage(image);
  const damage = await describeDamage(image, signal);
  if (output.json) await output.record({ schemaVersion: SCHEMA_VERSION, ...description, damage });
  else {
    await output.line(formatDescription(description));
    if (damage !== undefined) await output.line(formatDamage(damage));
  }
  return undefined;
};
