// Where a drive is served: a TCP address or a Unix socket, as users write it, and which peers may come.
import { BlockList, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { IsodriveError } from '../../base/error.js';
import { refuseRawBytes } from '../../base/path-text.js';

export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

const MAX_PORT = 65_535;
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * "HOST:PORT", "HOST", ":PORT", "[IPV6]:PORT", or the path of a Unix socket in UTF-8, which contains a "/". Throws
 * `usage`, or `unsupported` for a path on Windows, where Node listens on pipes in the place of such sockets.
 */
export function parseListenAddress(text: string, defaultPort: number): ListenAddress {
  if (text.includes('/')) {
    if (process.platform !== 'win32') {
      refuseRawBytes(text, 'Address to listen on', 'Choose another path');
      return { kind: 'unix', path: text };
    }
    throw new IsodriveError(
      'unsupported',
      `Address to listen on is "${text}", expected ADDRESS:PORT: Windows serves no Unix sockets`,
    );
  }
  const match = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  // Names are refused: what they stand for, and so who can connect, may change.
  const address = host === '' ? '127.0.0.1' : host === 'localhost' ? '127.0.0.1' : host;
  if (address === undefined || isIP(address) === 0 || port > MAX_PORT) {
    throw new IsodriveError(
      'usage',
      `Address to listen on is "${text}", expected ADDRESS:PORT with a numeric address, or a path with a "/"`,
    );
  }
  return { kind: 'tcp', host: address, port };
}

/** Whether only this machine can reach the address. */
export function isLocal(address: ListenAddress): boolean {
  return address.kind === 'unix' || isIn(LOOPBACK, address.host);
}

/** Host and port as URLs write them. */
export function formatHost(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** "ADDRESS" or "ADDRESS/PREFIX", separated by commas. Throws `usage`. */
export function parseAllowList(text: string): BlockList {
  const list = new BlockList();
  for (const item of text.split(',')) {
    const [address = '', prefix] = item.trim().split('/');
    const version = isIP(address);
    const bits = version === 6 ? 128 : 32;
    const length = prefix === undefined ? bits : Number(prefix);
    if (version === 0 || !/^\d{1,3}$/.test(prefix ?? '0') || length > bits) {
      throw new IsodriveError('usage', `Allowed address is "${item}", expected ADDRESS or ADDRESS/PREFIX`);
    }
    list.addSubnet(address, length, version === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** Whether a peer is in the list; every peer of a Unix socket is, because the socket's mode decides there. */
export function isAllowed(list: BlockList, socket: Socket): boolean {
  return socket.remoteAddress === undefined || isIn(list, socket.remoteAddress);
}

/** Whether a peer came by TCP from this machine. */
export function isLoopback({ remoteAddress }: Socket): boolean {
  return remoteAddress !== undefined && isIn(LOOPBACK, remoteAddress);
}

/** A socket for both versions shows IPv4 peers as mapped addresses (RFC 4291 2.5.5.2). */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}

function isIn(list: BlockList, address: string): boolean {
  const plain = plainAddress(address);
  return list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
}
