// Which descriptor of /dev/fuse is libfuse's, while others come and go.
import { closeSync, constants, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../native/index.js';
import { FUSE_DEVICE, FUSE_DEVICE_FLAGS } from '../../../src/mount/probe-platform.js';
import {
  findNewDescriptor,
  isLibfuseDescriptor,
  listLibfuseDescriptors,
} from '../../../src/mount/fuse-native/libfuse-descriptors.js';

/** As libfuse opens it. */
const openAsLibfuse = (): number => openSync(FUSE_DEVICE, constants.O_RDWR);

describe('a descriptor of libfuse', () => {
  it('is one of /dev/fuse that is not marked as ours', () => {
    const theirs = openAsLibfuse();
    const ours = openSync(FUSE_DEVICE, FUSE_DEVICE_FLAGS);
    const received = openAsLibfuse();
    const other = openSync('/dev/null', constants.O_RDWR);
    loadAddon().markDescriptor(received);
    const copy = loadAddon().duplicateDescriptor(received);
    expect([theirs, ours, received, copy, other].map(isLibfuseDescriptor)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
    for (const descriptor of [theirs, ours, received, copy, other]) closeSync(descriptor);
    expect(isLibfuseDescriptor(theirs)).toBe(false);
  });

  it('is found when it gets the number of a session of ours that ends meanwhile', () => {
    const ours = openSync(FUSE_DEVICE, FUSE_DEVICE_FLAGS);
    const before = listLibfuseDescriptors();
    closeSync(ours);
    const theirs = openAsLibfuse();
    expect(theirs).toBe(ours);
    expect(findNewDescriptor(before, () => false)).toBe(theirs);
    closeSync(theirs);
  });

  it('is found when it gets the number of a mount of libfuse that ends meanwhile', () => {
    const lasting = openAsLibfuse();
    const ended = openAsLibfuse();
    const before = listLibfuseDescriptors();
    closeSync(ended);
    const theirs = openAsLibfuse();
    expect(theirs).toBe(ended);
    expect(findNewDescriptor(before, (descriptor) => descriptor === ended)).toBe(theirs);
    closeSync(lasting);
    closeSync(theirs);
  });
});
