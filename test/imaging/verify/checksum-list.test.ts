// Lists of checksums in every form that the programs write, and names that none of them means.
import { describe, expect, it } from 'vitest';
import { formatChecksumLine, parseChecksumList } from '../../../src/imaging/verify/checksum-list.js';
import { kindWord, listScope } from '../../../src/imaging/verify/list-names.js';

const MD5 = 'd41d8cd98f00b204e9800998ecf8427e';
const SHA512 = 'ab'.repeat(64);

/** Names of the result as text of Latin-1. */
const parse = (text: string, list = 'SUMS'): object[] =>
  parseChecksumList(Buffer.from(text, 'latin1'), kindWord(list)).map(({ name, digest, algorithms }) => ({
    name: name && Buffer.from(name).toString('latin1'),
    digest,
    algorithms,
  }));

describe('A list of checksums', () => {
  it.each([
    ['text mode', `${MD5}  ./a b`, './a b', 'md5', MD5],
    ['binary mode', `${MD5} *a`, 'a', 'md5', MD5],
    ['upper case and CRLF', `${MD5.toUpperCase()}  a\r`, 'a', 'md5', MD5],
    ['BSD', `MD5 (a (1)) = ${MD5}`, 'a (1)', 'md5', MD5],
    ['BSD with a dash', `SHA-512 (a)= ${SHA512}`, 'a', 'sha512', SHA512],
    ['BLAKE2b', `BLAKE2b (a) = ${SHA512}`, 'a', 'blake2b', SHA512],
    ['escapes', `\\${MD5}  a\\nb\\\\c`, 'a\nb\\c', 'md5', MD5],
  ])('is read: %s', (_, line, name, algorithm, digest) => {
    expect(parse(`# a comment\n${line}\n`)).toEqual([{ name, digest, algorithms: [algorithm] }]);
  });

  it('may be a digest that stands alone', () => {
    expect(parse(`${MD5}\n`, 'x.md5')).toEqual([{ name: undefined, digest: MD5, algorithms: ['md5'] }]);
  });

  it('takes 128 digits for what its name says', () => {
    expect(parse(`${SHA512}  a`, 'SHA512SUMS')).toMatchObject([{ algorithms: ['sha512'] }]);
    expect(parse(`${SHA512}  a`, 'B2SUMS')).toMatchObject([{ algorithms: ['blake2b'] }]);
  });

  it('counts only what was signed of a clear-signed message', () => {
    const evil = `${'00'.repeat(16)}  a`;
    const text = [
      '-----BEGIN PGP SIGNED MESSAGE-----',
      'Hash: SHA256',
      '',
      `${MD5}  a`,
      '-----BEGIN PGP SIGNATURE-----',
      'abc',
      '-----END PGP SIGNATURE-----',
      evil,
    ].join('\n');
    expect(parse(text, 'CHECKSUM')).toMatchObject([{ name: 'a', digest: MD5 }]);
  });

  it.each(['', 'hello', `${MD5}x  a`, `SHA256 (a) = ${MD5}`, `${MD5.slice(1)}  a`])(
    'passes over a line that is none: %j',
    (line) => {
      expect(parse(line)).toEqual([]);
    },
  );

  it.each([false, true])('comes back as it was written, tagged: %s', (tagged) => {
    for (const name of ['a', 'a b', 'a\nb', 'a\\b', 'a\rb', ' a']) {
      const line = formatChecksumLine(name, 'md5', MD5, tagged);
      expect(parse(line)).toEqual([{ name, digest: MD5, algorithms: ['md5'] }]);
    }
  });

  it.each([
    ['disc.iso.sha256', 'own'],
    ['disc.sha256', 'own'],
    ['disc.iso.md5sum', 'own'],
    ['SHA256SUMS', 'any'],
    ['md5sum.txt', 'any'],
    ['Fedora-41-CHECKSUM', 'any'],
    ['disc.iso.DIGESTS', 'own'],
    ['other.iso.sha256', undefined],
    ['disc.iso', undefined],
    ['disc.iso.part', undefined],
  ])('is known by its name: %s', (name, scope) => {
    expect(listScope(name, 'disc.iso')).toBe(scope);
  });
});
