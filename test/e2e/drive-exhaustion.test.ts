// Served drives that run out of descriptors, by clients that come in numbers and stay.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { RawConnection } from '../support/programs/raw-connection.js';
import { ServedDrive } from '../support/programs/served-drive.js';

const LIMIT = 64;
const CLIENTS = 100;

describe.skipIf(process.platform !== 'linux')('A server that may have few descriptors', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-exhaustion-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('leaves no client waiting, tells why it refuses them, and serves again when others have left', async () => {
    await using drive = await ServedDrive.start([SMALL_IMAGE, '--nbd', '--listen', '127.0.0.1:0'], {}, LIMIT);
    const { port } = new URL(drive.uris[0]!.replace('nbd:', 'http:'));
    const address = { kind: 'tcp', host: '127.0.0.1', port: Number(port) } as const;
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => RawConnection.open(address)));
    // A greeting, or the end: what stays in the queue would have the server look at it for ever.
    const greetings = await Promise.all(clients.map((client) => client.receive(18)));
    const lengths = greetings.map(({ length }) => length);
    expect([...new Set(lengths)].sort((a, b) => a - b)).toEqual([0, 18]);
    const served = lengths.filter((length) => length > 0).length;
    expect(served).toBeGreaterThan(4);
    await expect.poll(() => drive.stderr).toContain(`A peer was refused: ${served} are connected`);
    expect(drive.stderr).toContain('hint: Raise the limit of open files');
    for (const client of clients) client[Symbol.dispose]();
    await expect
      .poll(async () => {
        using late = await RawConnection.open(address);
        return (await late.receive(18)).length;
      })
      .toBe(18);
    expect(await drive.end('SIGINT')).toBe(130);
  });
});
