// Addresses as users write them, and which of them only this machine reaches.
import { describe, expect, it } from 'vitest';
import {
  formatHost,
  isLocal,
  parseAllowList,
  parseListenAddress,
} from '../../../src/drive/net/listen-address.js';

describe('An address to listen on', () => {
  it.each([
    ['', { kind: 'tcp', host: '127.0.0.1', port: 7 }],
    [':0', { kind: 'tcp', host: '127.0.0.1', port: 0 }],
    ['localhost:99', { kind: 'tcp', host: '127.0.0.1', port: 99 }],
    ['10.1.2.3', { kind: 'tcp', host: '10.1.2.3', port: 7 }],
    ['[::1]:80', { kind: 'tcp', host: '::1', port: 80 }],
    ['./socket', { kind: 'unix', path: './socket' }],
  ])('is read from "%s"', (text, address) => {
    expect(parseListenAddress(text, 7)).toEqual(address);
  });

  it.each(['example.com:1', '127.0.0.1:65536', '::1:80', '1.2.3.4:x'])('is not "%s"', (text) => {
    expect(() => parseListenAddress(text, 7)).toThrow('expected ADDRESS:PORT');
  });

  it('is no path that is not UTF-8, which no URI could name', () => {
    expect(() => parseListenAddress('/run/\udcff.sock', 7)).toThrow('expected a path in UTF-8');
  });

  it.each([
    ['127.8.9.1:1', true],
    ['[::1]:1', true],
    ['/run/socket', true],
    ['0.0.0.0:1', false],
    ['[::]:1', false],
    ['192.168.1.1:1', false],
  ])('%s is local: %s', (text, local) => {
    expect(isLocal(parseListenAddress(text, 7))).toBe(local);
  });

  it('is written as in URLs', () => {
    expect([formatHost('::1', 5), formatHost('127.0.0.1', 5)]).toEqual(['[::1]:5', '127.0.0.1:5']);
  });
});

describe('An allow-list', () => {
  it('holds addresses and networks of both versions', () => {
    const list = parseAllowList('10.0.0.0/8, ::1');
    expect([list.check('10.9.9.9'), list.check('11.0.0.1'), list.check('::1', 'ipv6')]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it.each(['', 'host', '10.0.0.0/33', '10.0.0.0/x', '1.2.3.4,,'])('is not "%s"', (text) => {
    expect(() => parseAllowList(text)).toThrow('expected ADDRESS or ADDRESS/PREFIX');
  });
});
