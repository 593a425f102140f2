// An iSCSI initiator byte by byte, which sends what a test says, right or wrong.
import { expect } from 'vitest';
import type { ListenAddress } from '../../../src/drive/net/listen-address.js';
import { RawConnection } from './raw-connection.js';

export interface Fields {
  readonly flags?: number;
  readonly tag?: number;
  readonly number?: number;
  /** Bytes from an offset on. */
  readonly at?: Readonly<Record<number, readonly number[]>>;
  readonly data?: Uint8Array;
}

/** A request with its header, data and padding. */
export function pdu(
  opcode: number,
  { flags = 0x80, tag = 1, number = 1, at = {}, data = new Uint8Array() }: Fields,
): Buffer {
  const header = Buffer.alloc(48);
  header[0] = opcode;
  header[1] = flags;
  header.writeUIntBE(data.length, 5, 3);
  header.writeUInt32BE(tag, 16);
  header.writeUInt32BE(number, 24);
  for (const [offset, bytes] of Object.entries(at)) header.set(bytes, Number(offset));
  return Buffer.concat([header, data, Buffer.alloc(-data.length & 3)]);
}

/** The next answer; with a shorter header at the end of the connection. */
export async function answer(connection: RawConnection): Promise<{ header: Buffer; data: Buffer }> {
  const header = await connection.receive(48);
  if (header.length < 48) return { header, data: Buffer.alloc(0) };
  const length = header.readUIntBE(5, 3);
  return { header, data: (await connection.receive((length + 3) & ~3)).subarray(0, length) };
}

export const NAME = 'iqn.2026-11.local.isodrive:test';
export const KEYS = `InitiatorName=iqn.test\0TargetName=${NAME}\0`;

/** A session of the full feature phase. */
export async function openSession(address: ListenAddress, session = 1, keys = KEYS): Promise<RawConnection> {
  const connection = await RawConnection.open(address);
  connection.send(pdu(0x43, { flags: 0x87, at: { 8: [session] }, data: Buffer.from(keys) }));
  const { header } = await answer(connection);
  expect([header[0], header[1], header.readUInt16BE(36)]).toEqual([0x23, 0x87, 0]);
  return connection;
}

/** A SCSI command that reads `length` bytes. */
export function command(cdb: readonly number[], fields: Fields & { length?: number } = {}): Buffer {
  const { length = 0, at, ...rest } = fields;
  const expected = [length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
  return pdu(0x01, { flags: 0xc0, ...rest, at: { 20: expected, 32: cdb, ...at } });
}
