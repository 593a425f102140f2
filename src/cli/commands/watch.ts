// isodrive watch: events as they happen, until it is interrupted or the daemon ends.
import { ControlClient } from '../../protocol/client.js';
import type { DaemonEvent } from '../../protocol/messages.js';
import { findSocket } from '../find-socket.js';
import { escapeHostText, escapeText } from '../../base/display-name.js';
import type { RunCommand } from '../command-spec.js';
import { formatCounters } from '../format-counters.js';

export const runWatch: RunCommand = async (args, { output, signal }) => {
  await using client = await ControlClient.connect(findSocket(args).path);
  let shown = Promise.resolve();
  client.onEvent = (event) => {
    shown = shown.then(async () => {
      await output.line(output.json ? JSON.stringify(event) : formatEvent(event));
      await output.flush();
    });
  };
  await client.call('watch', {}, { signal });
  const interrupted = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  await Promise.race([client.closed, interrupted]);
  await shown;
  return undefined;
};

function formatEvent(event: DaemonEvent): string {
  const head = `${event.time} ${event.event}`;
  if (event.event === 'shutdown') return head;
  const { id, image, mountPoint } = event.mount;
  const place = escapeHostText(`${id} ${mountPoint} (${image})`);
  if (event.event === 'mounted') return `${head} ${place}`;
  if (event.event === 'activity') return `${head} ${place} ${formatCounters(event.counters)}`;
  if (event.event === 'finding') {
    return `${head} ${place} ${event.severity}: ${escapeText(event.message)}`;
  }
  return `${head} ${place} ${event.reason}${event.error === undefined ? '' : `: ${event.error}`}`;
}
