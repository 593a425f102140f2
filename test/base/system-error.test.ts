// Errors of system calls in words.
import { describe, expect, it } from 'vitest';
import { IsodriveError } from '../../src/base/error.js';
import { explainFileError, explainSystemError, isFull } from '../../src/base/system-error.js';

function systemError(code: string, path?: string): Error {
  return Object.assign(new Error(`${code}: whatever`), { code, path });
}

describe('explainSystemError', () => {
  it.each([
    ['ENOSPC', 'no space left on device', 'partial', 11],
    ['EDQUOT', 'disk quota exceeded', 'partial', 11],
    ['EACCES', 'permission denied', 'permission', 6],
    ['EROFS', 'read-only file system', 'permission', 6],
    ['ENAMETOOLONG', 'name too long', 'usage', 2],
    ['ELOOP', 'too many levels of symbolic links', 'usage', 2],
    ['ENOTDIR', 'a part of the path is no folder', 'usage', 2],
    ['EISDIR', 'it is a folder', 'usage', 2],
    ['EMFILE', 'too many open files', 'partial', 11],
    ['EXFULL', 'EXFULL', 'partial', 11],
  ])('words %s', (errno, words, code, exit) => {
    const error = explainSystemError('Cannot write "/x"', systemError(errno));
    expect(error).toMatchObject({ message: `Cannot write "/x": ${words}`, code });
    expect((error as IsodriveError).kind.exit).toBe(exit);
    expect((error as IsodriveError).action).not.toBe('');
  });

  it('gives what is no error of a system call back as it is', () => {
    const ours = new IsodriveError('damaged', 'Found damage');
    expect(explainSystemError('Cannot write', ours)).toBe(ours);
    const defect = new TypeError('undefined is no function');
    expect(explainSystemError('Cannot write', defect)).toBe(defect);
  });
});

describe('explainFileError', () => {
  it('names the path', () => {
    expect(explainFileError(systemError('ELOOP', '/a/b'))).toMatchObject({
      message: 'Cannot use "/a/b": too many levels of symbolic links',
    });
  });

  it('leaves a defect a defect', () => {
    for (const error of [systemError('EINVAL', '/a'), systemError('ENOENT')]) {
      expect(explainFileError(error)).toBe(error);
    }
  });
});

it('knows a full disk', () => {
  expect(isFull(systemError('ENOSPC'))).toBe(true);
  expect(isFull(systemError('EACCES'))).toBe(false);
});
