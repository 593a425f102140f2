// isodrive version.
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { packageVersion } from '../../protocol/package-info.js';
import type { RunCommand } from '../command-spec.js';

export const runVersion: RunCommand = async (_, { output }) => {
  const version = packageVersion();
  if (output.json) await output.record({ schemaVersion: SCHEMA_VERSION, version, node: process.version });
  else await output.line(version);
  return undefined;
};
