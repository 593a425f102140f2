// The native end of the system service's socket: what Linux passes beside bytes, and whom it counts.
import { chmodSync, closeSync, fstatSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bindSocket } from '../../daemon/control/bind-socket.js';
import { loadAddon } from '../../native/index.js';
import type { ControlListenerHandle } from '../../native/index.js';
import { runCommand } from '../../scripts/support/run-command.js';
import { descriptorOf } from '../../src/endpoint/socket-descriptor.js';
import { needs } from '../support/needs.js';

const NOBODY = 65_534;
/** Sends a message with as many copies of its standard input as it is told. */
const SENDER = `
import array, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendmsg([b"x" * int(sys.argv[3])], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0] * int(sys.argv[2])))])
s.shutdown(socket.SHUT_WR)
s.recv(1)
`;

/** Connects so often at the same time, and tells how many connections are let be. */
const CROWD = `
import socket, sys
def is_let(s):
    s.settimeout(0.3)
    try: return s.recv(1) != b""
    except TimeoutError: return True
    except OSError: return False
crowd = [socket.socket(socket.AF_UNIX) for i in range(int(sys.argv[2]))]
for s in crowd: s.connect(sys.argv[1])
print(sum(is_let(s) for s in crowd))
`;

/** Connects while process PID may open nothing more; prints the share of that time that it kept a processor busy. */
const STARVE = `
import os, resource, socket, sys, time
path, pid = sys.argv[1], int(sys.argv[2])
def seconds():
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))
try:
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    begin, used = time.monotonic(), seconds()
    time.sleep(2)
    print((seconds() - used) / (time.monotonic() - begin))
finally:
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
s.send(b"x")
s.shutdown(socket.SHUT_WR)
s.recv(1)
`;

describe('A control listener', needs('python3'), () => {
  const addon = loadAddon();
  let folder: string;
  let path: string;
  let handle: ControlListenerHandle;
  let told: unknown[];

  beforeEach(async () => {
    told = [];
    folder = await mkdtemp(join(tmpdir(), 'isodrive-listener-'));
    chmodSync(folder, 0o755);
    path = join(folder, 'control.sock');
    const server = createServer();
    await bindSocket(server, path, true);
    const descriptor = addon.duplicateDescriptor(descriptorOf(server));
    const limits = { clients: 8, clientsOfUser: 2, reservedForRoot: 1 };
    handle = addon.listenForClients(descriptor, limits, {
      onClient: (client, socket) => {
        told.push(['client', addon.peerCredentials(socket).uid]);
        closeSync(socket);
        addon.resumeClient(handle, client);
      },
      onBytes: (client, bytes, descriptors, isCut) => {
        const areDevices = descriptors.map((one) => fstatSync(one).isCharacterDevice());
        descriptors.forEach((one) => closeSync(one));
        told.push(['bytes', bytes.length, areDevices, isCut]);
        addon.resumeClient(handle, client);
      },
      onEnd: (client) => {
        told.push(['end']);
        addon.dropClient(handle, client);
      },
    });
    server.close();
  });
  afterEach(async () => {
    addon.closeListener(handle);
    await rm(folder, { recursive: true, force: true });
  });

  const send = (descriptors: number, bytes: number): Promise<unknown> =>
    runCommand('python3', ['-c', SENDER, path, String(descriptors), String(bytes)]);

  const devices = (count: number): boolean[] => Array.from({ length: count }, () => true);

  it('hands over bytes, a piece at a time, and the descriptors that come with them', async () => {
    await send(102, 20_000);
    expect(told).toEqual([
      ['client', process.getuid?.()],
      ['bytes', 16_384, devices(102), false],
      ['bytes', 3616, [], false],
      ['end'],
    ]);
  });

  it('tells when there are more descriptors than fit, and leaves none of them open', async () => {
    await send(129, 1);
    const before = readdirSync('/proc/self/fd').length;
    for (let i = 0; i < 3; i += 1) await send(200, 1);
    expect(told.filter((one) => Array.isArray(one) && one[0] === 'bytes')).toEqual(
      Array.from({ length: 4 }, () => ['bytes', 1, devices(128), true]),
    );
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  });

  it('rests while the process can open nothing more, and takes who waits after that', async () => {
    const { stdout } = await runCommand('python3', ['-c', STARVE, path, `${process.pid}`]);
    // One that tries again and again takes a whole processor.
    expect(Number(stdout)).toBeLessThan(0.5);
    expect(told).toEqual([['client', process.getuid?.()], ['bytes', 1, [], false], ['end']]);
  });

  it('lets a user have two connections, and root what is left', needs('root'), async () => {
    const crowd = async (size: number, identity: object): Promise<number> =>
      Number(
        (await runCommand('python3', ['-c', CROWD, path, String(size)], { cwd: '/', ...identity })).stdout,
      );
    const [nobody, root] = await Promise.all([crowd(20, { uid: NOBODY, gid: NOBODY }), crowd(6, {})]);
    expect([nobody, root]).toEqual([2, 6]);
    expect(await crowd(20, {})).toBe(8);
  });
});
