// The options that say which view of an image is wanted.
import { describe, expect, it } from 'vitest';
import { MAX_SECTOR_OFFSET } from '../../src/disc/data-stream.js';
import { parseCommand } from '../../src/cli/parse-command.js';
import { readViewOptions } from '../../src/cli/view-options.js';
import { flagsOf } from '../../src/options/read-flags.js';
import { VIEW_OPTIONS } from '../../src/options/view-options.js';

function read(line: string) {
  return readViewOptions(parseCommand(line.split(' ')).args);
}

describe('The options of a view', () => {
  it('are the same for every command that looks into an image', () => {
    for (const command of ['mount', 'info', 'ls', 'tree', 'cat', 'extract']) {
      const { spec } = parseCommand([command, 'disc.iso', ...(command === 'cat' ? ['/a'] : [])]);
      const names = spec.options.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(flagsOf(VIEW_OPTIONS).map(({ name }) => name)));
    }
  });

  it('say what is wanted', () => {
    expect(read('ls disc.iso')).toEqual({
      tree: 'auto',
      session: undefined,
      sectorOffset: undefined,
      charset: undefined,
      xa: 'cooked',
      trackNames: 'number',
      associated: false,
    });
    const line = `ls disc.iso --tree joliet --session 3 --sector-offset ${MAX_SECTOR_OFFSET} --charset big5 --associated`;
    expect(read(line)).toEqual({
      tree: 'joliet',
      session: 3,
      sectorOffset: MAX_SECTOR_OFFSET,
      charset: 'big5',
      xa: 'cooked',
      trackNames: 'number',
      associated: true,
    });
  });

  it.each([
    '--session=0',
    '--session=x',
    '--session=1.5',
    '--sector-offset=-1',
    '--sector-offset=4294967296',
  ])('refuse a number that is none: %s', (option) => {
    expect(() => read(`ls disc.iso ${option}`)).toThrow('expected a number from');
  });
});
