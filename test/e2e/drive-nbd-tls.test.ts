// `isodrive drive serve --nbd` with TLS, and clients that nobody here wrote: libnbd's and QEMU's, which use GnuTLS.
import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { needs } from '../support/needs.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { ServedDrive } from '../support/programs/served-drive.js';
import { makeAuthority, makeCertificate, makeClientFolder, revoke } from '../support/builders/tls-files.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js');
const TOOLS = ['nbdinfo', 'nbdcopy', 'qemu-img', 'openssl', 'xorriso'] as const;
const BEYOND = ['--listen', '0.0.0.0:0'];

describe('An image served by NBD with TLS', needs(...TOOLS), () => {
  let folder: string;
  let image: string;
  /** Of the server, of a client with a certificate, of one without, and of one whose certificate was revoked. */
  let pki: string;
  let known: string;
  let nameless: string;
  let revoked: string;
  let keys: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-tls-'));
    ({ image } = await makeSampleImage(folder, { large: 20_000_000, small: 5 }));
    pki = join(folder, 'pki');
    await makeAuthority(pki);
    for (const name of ['server', 'client', 'lost']) await makeCertificate(pki, name);
    await revoke(pki, 'lost');
    known = await makeClientFolder(join(folder, 'known'), pki, 'client');
    nameless = await makeClientFolder(join(folder, 'nameless'), pki);
    revoked = await makeClientFolder(join(folder, 'revoked'), pki, 'lost');
    keys = join(folder, 'keys.psk');
    await writeFile(keys, `alice:${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const serve = (...args: string[]): Promise<ServedDrive> =>
    ServedDrive.start([image, '--nbd', '--listen', '127.0.0.1:0', ...args]);
  const withFolder = (uri: string, path: string): string => `${uri}?tls-certificates=${path}`;
  const withKey = (uri: string, path: string, user = 'alice'): string =>
    `${uri.replace('://', `://${user}@`)}?tls-psk-file=${path}`;
  const nbdinfo = (uri: string) => runCommand('nbdinfo', ['--json', uri], { timeout: 30_000 });

  async function expectCopy(program: string, ...args: string[]): Promise<void> {
    const copy = join(folder, 'copy');
    await mustRun(program, [...args, copy]);
    expect((await readFile(copy)).equals(await readFile(image))).toBe(true);
    await rm(copy);
  }

  /** As QEMU names the same server. */
  function qemu(uri: string, credentials: string): string[] {
    const { hostname, port } = new URL(uri.replace('nbds:', 'http:'));
    const where = `driver=nbd,host=${hostname},port=${port},export=sample.iso,tls-creds=t`;
    return ['convert', '--object', `${credentials},id=t,endpoint=client`, '--image-opts', where, '-O', 'raw'];
  }

  it('is the same for libnbd and QEMU with certificates, byte for byte', async () => {
    await using drive = await serve('--tls-certificates', pki);
    const [uri] = drive.uris as [string];
    expect(uri).toMatch(/^nbds:/);
    expect(JSON.parse((await nbdinfo(withFolder(uri, nameless))).stdout.toString())).toMatchObject({
      protocol: 'newstyle-fixed',
      TLS: true,
    });
    await expectCopy('nbdcopy', withFolder(uri, nameless));
    await expectCopy('qemu-img', ...qemu(uri, `tls-creds-x509,dir=${nameless}`));
  });

  it('is the same for libnbd and QEMU with a pre-shared key, byte for byte', async () => {
    await using drive = await serve('--tls-psk', keys);
    const [uri] = drive.uris as [string];
    await expectCopy('nbdcopy', withKey(uri, keys));
    await expectCopy('qemu-img', ...qemu(uri, `tls-creds-psk,dir=${folder},username=alice`));
  });

  it('is there at a Unix socket too', async () => {
    const socket = join(folder, 'socket');
    await using drive = await ServedDrive.start([image, '--nbd', '--listen', socket, '--tls-psk', keys]);
    expect(drive.uris[0]).toMatch(/^nbds\+unix:/);
    await expectCopy('nbdcopy', `nbds+unix://alice@/sample.iso?socket=${socket}&tls-psk-file=${keys}`);
  });

  it('is for nobody without TLS, unless it is only offered', async () => {
    await using demanding = await serve('--tls-psk', keys);
    const refused = await nbdinfo(demanding.uris[0]!.replace('nbds:', 'nbd:'));
    expect(refused.status).not.toBe(0);
    await using offering = await serve('--tls', 'on', '--tls-psk', keys);
    const [uri] = offering.uris as [string];
    for (const [one, hasTls] of [
      [uri.replace('nbds:', 'nbd:'), false],
      [withKey(uri, keys), true],
    ] as const) {
      expect(JSON.parse((await nbdinfo(one)).stdout.toString())).toMatchObject({ TLS: hasTls });
    }
  });

  it('is for clients with a certificate alone, where they are verified, and tells why others fail', async () => {
    await using drive = await serve('--tls-certificates', pki, '--tls-verify-peer');
    const [uri] = drive.uris as [string];
    expect((await nbdinfo(withFolder(uri, known))).status).toBe(0);
    const foreign = join(folder, 'foreign');
    await makeAuthority(foreign);
    await makeCertificate(foreign, 'client');
    await copyFile(join(pki, 'ca-cert.pem'), join(foreign, 'ca-cert.pem'));
    for (const [path, reason] of [
      [nameless, 'peer did not return a certificate'],
      [revoked, 'CERT_REVOKED'],
      [foreign, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ] as const) {
      expect((await nbdinfo(withFolder(uri, path))).status).not.toBe(0);
      await expect
        .poll(() => drive.stderr)
        .toContain(`from 127.0.0.1 has failed: TLS handshake failed: ${reason}`);
    }
  });

  it('is for users of the file alone, and those with a wrong key are told of and counted', async () => {
    const env = { XDG_RUNTIME_DIR: join(folder, 'run') };
    const args = [image, '--nbd', '--listen', '127.0.0.1:0', '--tls-psk', keys];
    await using drive = await ServedDrive.start(args, env);
    const [uri] = drive.uris as [string];
    const wrong = join(folder, 'wrong.psk');
    const line = `:${'00'.repeat(32)}\n`;
    await writeFile(wrong, `alice${line}bob${line}`);
    expect((await nbdinfo(withKey(uri, wrong))).status).not.toBe(0);
    expect((await nbdinfo(withKey(uri, wrong, 'bob'))).status).not.toBe(0);
    expect((await nbdinfo(withKey(uri, keys))).status).toBe(0);
    await expect.poll(() => drive.stderr).toContain('TLS handshake failed: no user "bob" in the PSK file');
    const logins = { failed: 2, refused: 0, refusedAddresses: 0 };
    await expect
      .poll(async () => {
        const { stdout } = await runCommand(process.execPath, [MAIN, 'drives', '--json'], {
          env: { ...process.env, ...env },
        });
        return (JSON.parse(stdout.toString()) as { served: unknown[] }).served;
      })
      .toMatchObject([{ counters: { connections: 0, logins } }]);
  });

  it.each([
    ['without a word on TLS', ['--allow', '127.0.0.1'], 'expected TLS for all clients'],
    ['with TLS for some', ['--tls', 'on', '--tls-psk', 'KEYS'], 'expected TLS for all clients'],
    ['with TLS for all, known or not', ['--tls-certificates', 'PKI'], 'expected --allow'],
    ['in the clear, for all', ['--tls', 'off'], 'expected --allow'],
  ])('is not offered beyond this machine %s', async (_, args, message) => {
    const files = args.map((one) => (one === 'KEYS' ? keys : one === 'PKI' ? pki : one));
    const failure = await ServedDrive.start([image, '--nbd', ...BEYOND, ...files]).catch(String);
    expect(failure).toContain('"code":"policy"');
    expect(failure).toContain(message);
  });

  it.each([
    ['with keys', ['--tls-psk', 'KEYS']],
    ['with certificates of clients', ['--tls-certificates', 'PKI', '--tls-verify-peer']],
    ['with TLS and a list', ['--tls-certificates', 'PKI', '--allow', '127.0.0.1']],
    ['in the clear, where that is said, with a list', ['--tls', 'off', '--allow', '127.0.0.1']],
  ])('is offered beyond this machine %s', async (_, args) => {
    const files = args.map((one) => (one === 'KEYS' ? keys : one === 'PKI' ? pki : one));
    await using drive = await ServedDrive.start([SMALL_IMAGE, '--nbd', ...BEYOND, ...files]);
    const { protocol } = new URL(drive.uris[0]!);
    expect(protocol).toBe(args.includes('off') ? 'nbd:' : 'nbds:');
  });

  it.each([
    [['--nbd', '--tls', 'require'], 'expected certificates or keys'],
    [['--nbd', '--tls', 'on'], 'expected certificates or keys'],
    [['--nbd', '--tls', 'off', '--tls-psk', 'KEYS'], 'TLS is off'],
    [['--nbd', '--tls-psk', 'KEYS', '--tls-certificates', 'PKI'], 'expected one'],
    [['--nbd', '--tls-verify-peer', '--tls-psk', 'KEYS'], 'needs --tls-certificates'],
    [['--iscsi', '--tls-psk', 'KEYS'], 'Option --tls-psk is of NBD'],
    [['--iscsi', '--tls-verify-peer'], 'Option --tls-verify-peer is of NBD'],
    [['--loop', '--tls', 'on'], 'Option --tls is of NBD'],
  ])('is refused with %s', async (args, message) => {
    const files = args.map((one) => (one === 'KEYS' ? keys : one === 'PKI' ? pki : one));
    const failure = await ServedDrive.start([SMALL_IMAGE, ...files]).catch(String);
    expect(failure).toContain('"code":"usage"');
    expect(failure).toContain(message);
  });

  it('warns of keys that others can read', async () => {
    const open = join(folder, 'open.psk');
    await copyFile(keys, open);
    await chmod(open, 0o644);
    await using drive = await serve('--tls-psk', open);
    expect(drive.stderr).toContain(
      'open.psk" has mode 644: every user of this machine can read or change it',
    );
  });
});
