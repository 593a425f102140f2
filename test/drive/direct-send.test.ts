// Files that the kernel sends from its page cache to NBD clients and iSCSI initiators, whole messages in order: with
// clients that read slowly, with files that are not in memory, and with such as change.
import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Disc } from '../../src/disc/disc.js';
import { PlanStream } from '../../src/disc/plan-stream.js';
import { runSegment } from '../../src/disc/read-plan.js';
import { openIscsiTarget } from '../../src/drive/iscsi/iscsi-target.js';
import { DriveState } from '../../src/drive/mmc/drive-state.js';
import { Medium } from '../../src/drive/mmc/medium.js';
import { openNbdServer } from '../../src/drive/nbd/nbd-server.js';
import type { DriveListener } from '../../src/drive/net/drive-listener.js';
import { FileSource } from '../../src/source/file/file-source.js';
import { patternedBytes } from '../support/fakes/drive.js';
import { numbers, RawConnection } from '../support/programs/raw-connection.js';

const IMAGE = patternedBytes(6 * 1024 * 1024);
const LOGIN = 0x43;
const COMMAND = 0x01;
const NAME = 'iqn.2026-11.local.isodrive:test';
const [major = 0, minor = 0] = release().split('.').map(Number);
/** cachestat(2) came with Linux 6.5. */
const hasCachestat = process.platform === 'linux' && (major > 6 || (major === 6 && minor >= 5));

let folder: string;
let path: string;
let source: FileSource;
let reader: CountingReader;

/** Counts the bytes that were sent without a copy. */
class CountingReader extends PlanStream {
  direct = 0;

  override sendCached(
    socket: number,
    header: Uint8Array,
    position: number,
    length: number,
  ): number | undefined {
    const sent = super.sendCached(socket, header, position, length);
    this.direct += sent ?? 0;
    return sent;
  }
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isodrive-direct-'));
  path = join(folder, 'image');
  await writeFile(path, IMAGE);
  source = await FileSource.open(path);
  reader = new CountingReader(source.name, [runSegment(0, source.size, 0, 0)], [source]);
});

