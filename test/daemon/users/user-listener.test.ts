// What becomes of descriptors that clients pass and nobody takes.
import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bindSocket } from '../../../daemon/control/bind-socket.js';
import { DescriptorCloser } from '../../../daemon/users/descriptor-closer.js';
import { UserListener } from '../../../daemon/users/user-listener.js';
import type { AcceptClient } from '../../../daemon/users/user-listener.js';
import { loadAddon } from '../../../native/index.js';
import { descriptorOf } from '../../../src/endpoint/socket-descriptor.js';

const LIMITS = { clients: 256, clientsOfUser: 256, reservedForRoot: 0 };
const CLIENTS = 50;

describe('A listener for users', () => {
  let folder: string;
  let path: string;
  let file: string;

  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'isodrive-users-')));
    path = join(folder, 'control.sock');
    file = join(folder, 'passed');
    await writeFile(file, '');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const countOpen = (): number =>
    readdirSync('/proc/self/fd').filter((name) => {
      try {
        return readlinkSync(join('/proc/self/fd', name)) === file;
      } catch {
        return false;
      }
    }).length;

  const listen = async (accept: AcceptClient): Promise<UserListener> => {
    const server = createServer();
    await bindSocket(server, path, true);
    const listener = new UserListener(descriptorOf(server), LIMITS, new DescriptorCloser(), accept);
    server.close();
    return listener;
  };

  /** Connects, passes the file twice, and waits until it is hung up on. */
  const passAll = async (): Promise<void> => {
    const passed = openSync(file, 'r');
    await Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        const socket = connect({ path });
        socket.on('error', () => undefined);
        const closed = new Promise((resolve) => socket.once('close', resolve));
        // A local socket is connected at once: all is sent before the listener hears of the client.
        loadAddon().sendDescriptors(descriptorOf(socket), Buffer.from('{}\n'), [passed, passed]);
        socket.resume();
        await closed;
      }),
    );
    closeSync(passed);
  };

  it('keeps nothing open of clients that are refused', async () => {
    const listener = await listen((_, socket) => {
      socket.destroy();
      return false;
    });
    await passAll();
    await expect.poll(countOpen).toBe(0);
    listener.close();
  });

  it('closes what comes when its client is let go', async () => {
    let pieces = 0;
    const listener = await listen((_, socket, input) => {
      input.onBytes = (_bytes, descriptors) => {
        pieces += 1;
        descriptors.forEach((one) => closeSync(one));
      };
      socket.destroy();
      return true;
    });
    await passAll();
    await expect.poll(countOpen).toBe(0);
    expect(pieces).toBeLessThanOrEqual(CLIENTS);
    listener.close();
  });
});
