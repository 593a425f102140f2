// The mount table.
import { describe, expect, it } from 'vitest';
import { findMount, parseMountTable, readMountTable } from '../../src/mount/mount-table.js';

describe('parseMountTable', () => {
  it('undoes the octal escapes of directory and source, and keeps bytes that are not UTF-8', () => {
    const line =
      '43 27 0:40 / /tmp/a\\040b\\011c\\012d\\134e\\043\xff ro,nosuid shared:1 master:2 - fuse.isodrive /x\\040y.iso ro,user_id=0\n';
    const [entry] = parseMountTable(Buffer.from(line, 'latin1'));
    expect(entry).toEqual({
      id: 43,
      parentId: 27,
      device: '0:40',
      directory: '/tmp/a b\tc\nd\\e#\udcff',
      type: 'fuse.isodrive',
      source: '/x y.iso',
      options: ['ro', 'nosuid'],
    });
  });

  it('takes lines without optional fields and leaves out what is no line of it', () => {
    const text = '1 0 8:1 / / rw - ext4 /dev/sda1 rw\n\ngarbage\n2 1 0:4 / /proc rw proc proc rw\n';
    expect(parseMountTable(Buffer.from(text)).map(({ directory }) => directory)).toEqual(['/']);
  });

  it('does not take an escaped backslash and digits for an escape', () => {
    const text = '1 0 8:1 / /a\\134040b rw - ext4 x rw\n';
    expect(parseMountTable(Buffer.from(text))[0]?.directory).toBe('/a\\040b');
  });
});

describe('findMount', () => {
  it('gives the mount on top', () => {
    const lines = [
      '1 0 8:1 / /m rw - ext4 below rw',
      '2 1 8:2 / /m rw - ext4 above rw',
      '3 0 8:3 / /n rw - ext4 n rw',
    ];
    expect(findMount(parseMountTable(Buffer.from(lines.join('\n'))), '/m')?.source).toBe('above');
    expect(findMount([], '/m')).toBeUndefined();
  });

  it('finds the mounts of this machine', () => {
    expect(findMount(readMountTable(), '/proc')).toMatchObject({ type: 'proc' });
  });
});
