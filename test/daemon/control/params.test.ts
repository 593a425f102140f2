// Parameters of the control socket: what the daemon takes and what it refuses.
import { describe, expect, it } from 'vitest';
import { isMethod, parseParams } from '../../../daemon/control/params.js';

describe('Parameters from a client', () => {
  it('pass when they are right, without fields that this daemon does not know', () => {
    expect(parseParams('mount', { image: '/a.iso', tree: 'joliet', future: 1 })).toEqual({
      image: '/a.iso',
      tree: 'joliet',
    });
    expect(parseParams('list', undefined)).toEqual({});
  });

  it.each([
    ['mount', {}, 'image'],
    ['mount', { image: 'relative.iso' }, 'image'],
    ['mount', { image: '/a\0b' }, 'image'],
    ['mount', { image: `/${'x'.repeat(4095)}` }, 'image'],
    ['mount', { image: '/a', tree: 'ntfs' }, 'tree'],
    ['mount', { image: '/a', new: 'yes' }, 'new'],
    ['mount', { image: '/a', session: 0 }, 'session'],
    ['mount', { image: '/a', sectorOffset: 2 ** 32 }, 'sectorOffset'],
    ['mount', { image: '/a', charset: '' }, 'charset'],
    ['mount', { image: '/a', associated: 1 }, 'associated'],
    ['mount', { image: '/a', directory: '' }, 'directory'],
    ['unmount', { targets: [{ name: '', paths: [] }] }, 'targets.0.name'],
    ['unmount', { targets: Array(1025).fill({ name: 'a', paths: [] }) }, 'targets'],
    ['list', [1], 'params'],
  ] as const)('are refused with the name of the field: %s %#', (method, params, field) => {
    expect(() => parseParams(method, params)).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: expect.stringContaining(`Parameter "${field}"`) as string,
      }) as Error,
    );
  });

  it('belong to methods, which names of the prototype are not', () => {
    expect(isMethod('mount')).toBe(true);
    expect(isMethod('toString')).toBe(false);
  });
});
