// The users of these tests are who they are to the system service, however long it lets them wait.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { needs } from '../support/needs.js';
import { SystemService } from '../support/machines/system-service.js';
import type { TestUser } from '../support/machines/system-service.js';

const ADA = 61_001;
const BOB = 61_002;

/** Takes all places that the kernel has for those who are not accepted yet. */
async function fillBacklog(service: SystemService, user: TestUser): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  for (;;) {
    const socket = user.act(() => connect(service.socketPath));
    try {
      await once(socket, 'connect');
    } catch {
      return sockets;
    }
    sockets.push(socket);
  }
}

it('A user who waits to be accepted is that user to the service', needs('root'), async () => {
  await using service = await SystemService.start();
  const ada = service.user(ADA);
  const image = await ada.own(SMALL_IMAGE);
  const directory = ada.makeDirectory();
  const pid = await service.pid();
  process.kill(pid, 'SIGSTOP');
  const waiting = await fillBacklog(service, service.user(BOB));
  const mounted = ada.mount(image, directory);
  process.kill(pid, 'SIGCONT');
  for (const socket of waiting) socket.destroy();
  await mounted;
  expect(await ada.read(join(directory, 'COPYING'))).toHaveLength(17_992);
});
