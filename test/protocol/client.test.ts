// The client end of the control socket: answers, events, deadlines, cancellation.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControlClient } from '../../src/protocol/client.js';

describe('ControlClient', () => {
  let folder: string;
  let server: Server;
  let behave: (socket: Socket, line: string) => void;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-client-'));
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        for (const line of chunk.toString().split('\n')) if (line !== '') behave(socket, line);
      });
    });
    await new Promise<void>((resolve) => server.listen(join(folder, 'c.sock'), resolve));
  });
  afterEach(async () => {
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  const open = (): Promise<ControlClient> => ControlClient.connect(join(folder, 'c.sock'));

  it('says that no daemon is there', async () => {
    await expect(ControlClient.connect(join(folder, 'none.sock'))).rejects.toMatchObject({
      code: 'daemon-unreachable',
      message: expect.stringContaining('no such socket, expected a running daemon') as string,
    });
  });

  it('fails a call when the peer speaks another protocol', async () => {
    behave = (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    await using client = await open();
    await expect(client.call('version', {})).rejects.toMatchObject({ code: 'daemon-unreachable' });
  });

  it('fails a call when the daemon goes away, and every call after that', async () => {
    behave = (socket) => socket.destroy();
    await using client = await open();
    await expect(client.call('version', {})).rejects.toMatchObject({ code: 'daemon-unreachable' });
    await expect(client.call('version', {})).rejects.toMatchObject({ code: 'daemon-unreachable' });
  });

  it('gives up after its deadline, and tells the daemon to stop', async () => {
    const lines: string[] = [];
    behave = (_, line) => lines.push(line);
    await using client = await open();
    await expect(client.call('version', {}, { deadline: 50 })).rejects.toMatchObject({ code: 'timeout' });
    await expect.poll(() => lines.at(-1)).toContain('"method":"cancel","params":{"id":1}');
  });

  it('is interrupted by its signal, also by one that was aborted before', async () => {
    behave = () => undefined;
    await using client = await open();
    const controller = new AbortController();
    const call = client.call('version', {}, { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    await expect(client.call('version', {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });

  it('gives answers to the calls they belong to, in whatever order they come', async () => {
    const lines: { id: number; method: string }[] = [];
    behave = (socket, line) => {
      lines.push(JSON.parse(line) as { id: number; method: string });
      if (lines.length < 2) return;
      for (const { id, method } of lines.reverse()) {
        socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: { version: method, pid: id } })}\n`);
      }
    };
    await using client = await open();
    const answers = await Promise.all([client.call('version', {}), client.call('status', {})]);
    expect(answers.map((answer) => answer.version)).toEqual(['version', 'status']);
  });
});
