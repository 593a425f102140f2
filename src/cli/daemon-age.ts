// Whether the daemon that a command talks to is older than the command, which explains much that is odd.
import type { ControlClient } from '../protocol/client.js';
import { packageVersion } from '../protocol/package-info.js';

/** What is said of an older daemon; undefined for any other. */
export function describeAge(daemon: string, own: string = packageVersion()): string | undefined {
  if (!isOlder(daemon, own)) return undefined;
  return `isodrived ${daemon} is older than this isodrive, ${own}: run isodrive daemon upgrade`;
}

export async function findAge(client: ControlClient, signal: AbortSignal): Promise<string | undefined> {
  return describeAge((await client.call('version', {}, { signal })).version);
}

/** By the numbers of "1.2.3", in their order. */
function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(/[.+-]/u).slice(0, 3).map(Number));
  const at = a!.findIndex((number, i) => number !== b![i]);
  return at >= 0 && a![at]! < b![at]!;
}
