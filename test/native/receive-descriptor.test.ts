// The descriptor that fusermount passes, and whatever else may come with it.
import { closeSync, openSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tryToLoadAddon } from '../../src/io/load-addon.js';
import { needs } from '../support/needs.js';

const addon = tryToLoadAddon();

describe('receiveDescriptor', needs({ what: 'the addon', isThere: addon !== undefined }), () => {
  it('takes one descriptor, and closes all where more of them come', () => {
    const file = openSync('/dev/null', 'r');
    const [ours, theirs] = addon!.createSocketPair();
    const count = (): number => readdirSync('/proc/self/fd').length;
    try {
      addon!.sendDescriptors(ours, new Uint8Array(1), [file]);
      closeSync(addon!.receiveDescriptor(theirs));
      const before = count();
      addon!.sendDescriptors(ours, new Uint8Array(1), [file, file]);
      expect(() => addon!.receiveDescriptor(theirs)).toThrow();
      expect(count()).toBe(before);
    } finally {
      for (const fd of [file, ours, theirs]) closeSync(fd);
    }
  });
});
