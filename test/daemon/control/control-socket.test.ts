// The protocol, byte by byte, against a real daemon.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_LINE_BYTES } from '../../../src/protocol/messages.js';
import { DaemonProcess, SMALL_IMAGE } from '../../support/programs/daemon-process.js';

describe('The control socket', () => {
  let daemon: DaemonProcess;
  beforeAll(async () => {
    daemon = await DaemonProcess.start();
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  it.each([
    ['no JSON', '{nonsense', { id: null, error: { code: -32700 } }],
    ['no request', '[]', { id: null, error: { code: -32600 } }],
    ['null', 'null', { id: null, error: { code: -32600 } }],
    ['another version', '{"jsonrpc":"1.0","id":1,"method":"list"}', { id: null, error: { code: -32600 } }],
    [
      'an unknown method',
      '{"jsonrpc":"2.0","id":"a","method":"toString"}',
      { id: 'a', error: { code: -32601 } },
    ],
    [
      'wrong parameters',
      '{"jsonrpc":"2.0","id":2,"method":"mount","params":{"image":5}}',
      { id: 2, error: { code: -32602, data: { code: 'usage', exit: 2 } } },
    ],
  ])('answers %s with an error, and stays open', async (_, line, answer) => {
    const { socket, next } = daemon.connectRaw();
    socket.write(`${line}\n`);
    expect(await next()).toMatchObject({ jsonrpc: '2.0', ...answer });
    socket.write('{"jsonrpc":"2.0","id":9,"method":"version"}\n');
    expect(await next()).toMatchObject({ id: 9, result: { pid: daemon.child.pid } });
    socket.destroy();
  });

  it('hangs up on a line without end, and lives', async () => {
    const { socket, next } = daemon.connectRaw();
    socket.on('error', () => undefined);
    const chunk = Buffer.alloc(1024 * 1024, 0x61);
    for (let sent = 0; sent <= MAX_LINE_BYTES; sent += chunk.length) socket.write(chunk);
    expect(await next()).toMatchObject({ id: null, error: { data: { code: 'usage' } } });
    expect(await next()).toBeUndefined();
    socket.destroy();
    await using client = await daemon.connect();
    expect(await client.call('list', {})).toEqual({ mounts: [] });
  });

  it('answers a client that has closed its writing side', async () => {
    const { socket, next } = daemon.connectRaw();
    socket.end('{"jsonrpc":"2.0","id":1,"method":"status"}\n');
    expect(await next()).toMatchObject({ id: 1, result: { pid: daemon.child.pid, mounts: [] } });
    expect(await next()).toBeUndefined();
  });

  it('never answers a notification', async () => {
    const { socket, next } = daemon.connectRaw();
    socket.write('{"jsonrpc":"2.0","method":"shutdown"}\n{"jsonrpc":"2.0","id":1,"method":"version"}\n');
    expect(await next()).toMatchObject({ id: 1 });
    socket.destroy();
  });

  it('refuses a second call of the same id while the first is pending', async () => {
    const { socket, next } = daemon.connectRaw();
    const call = `{"jsonrpc":"2.0","id":1,"method":"status"}\n`;
    socket.write(call + call);
    const answers = [await next(), await next()];
    expect(answers).toContainEqual(expect.objectContaining({ id: 1, error: expect.anything() as object }));
    expect(answers).toContainEqual(expect.objectContaining({ id: 1, result: expect.anything() as object }));
    socket.destroy();
  });

  it('sends events to those who watch, and to nobody else', async () => {
    await using watcher = await daemon.connect();
    await using other = await daemon.connect();
    const events: string[] = [];
    watcher.onEvent = (event) => events.push(event.event);
    other.onEvent = () => events.push('wrong');
    await watcher.call('watch', {});
    const { mount } = await other.call('mount', { image: SMALL_IMAGE });
    await other.call('unmount', { targets: [{ name: mount.id, paths: [] }] });
    await expect.poll(() => events).toEqual(['mounted', 'unmounted']);
  });

  it('cancels a mount whose client has gone, and leaves nothing behind', async () => {
    for (let i = 0; i < 5; i += 1) {
      const { socket } = daemon.connectRaw();
      socket.write(
        `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'mount', params: { image: SMALL_IMAGE, new: true } })}\n`,
        () => setTimeout(() => socket.destroy(), i),
      );
      await new Promise((resolve) => socket.once('close', resolve));
    }
    await using client = await daemon.connect();
    // Whether a mount was done before its client went is chance; that list and kernel agree is not.
    await expect
      .poll(async () => {
        const { mounts } = await client.call('list', {});
        return (
          mounts
            .map(({ mountPoint }) => mountPoint)
            .sort()
            .join() === daemon.mountPoints().sort().join()
        );
      })
      .toBe(true);
    expect(await client.call('unmount', { all: true })).toMatchObject({ failed: [] });
    expect(daemon.mountPoints()).toEqual([]);
  });
});
