// Completion scripts, fed to the shells they are for.
import { describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import { COMMANDS } from '../../src/cli/command-table.js';
import { renderCompletion } from '../../src/cli/render-completion.js';
import { needs } from '../support/needs.js';

/** Words that bash offers for the last of `words`. */
async function completeInBash(...words: string[]): Promise<string[]> {
  const script = `${renderCompletion('bash', COMMANDS)}
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _isodrive; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await mustRun('bash', ['-c', script, 'bash', 'isodrive', ...words], { cwd: '/' });
  return stdout.toString().trim().split('\n').sort();
}

describe('Completion', () => {
  it('offers commands, commands of a group, options, choices and files in bash', async () => {
    expect(await completeInBash('un')).toEqual(['unmount']);
    expect(await completeInBash('daemon', '')).toEqual(['logs', 'run', 'start', 'stop', 'upgrade']);
    expect(await completeInBash('daemon', 'logs', '--f')).toEqual(['--follow']);
    expect(await completeInBash('mount', 'x.iso', '--a')).toEqual(['--allow-other', '--associated', '--at']);
    expect(await completeInBash('umount', '--a')).toEqual(['--all']);
    expect(await completeInBash('ls', '--hash', 's')).toEqual(['sha1', 'sha256', 'sha512']);
    expect(await completeInBash('ls', '--hash', 'md5,s')).toEqual(['md5,sha1', 'md5,sha256', 'md5,sha512']);
    expect(await completeInBash('checksum', '--hash', 'md5,sha1,b')).toEqual(['md5,sha1,blake2b']);
    expect(await completeInBash('create', '--h')).toEqual(['--hash', '--help']);
    expect(await completeInBash('cat', '--')).not.toContain('--json');
    expect(await completeInBash('mount', '--tree', 'j')).toEqual(['joliet']);
    expect(await completeInBash('completion', '')).toEqual(['bash', 'fish', 'zsh']);
    expect(await completeInBash('mount', '/et')).toEqual(['/etc']);
  });

  it('is understood by zsh', needs('zsh'), async () => {
    await mustRun('zsh', ['-n', '-c', renderCompletion('zsh', COMMANDS)]);
  });

  it('offers commands and options in fish', needs('fish'), async () => {
    const ask = async (line: string): Promise<string> => {
      const script = `${renderCompletion('fish', COMMANDS)}\ncomplete -C '${line}'`;
      return (await mustRun('fish', ['-c', script])).stdout.toString();
    };
    expect(await ask('isodrive un')).toContain('unmount');
    expect(await ask('isodrive mount --tree j')).toContain('joliet');
    expect(await ask('isodrive ls --hash s')).toContain('sha256');
    expect(await ask('isodrive ls --hash md5,s')).toContain('md5,sha256');
    expect(await ask('isodrive checksum --hash md5,sha1,b')).toContain('md5,sha1,blake2b');
  });
});
