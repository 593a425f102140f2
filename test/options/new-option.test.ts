// A new option is one entry of a table: everything that knows options is derived from it.
import { describe, expect, it } from 'vitest';
import { createMountSchema } from '../../daemon/control/params.js';
import { createRecordSchema, encodeRecord } from '../../daemon/takeover/journal.js';
import { refuseOptions } from '../../daemon/windows/refuse-options.js';
import { createCommands } from '../../src/cli/command-table.js';
import { describeTopic, findTopic } from '../../src/cli/help-topic.js';
import { parseCommand } from '../../src/cli/parse-command.js';
import { renderCompletion } from '../../src/cli/render-completion.js';
import { renderHelp } from '../../src/cli/render-help.js';
import { MOUNT_OPTIONS, comparedOptions, shownOptions } from '../../src/options/mount-options.js';
import type { WantedValues } from '../../src/options/mount-options.js';
import type { OptionTable } from '../../src/options/option-spec.js';
import { isSame, pickValues } from '../../src/options/option-values.js';
import { readFlags } from '../../src/options/read-flags.js';
import { VIEW_OPTIONS } from '../../src/options/view-options.js';
import { MOUNT_RECORD_SAMPLE } from '../support/builders/mount-record.js';

const view = {
  ...VIEW_OPTIONS,
  colour: {
    name: 'colour',
    type: 'string',
    value: 'NAME',
    choices: ['red', 'blue'],
    summary: 'Which colour',
  },
  depth: { name: 'depth', type: 'string', value: 'N', range: [1, 9], usual: 3, summary: 'How deep' },
} as const satisfies OptionTable;
const mount = {
  ...MOUNT_OPTIONS,
  quiet: { name: 'quiet', type: 'boolean', summary: 'Say nothing of it' },
} as const satisfies OptionTable;
const tables = { view, mount };
const commands = createCommands(tables);

describe('An option that is added to the table', () => {
  it.each(['mount', 'ls', 'run', 'info', 'verify', 'checksum', 'extract'])(
    'is in the help of %s',
    async (name) => {
      const text = await renderHelp(findTopic([name], commands), commands, 120);
      const [, section = ''] = text.split('Which view of the image:');
      expect(section).toMatch(/--colour NAME +Which colour; one of red, blue/u);
      expect(section).toMatch(/--depth N +How deep/u);
      expect(/--quiet +Say nothing of it/u.test(text)).toBe(name === 'mount');
    },
  );

  it('is in the help as JSON, which tells what users know of it alone', () => {
    const { options } = describeTopic(findTopic(['mount'], commands), commands) as { options: object[] };
    expect(options).toContainEqual({
      ...{ name: 'depth', value: 'N', range: [1, 9], summary: 'How deep', takesValue: true },
    });
    const fields = new Set(options.flatMap((option) => Object.keys(option)));
    for (const own of ['isPath', 'pattern', 'isShown', 'isView', 'usual']) expect(fields).not.toContain(own);
  });

  it('is offered by the shells', () => {
    expect(renderCompletion('bash', commands)).toContain('--colour) COMPREPLY=($(compgen -W "red blue"');
    expect(renderCompletion('zsh', commands)).toContain('--quiet');
    expect(renderCompletion('fish', commands)).toContain(`-l colour -r -f -a 'red blue' -d 'Which colour'`);
  });

  it('is read from a command line, which is told what is wrong with it', () => {
    const { args } = parseCommand(['ls', 'a.iso', '--colour=blue', '--depth', '7'], commands);
    expect(readFlags(view, args)).toMatchObject({ colour: 'blue', depth: 7, associated: false });
    expect(() => parseCommand(['ls', 'a.iso', '--colour', 'bleu'], commands)).toThrow(
      'Option --colour is "bleu", expected one of red, blue',
    );
    expect(() => parseCommand(['ls', 'a.iso', '--depth', '10'], commands)).toThrow(
      'Option --depth is "10", expected a number from 1 to 9',
    );
  });

  it('is checked where it comes over the socket', () => {
    const schema = createMountSchema(tables);
    const params = { image: '/a.iso', colour: 'red', depth: 9, quiet: true };
    expect(schema.parse(params)).toEqual(params);
    for (const wrong of [{ colour: 'bleu' }, { depth: 10 }, { depth: 1.5 }, { quiet: 'yes' }]) {
      const { error } = schema.safeParse({ image: '/a.iso', ...wrong });
      expect(error?.issues[0]?.path).toEqual(Object.keys(wrong));
    }
  });

  it('is in the request to the reader where files differ by it', () => {
    const params = { image: '/a.iso', directory: '/mnt', colour: 'red', verify: true, quiet: true };
    expect(pickValues(shownOptions(tables), params)).toEqual({ colour: 'red', verify: true });
  });

  it('is in the journal, and comes back from it', () => {
    const wanted = { tree: 'joliet', colour: 'blue', depth: 2, quiet: true } as WantedValues;
    const entry: unknown = JSON.parse(JSON.stringify(encodeRecord({ ...MOUNT_RECORD_SAMPLE, wanted })));
    const { data } = createRecordSchema(tables).safeParse(entry);
    expect(data?.wanted).toMatchObject(wanted);
  });

  it('makes another mount of the same image where files differ by it', () => {
    const table = comparedOptions(tables);
    const same = (asked: object, wanted: object): boolean => isSame(table, { asked, wanted });
    expect(same({ colour: 'red' }, { colour: 'red' })).toBe(true);
    expect(same({ colour: 'red' }, { colour: 'blue' })).toBe(false);
    expect(same({}, { depth: 3 })).toBe(true);
    expect(same({ depth: 4 }, {})).toBe(false);
    expect(same({ quiet: true }, { quiet: false })).toBe(true);
  });

  it('is refused where the system makes the mount', () => {
    expect(() => refuseOptions({ image: 'a.iso', colour: 'red' } as never, tables)).toThrow('Found --colour');
    expect(() => refuseOptions({ image: 'a.iso', letter: 'X' }, tables)).not.toThrow();
    expect(() => refuseOptions({ image: 'a.iso', bound: true }, tables)).toThrow(
      'Found a mount for one command',
    );
  });

  it('is no wish with its default, where that is one of its choices', () => {
    const usual = { image: 'a.iso', tree: 'auto', xa: 'cooked', trackNames: 'number' } as const;
    expect(() => refuseOptions(usual)).not.toThrow();
    expect(() => refuseOptions({ ...usual, xa: 'riff' })).toThrow('Found --xa');
  });
});
