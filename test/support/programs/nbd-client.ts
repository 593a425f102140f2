// An NBD client byte by byte, which sends what a test says, right or wrong.
import { expect } from 'vitest';
import type { ListenAddress } from '../../../src/drive/net/listen-address.js';
import { numbers, RawConnection } from './raw-connection.js';

export const OPTION = {
  EXPORT_NAME: 1,
  ABORT: 2,
  LIST: 3,
  STARTTLS: 5,
  INFO: 6,
  GO: 7,
  STRUCTURED: 8,
  SET_CONTEXT: 10,
} as const;
export const REPLY = {
  ACK: 1,
  SERVER: 2,
  UNSUP: 0x8000_0001,
  INVALID: 0x8000_0003,
  TLS_REQUIRED: 0x8000_0005,
  UNKNOWN: 0x8000_0006,
} as const;
const OPTION_REPLY = 0x3e889045565a9n;

/** A connection past the greeting. `from`: the address of this machine that it comes from. */
export async function greet(address: ListenAddress, flags = 3, from?: string): Promise<RawConnection> {
  const connection = await RawConnection.open(address, from);
  expect((await connection.receive(18)).toString('latin1')).toBe('NBDMAGICIHAVEOPT\0\x03');
  connection.send(numbers([32, flags]));
  return connection;
}

export function option(number: number, data: Uint8Array = new Uint8Array()): Buffer {
  return Buffer.concat([Buffer.from('IHAVEOPT'), numbers([32, number], [32, data.length]), data]);
}

export async function reply(connection: RawConnection): Promise<{ type: number; body: Buffer }> {
  const header = await connection.receive(20);
  expect(header.readBigUInt64BE(0)).toBe(OPTION_REPLY);
  return { type: header.readUInt32BE(12), body: await connection.receive(header.readUInt32BE(16)) };
}

/** Data of INFO and GO: a name and the information that is asked for. */
export function choice(name: string, ...wanted: number[]): Buffer {
  return Buffer.concat([
    numbers([32, name.length]),
    Buffer.from(name),
    numbers([16, wanted.length], ...wanted.map((one) => [16, one] as const)),
  ]);
}

export function contexts(name: string, ...queries: string[]): Buffer {
  const string = (text: string): Buffer => Buffer.concat([numbers([32, text.length]), Buffer.from(text)]);
  return Buffer.concat([string(name), numbers([32, queries.length]), ...queries.map(string)]);
}

export function request(type: number, offset: number | bigint, length: number, flags = 0): Buffer {
  return numbers([32, 0x2560_9513], [16, flags], [16, type], [64, 77], [64, offset], [32, length]);
}

export async function simpleError(connection: RawConnection): Promise<number> {
  const header = await connection.receive(16);
  expect([header.readUInt32BE(0), header.readBigUInt64BE(8)]).toEqual([0x6744_6698, 77n]);
  return header.readUInt32BE(4);
}
