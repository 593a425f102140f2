// isodrive help [COMMAND]: the texts are laid out only here; with --json the command table itself.
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import type { RunCommand } from '../command-spec.js';
import { describeTopic, findTopic } from '../help-topic.js';
import { terminalWidth } from '../terminal-width.js';

export const runHelp: RunCommand = async (args, { output, commands }) => {
  const topic = findTopic(args.list('topic'), commands);
  if (output.json) {
    await output.record({ schemaVersion: SCHEMA_VERSION, ...describeTopic(topic, commands) });
    return undefined;
  }
  const { renderHelp } = await import('../render-help.js');
  await output.line(await renderHelp(topic, commands, terminalWidth(output.stdout)));
  return undefined;
};
