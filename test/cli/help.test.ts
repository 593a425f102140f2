// Help texts: what is in them, and how they are laid out.
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { listCommandGroups } from '../../src/cli/command-groups.js';
import { exampleLines } from '../../src/cli/command-examples.js';
import { COMMANDS } from '../../src/cli/command-table.js';
import { describeTopic, findTopic } from '../../src/cli/help-topic.js';
import { parseCommand } from '../../src/cli/parse-command.js';
import { renderHelp } from '../../src/cli/render-help.js';
import { terminalWidth } from '../../src/cli/terminal-width.js';

const help = (line: string, columns = 80): Promise<string> =>
  renderHelp(findTopic(line === '' ? [] : line.split(' '), COMMANDS), COMMANDS, columns);

describe('Help', () => {
  it('tells of every command all that it takes, with two examples that can be typed', async () => {
    for (const { name, summary, options, common, positionals, aliases = [] } of COMMANDS) {
      const text = (await help(name)).replace(/\s+/gu, ' ');
      expect(text).toContain(summary);
      for (const option of [...options, ...common]) {
        expect(text).toContain(` --${option.name}${option.value === undefined ? '' : ` ${option.value}`} `);
      }
      for (const positional of positionals) expect(text).toContain(positional.summary);
      for (const alias of aliases) expect(text).toContain(`${alias} is the same as ${name}`);
      const examples = exampleLines(name);
      expect(examples.length).toBeGreaterThanOrEqual(2);
      for (const [line] of examples) {
        expect(text).toContain(line);
        if (!line.startsWith('eval ')) expect(() => parseCommand(splitWords(line).slice(1))).not.toThrow();
      }
    }
  });

  it('is as wide as the terminal, and breaks no word', async () => {
    for (const columns of [64, 80, 132]) {
      for (const topic of ['', 'daemon', ...COMMANDS.map(({ name }) => name)]) {
        // What is to be typed is never broken.
        const lines = (await help(topic, columns))
          .split('\n')
          .filter((line) => !/^ {2}(isodrive|eval) /u.test(line));
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
      }
    }
    expect((await help('mount', 132)).split('\n').length).toBeLessThan(
      (await help('mount')).split('\n').length,
    );
  });

  it('has own options before those of views, and common ones last', async () => {
    const text = await help('mount');
    const order = ['--driver NAME', '--tree KIND', '--json', 'Examples:'].map((part) => text.indexOf(part));
    expect(order).not.toContain(-1);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  it('says what holds without an option, and where one works only elsewhere', async () => {
    expect(await help('create')).toContain('(default: 3)');
    expect(await help('mount')).toMatch(/On Windows only:\n +--letter LETTER /u);
  });

  it('offers options of the daemon only where one is talked to', async () => {
    expect(await help('ls')).not.toMatch(/--socket|--system/u);
    expect(await help('drives')).toMatch(/--socket/u);
    expect(await help('status')).toMatch(/--system/u);
  });

  it('lists all commands with their other names, and the exit codes', async () => {
    const text = await help('');
    for (const { name } of COMMANDS) expect(text).toContain(`  ${name} `);
    expect(text).toMatch(/unmount .*\[aliases: umount\]/u);
    expect(text).toMatch(/Exit codes:\n +0 +all went well/u);
    for (const { name, commands } of listCommandGroups(COMMANDS)) {
      const page = await help(name);
      for (const word of commands.keys()) expect(page).toContain(`  ${name} ${word} `);
      expect(exampleLines(name).length).toBeGreaterThanOrEqual(2);
    }
  });

  it('is there as data', () => {
    expect(describeTopic(findTopic(['umount'], COMMANDS), COMMANDS)).toMatchObject({
      name: 'unmount',
      aliases: ['umount'],
      usage: 'isodrive unmount [OPTION]... [TARGET...]',
      options: expect.arrayContaining([expect.objectContaining({ name: 'all', short: 'a' })]) as object,
    });
    expect(describeTopic(undefined, COMMANDS)).toHaveProperty(
      ['commands', COMMANDS.length - 1, 'name'],
      'version',
    );
  });

  it('refuses what is no command', () => {
    expect(() => findTopic(['mont'], COMMANDS)).toThrow('Unknown command "mont"');
    expect(() => findTopic(['mount', 'x'], COMMANDS)).toThrow('Argument "x" is one too many');
  });
});

/** As a shell does, quotes for a whole word or a part of one; redirections and pipes are left out. */
function splitWords(line: string): string[] {
  const command = line.replace(/ (\||>).*$/u, '');
  return [...command.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/gu)].map(([word]) =>
    word.replaceAll(/['"]/gu, ''),
  );
}

describe('The width of a text', () => {
  it('is that of the terminal, of the environment, or 80', () => {
    const stream = new Writable();
    expect(terminalWidth(stream, {})).toBe(80);
    expect(terminalWidth(stream, { COLUMNS: '' })).toBe(80);
    expect(terminalWidth(stream, { COLUMNS: '120' })).toBe(120);
    expect(terminalWidth(Object.assign(stream, { columns: 100 }), { COLUMNS: '120' })).toBe(100);
    expect(terminalWidth(Object.assign(stream, { columns: 0 }), {})).toBe(80);
  });
});
