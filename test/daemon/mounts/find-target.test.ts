// Which mount a user means, by names alone.
import { describe, expect, it } from 'vitest';
import { findTarget } from '../../../daemon/mounts/find-target.js';
import type { MountNames } from '../../../daemon/mounts/find-target.js';

const outer: MountNames = { id: '0a0a0a0a', directory: '/mnt/a', path: '/img/a.iso', label: 'A' };
const inner: MountNames = { id: '0b0b0b0b', directory: '/mnt/a/b', path: '/img/b.iso', label: 'B' };
const drive: MountNames = { id: '0c0c0c0c', directory: 'E:\\', path: 'C:\\c.iso', label: 'C' };
const find = (name: string, ...paths: string[]): MountNames =>
  findTarget([outer, inner, drive], { name, paths }, (mount) => mount);

describe('A mount', () => {
  it.each([
    ['0a', '/cwd/0a', outer],
    ['B', '/cwd/B', inner],
    ['/img/b.iso', '/img/b.iso', inner],
    ['/mnt/a', '/mnt/a', outer],
  ])('is meant by what it is called: %s', (name, path, expected) => {
    expect(find(name, path)).toBe(expected);
  });

  it.each([
    ['/mnt/a/boot/grub', '/mnt/a/boot/grub', outer],
    ['/mnt/a/b/c', '/mnt/a/b/c', inner],
    ['..', '/mnt/a/x', outer],
    ['.', '/mnt/a/b/c', inner],
    ['E:\\setup', 'E:\\setup', drive],
  ])('is meant by a path in it: %s', (name, path, expected) => {
    expect(find(name, path)).toBe(expected);
  });

  it.each([
    // Somebody who stands in a mount and mistypes a label does not mean the mount.
    ['Lable', '/mnt/a/Lable'],
    ['/mnt/ab', '/mnt/ab'],
    ['/mnt', '/mnt'],
    ['/', '/'],
  ])('is not meant by %s', (name, path) => {
    expect(() => find(name, path)).toThrow(expect.objectContaining({ code: 'no-such-mount' }) as Error);
  });
});
