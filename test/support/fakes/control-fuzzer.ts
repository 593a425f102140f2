// Sends a control socket what no honest client sends, known by a seed: broken lines and JSON, calls with parameters and
// descriptors that do not fit, lines without end, half-open connections, answers that nobody reads.
import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';
import { loadAddon } from '../../../native/index.js';
import { PseudoRandom } from '../../../scripts/support/pseudo-random.js';
import { openDirectory } from '../../../src/mount/open-directory.js';
import { descriptorOf } from '../../../src/endpoint/socket-descriptor.js';

/** Messages on one connection at most; many end sooner, as the service hangs up. */
const PER_CONNECTION = 60;
const WORDS = [
  'mount',
  'unmount',
  'list',
  'status',
  'watch',
  'version',
  'shutdown',
  'upgrade',
  'cancel',
  'x',
];

export interface FuzzTarget {
  /** A connection of the user who attacks. */
  readonly connect: () => Socket;
  /** An image that they can read, and a directory of theirs. */
  readonly image: string;
  readonly directory: string;
}

export class ControlFuzzer implements Disposable {
  readonly #target: FuzzTarget;
  readonly #random: PseudoRandom;
  readonly #word = new Uint32Array(1);
  /** Some of everything that a process can have open. */
  readonly #descriptors: readonly number[];
  readonly #pair: readonly [number, number];
  sent = 0;

  constructor(target: FuzzTarget, seed: number) {
    this.#target = target;
    this.#random = new PseudoRandom(seed);
    this.#pair = loadAddon().createSocketPair();
    this.#descriptors = [
      openSync(target.image, 'r'),
      openDirectory(target.directory),
      openSync(target.directory, 'r'),
      openSync('/dev/null', 'r+'),
      openSync('/dev/zero', 'r'),
      openSync('/proc/self/maps', 'r'),
      openDirectory('/proc/self'),
      openDirectory('/'),
      ...this.#pair,
    ];
  }

  /** Sends so many messages, over one connection after another. */
  async run(messages: number): Promise<void> {
    const end = this.sent + messages;
    while (this.sent < end) await this.#useConnection(Math.min(PER_CONNECTION, end - this.sent));
  }

  async #useConnection(messages: number): Promise<void> {
    const socket = this.#target.connect();
    socket.on('error', () => undefined);
    // One in eight never reads what it is answered.
    if (this.#below(8) > 0) socket.resume();
    await new Promise((resolve) => {
      socket.once('connect', resolve);
      socket.once('close', resolve);
    });
    for (let i = 0; i < messages && !socket.destroyed; i += 1) {
      this.sent += 1;
      await this.#sendOne(socket);
      if (this.#below(4) === 0) await new Promise(setImmediate);
    }
    // The service has hung up.
    if (socket.destroyed) return;
    // Gone in the middle, half-closed, or properly ended.
    if (this.#below(3) === 0) socket.destroy();
    else {
      socket.end();
      await Promise.race([
        new Promise((resolve) => socket.once('close', resolve)),
        new Promise((resolve) => setTimeout(resolve, 50)),
      ]);
      socket.destroy();
    }
  }

  async #sendOne(socket: Socket): Promise<void> {
    const line = this.#message();
    // Rarely as many as a message may have, or more.
    const count = this.#below(16) === 0 ? 90 + this.#below(39) : this.#below(5);
    if (count > 0 && this.#below(2) === 0 && socket.writableLength === 0) {
      const chosen = Array.from({ length: count }, () => this.#pick(this.#descriptors));
      try {
        const sent = loadAddon().sendDescriptors(descriptorOf(socket), line, chosen);
        if (sent < line.length) socket.write(line.subarray(sent));
        return;
      } catch {
        // Full, or gone: it goes without them.
      }
    }
    if (!socket.write(line)) {
      await Promise.race([
        new Promise((resolve) => socket.once('drain', resolve)),
        new Promise((resolve) => socket.once('close', resolve)),
        new Promise((resolve) => setTimeout(resolve, 20)),
      ]);
    }
  }

  #message(): Buffer {
    const call = Buffer.from(`${JSON.stringify(this.#call())}\n`);
    switch (this.#below(12)) {
      case 0:
        return this.#garble(call);
      case 1:
        return Buffer.concat([this.#bytes(1 + this.#below(300)), Buffer.from('\n')]);
      case 2:
        return Buffer.from(`${'['.repeat(1 + this.#below(5000))}\n`);
      case 3:
        return Buffer.from(`GET /${this.#pick(['metrics', '', '../..', 'x'.repeat(3000)])} HTTP/1.1\r\n\r\n`);
      case 4:
        // Without an end; rarely beyond what is taken.
        return this.#below(40) === 0 ? Buffer.alloc(70_000, 0x61) : Buffer.from('{"jsonrpc":');
      case 5:
        return Buffer.from(`${this.#pick(['null', '[]', '""', '0', '{}', '{"__proto__":{"a":1}}'])}\n`);
      default:
        return call;
    }
  }

  #call(): object {
    const method = this.#pick(WORDS);
    const id = this.#pick<unknown>([1, 2, 'a', null, undefined, -1, 1e308, {}, [], 'x'.repeat(500)]);
    return { jsonrpc: this.#below(20) === 0 ? '1.0' : '2.0', id, method, params: this.#params(method) };
  }

  #params(method: string): unknown {
    if (this.#below(6) === 0) return this.#pick<unknown>([null, 5, 'x', [1], { constructor: 1 }, { id: {} }]);
    const { image, directory } = this.#target;
    if (method === 'mount') {
      return {
        image: this.#pick([image, '/etc/shadow', '/', 'relative', '', `/${'x'.repeat(5000)}`, '/a\0b']),
        directory: this.#pick([directory, '/etc', undefined]),
        descriptors: this.#pick<unknown>([
          ['image', 'directory'],
          ['image', 'directory'],
          ['directory', 'image'],
          ['image', 'directory', 'map'],
          ['image', 'image'],
          ['map'],
          [],
          'image',
          undefined,
          ['image', 'directory', 'map', 'image', 'x'],
        ]),
        beside: this.#pick<unknown>([
          undefined,
          undefined,
          [],
          ['disc.iso.002'],
          ['a', 'a'],
          ['../a', 5],
          Array.from({ length: 99 }, (_, i) => `part ${i}`),
          Array.from({ length: 100 }, (_, i) => `part ${i}`),
          'x',
        ]),
        driver: this.#pick([undefined, 'auto', 'fuse', 'erofs', 'x']),
        allowOther: this.#pick<unknown>([undefined, true, 'x']),
        new: this.#pick([undefined, true]),
        tree: this.#pick([undefined, 'auto', 'udf', 'x']),
      };
    }
    if (method === 'unmount') {
      return this.#pick<unknown>([
        { all: true, lazy: true },
        { targets: [{ name: '0', paths: [] }] },
        { targets: Array.from({ length: 500 }, () => ({ name: 'x', paths: ['/'] })) },
        { targets: 'x' },
      ]);
    }
    return this.#pick<unknown>([{}, undefined, { id: 1 }]);
  }

  #garble(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes);
    for (let i = 0; i <= this.#below(4); i += 1) copy[this.#below(copy.length)] = this.#below(256);
    return copy;
  }

  #bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.#below(256)));
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)]!;
  }

  #below(limit: number): number {
    this.#random.fill(this.#word);
    return this.#word[0]! % limit;
  }

  [Symbol.dispose](): void {
    this.#descriptors.forEach((descriptor) => closeSync(descriptor));
  }
}
