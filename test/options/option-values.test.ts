// Whether two sets of option values ask for the same.
import { describe, expect, it } from 'vitest';
import { comparedOptions } from '../../src/options/mount-options.js';
import { isSame } from '../../src/options/option-values.js';
import type { Compared } from '../../src/options/option-values.js';

const isSameMount = (compared: Compared): boolean => isSame(comparedOptions(), compared);

describe('A mount is the one that is asked for', () => {
  it('when all is as by default, however that is said', () => {
    const asked = { tree: 'auto', driver: 'auto', sectorOffset: 0, associated: false, verify: false };
    expect(isSameMount({ asked, wanted: {} })).toBe(true);
    expect(isSameMount({ asked: {}, wanted: asked })).toBe(true);
  });

  it('when it shows by itself what is asked for by name, and not the other way about', () => {
    const shown = { tree: 'joliet', driver: 'fuse', session: 2 };
    const usual = { session: 2 };
    const asked = { tree: 'joliet', driver: 'fuse', session: 2 };
    expect(isSameMount({ asked, wanted: {}, shown, usual })).toBe(true);
    expect(isSameMount({ asked: {}, wanted: { session: 2 }, shown, usual })).toBe(true);
    expect(isSameMount({ asked: {}, wanted: { tree: 'joliet' }, shown, usual })).toBe(false);
    expect(isSameMount({ asked: { session: 1 }, wanted: {}, shown, usual })).toBe(false);
    expect(isSameMount({ asked: {}, wanted: { session: 1 }, shown: { session: 1 }, usual })).toBe(false);
  });

  it('when its charset differs only in case, and its map in nothing', () => {
    expect(isSameMount({ asked: { charset: 'KOI8-R' }, wanted: { charset: 'koi8-r' } })).toBe(true);
    expect(isSameMount({ asked: { map: '/A' }, wanted: { map: '/a' } })).toBe(false);
  });

  it.each([{ associated: true }, { verify: true }, { wine: true }, { sectorOffset: 1 }, { map: '/a' }])(
    'never when it differs in %o',
    (asked) => {
      expect(isSameMount({ asked, wanted: {} })).toBe(false);
      expect(isSameMount({ asked: {}, wanted: asked })).toBe(false);
    },
  );

  it('whatever is about the call, or about who may enter', () => {
    const asked = { new: true, allowOther: true, directory: '/mnt', traceFuse: true };
    expect(isSameMount({ asked, wanted: {} })).toBe(true);
  });
});