afterEach(async () => {
  await source[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Everything that was written is on the disk, and nothing of it in memory. */
async function forget(): Promise<void> {
  await using file = await open(path, 'r');
  await file.sync();
  await source.dropCached();
}

describe('An NBD server of a file', () => {
  let server: DriveListener;

  beforeEach(async () => {
    const address = { kind: 'unix', path: join(folder, 'socket') } as const;
    server = await openNbdServer({ address, exports: [{ name: 'one', description: '', reader }] });
  });

  afterEach(() => server[Symbol.asyncDispose]());

  async function connect(structured: boolean): Promise<RawConnection> {
    const connection = await RawConnection.open(server.address);
    await connection.receive(18);
    connection.send(numbers([32, 3]));
    const option = (number: number, data: Uint8Array): Uint8Array =>
      Buffer.concat([Buffer.from('IHAVEOPT'), numbers([32, number], [32, data.length]), data]);
    if (structured) {
      connection.send(option(8, new Uint8Array()));
      await connection.receive(20);
    }
    connection.send(option(1, new Uint8Array()));
    await connection.receive(10);
    return connection;
  }

  function read(cookie: number, offset: number, length: number): Buffer {
    return numbers([32, 0x2560_9513], [16, 0], [16, 0], [64, cookie], [64, offset], [32, length]);
  }

  /** Takes all replies; fails for anything but data in its place. */
  async function collect(
    connection: RawConnection,
    requests: ReadonlyMap<bigint, { offset: number; length: number }>,
  ): Promise<void> {
    const done = new Map<bigint, number>();
    for (let left = [...requests.values()].reduce((sum, { length }) => sum + length, 0); left > 0;) {
      const header = await connection.receive(28);
      expect([header.readUInt32BE(0), header.readUInt16BE(6)]).toEqual([0x668e_33ef, 1]);
      const cookie = header.readBigUInt64BE(8);
      const { offset, length } = requests.get(cookie)!;
      const before = done.get(cookie) ?? 0;
      const bytes = await connection.receive(header.readUInt32BE(16) - 8);
      expect(header.readBigUInt64BE(20)).toBe(BigInt(offset + before));
      expect(bytes.equals(IMAGE.subarray(offset + before, offset + before + bytes.length))).toBe(true);
      expect(header.readUInt16BE(4)).toBe(before + bytes.length === length ? 1 : 0);
      done.set(cookie, before + bytes.length);
      left -= bytes.length;
    }
  }

  it('sends many replies, small and large, to a client that asks first and reads later', async () => {
    using connection = await connect(true);
    const requests = new Map(
      [5_000_000, 100, 70_000, 2_000_001, 1, 3_000_000, 65_536, 4096].map((length, i) => [
        BigInt(i),
        { offset: i * 1001, length },
      ]),
    );
    for (const [cookie, { offset, length }] of requests) {
      connection.send(read(Number(cookie), offset, length));
    }
    connection.socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 100));
    connection.socket.resume();
    await collect(connection, requests);
    if (hasCachestat) expect(reader.direct).toBeGreaterThan(2_000_000);
  });

  it('sends simple replies of any length', async () => {
    using connection = await connect(false);
    for (const [cookie, length] of [3_000_000, 65_536, 65_535].entries()) {
      connection.send(read(cookie, 12_345, length));
      const header = await connection.receive(16);
      expect([header.readUInt32BE(4), header.readBigUInt64BE(8)]).toEqual([0, BigInt(cookie)]);
      const bytes = await connection.receive(length);
      expect(bytes.equals(IMAGE.subarray(12_345, 12_345 + length))).toBe(true);
    }
    if (hasCachestat) expect(reader.direct).toBeGreaterThan(1_000_000);
  });

  it('reads what is not in memory, and what is to be looked at first', async () => {
    using connection = await connect(true);
    const whole = new Map([[1n, { offset: 0, length: IMAGE.length }]]);
    for (let round = 0; round < 3; round += 1) {
      await forget();
      connection.send(read(1, 0, IMAGE.length));
      await collect(connection, whole);
    }
  });

  it('does not send a file that has changed as if it had not', async () => {
    using connection = await connect(true);
    connection.send(read(1, 0, IMAGE.length));
    await collect(connection, new Map([[1n, { offset: 0, length: IMAGE.length }]]));
    await truncate(path, 1_000_000);
    connection.send(read(2, 500_000, 2_000_000));
    // Data of the part that is there may come; then an error, or the end of the connection.
    for (;;) {
      const header = await connection.receive(20);
      if (header.length < 20) return;
      const body = await connection.receive(header.readUInt32BE(16));
      if (header.readUInt16BE(6) !== 1) {
        expect(header.readUInt16BE(6)).toBe(0x8002);
        return;
      }
      const offset = Number(body.readBigUInt64BE(0));
      expect(offset + body.length - 8).toBeLessThanOrEqual(1_000_000);
    }
  });
});

describe('An iSCSI target of a file', () => {
  it.each([
    [8192, 65_536],
    [262_144, 262_144],
    [1_048_576, 262_144],
    [100_004, 300_000],
  ])('sends PDUs of %i bytes in bursts of %i, numbered in order', async (maxData, maxBurst) => {
    const track = { number: 1, mode: 'mode1', start: 0, length: IMAGE.length / 2048 } as const;
    const disc: Disc = { format: 'iso', sessions: [{ number: 1, tracks: [track] }], data: reader };
    const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
    const drives = [new DriveState('TEST', new Medium(disc))];
    await using target = await openIscsiTarget({ address, name: NAME, drives });
    using connection = await RawConnection.open(target.address);
    const blocks = 1024;
    const send = (opcode: number, tag: number, number: number, cdb: readonly number[], text = ''): void => {
      const header = Buffer.alloc(48);
      header.set([opcode, opcode === LOGIN ? 0x87 : 0xc0]);
      header.writeUIntBE(text.length, 5, 3);
      header.writeUInt32BE(tag, 16);
      header.writeUInt32BE(opcode === LOGIN ? 0 : blocks * 2048, 20);
      header.writeUInt32BE(number, 24);
      header.set(cdb, 32);
      connection.send(header, Buffer.from(text), Buffer.alloc(-text.length & 3));
    };
    const receive = async (): Promise<{ header: Buffer; data: Buffer }> => {
      const header = await connection.receive(48);
      const length = header.readUIntBE(5, 3);
      return { header, data: (await connection.receive((length + 3) & ~3)).subarray(0, length) };
    };
    const sizes = `MaxRecvDataSegmentLength=${maxData}\0MaxBurstLength=${maxBurst}\0`;
    send(LOGIN, 0, 1, [], `InitiatorName=iqn.test\0TargetName=${NAME}\0${sizes}`);
    await receive();
    send(COMMAND, 2, 1, [0x00]);
    const attention = (await receive()).header;
    expect(attention[3]).toBe(2);
    let status = attention.readUInt32BE(24);
    // Two commands at once: their data may alternate, their statuses are numbered as they come.
    const states = new Map([0, 1000].map((block, i) => [3 + i, { block, at: 0, pdus: 0, burst: 0 }]));
    for (const [tag, { block }] of states) {
      send(COMMAND, tag, tag - 1, [0xa8, 0, 0, 0, block >> 8, block & 0xff, 0, 0, blocks >> 8, 0, 0, 0]);
    }
    for (let left = 2 * blocks * 2048; left > 0;) {
      const { header, data } = await receive();
      const state = states.get(header.readUInt32BE(16))!;
      expect([header[0], header.readUInt32BE(36)]).toEqual([0x25, state.pdus]);
      expect(header.readUInt32BE(40)).toBe(state.at);
      expect(data.length).toBeLessThanOrEqual(maxData);
      const from = state.block * 2048 + state.at;
      expect(data.equals(IMAGE.subarray(from, from + data.length))).toBe(true);
      left -= data.length;
      state.at += data.length;
      state.pdus += 1;
      state.burst += data.length;
      const isLast = state.at === blocks * 2048;
      expect((header[1]! & 0x80) !== 0).toBe(isLast || state.burst === maxBurst);
      expect((header[1]! & 1) !== 0).toBe(isLast);
      if (isLast) expect(header.readUInt32BE(24)).toBe((status += 1));
      if (state.burst === maxBurst) state.burst = 0;
    }
    if (hasCachestat && maxData >= 65_536) expect(reader.direct).toBeGreaterThan(2_000_000);
  });
});
