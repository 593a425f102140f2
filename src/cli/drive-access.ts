// Who may use a drive that is served, and how they prove it: what the options say, and what has to be said before
// anybody beyond this machine may come.
import type { BlockList } from 'node:net';
import { resolveHostPath } from '../base/path-text.js';
import { IsodriveError } from '../base/error.js';
import { readChapFile } from '../drive/iscsi/chap-file.js';
import type { ChapSecrets } from '../drive/iscsi/chap.js';
import type { NbdServerOptions } from '../drive/nbd/nbd-server.js';
import { isLocal, parseAllowList } from '../drive/net/listen-address.js';
import type { ListenAddress } from '../drive/net/listen-address.js';
import { LoginGuard } from '../drive/net/login-guard.js';
import { readPskFile } from '../drive/net/psk-file.js';
import type { Warn } from '../drive/net/secret-file.js';
import { readTlsCertificates } from '../drive/net/tls-certificates.js';
import type { TlsCredentials } from '../drive/net/tls-handshake.js';
import type { CommandArguments } from './command-spec.js';
import type { Output } from './output.js';

/** Options with a value, and their only protocol. */
export const TLS_OPTIONS = ['tls', 'tls-certificates', 'tls-psk'] as const;
const VERIFY = 'tls-verify-peer';

export interface Access {
  readonly allowed: BlockList | undefined;
  /** Of those who prove themselves. */
  readonly guard: LoginGuard;
}

/** Rejects with `usage`, `permission`, and `policy` where too many could come. */
export async function readNbdAccess(
  args: CommandArguments,
  address: ListenAddress,
  output: Output,
): Promise<Access & Pick<NbdServerOptions, 'tls'>> {
  if (args.text('chap') !== undefined) {
    throw new IsodriveError('usage', 'Option --chap is of iSCSI, expected it with --iscsi only');
  }
  const allowed = readAllowList(args);
  const credentials = await readCredentials(args, warnBy(output));
  const mode = args.text('tls') ?? (credentials === undefined ? undefined : 'require');
  if ((mode === 'off') === (credentials !== undefined) && mode !== undefined) throw refuseMode(mode);
  if (!isLocal(address)) checkOpenNbd(args, mode, allowed);
  const tls = credentials && { credentials, isRequired: mode === 'require' };
  return { allowed, guard: guardBy(output), tls };
}

/** As above. */
export async function readIscsiAccess(
  args: CommandArguments,
  address: ListenAddress,
  output: Output,
): Promise<Access & { readonly chap: ChapSecrets | undefined }> {
  refuseTls(args, 'NBD', '--nbd');
  const secrets = args.text('chap');
  const chap =
    secrets === undefined ? undefined : await readChapFile(resolveHostPath(secrets), warnBy(output));
  if (!isLocal(address) && chap === undefined) {
    throw refuseOpenAddress(
      'initiators would not be authenticated, expected --chap',
      'Give secrets with --chap',
    );
  }
  return { allowed: readAllowList(args), guard: guardBy(output), chap };
}

/** `whose`: the protocol that has TLS here. */
export function refuseTls(args: CommandArguments, whose: string, option: string): void {
  const given =
    TLS_OPTIONS.find((name) => args.text(name) !== undefined) ?? (args.flag(VERIFY) ? VERIFY : '');
  if (given === '') return;
  throw new IsodriveError('usage', `Option --${given} is of ${whose}, expected it with ${option} only`);
}

async function readCredentials(args: CommandArguments, warn: Warn): Promise<TlsCredentials | undefined> {
  const [folder, keys, verifies] = [args.text('tls-certificates'), args.text('tls-psk'), args.flag(VERIFY)];
  if (folder !== undefined && keys !== undefined) {
    throw new IsodriveError('usage', 'Options --tls-certificates and --tls-psk are both given, expected one');
  }
  if (verifies && folder === undefined) {
    throw new IsodriveError('usage', 'Option --tls-verify-peer needs --tls-certificates, expected both', {
      action: keys === undefined ? 'Give the folder' : 'Leave it out: whoever has a key is verified by it',
    });
  }
  if (folder !== undefined) return readTlsCertificates(resolveHostPath(folder), verifies, warn);
  return keys === undefined ? undefined : readPskFile(resolveHostPath(keys), warn);
}

function refuseMode(mode: string): IsodriveError {
  return mode === 'off'
    ? new IsodriveError('usage', 'TLS is off, expected neither certificates nor keys for it', {
        action: 'Leave out --tls off, or the certificates or keys',
      })
    : new IsodriveError('usage', `Option --tls is "${mode}", expected certificates or keys with it`, {
        action: 'Give --tls-certificates or --tls-psk',
      });
}

/** Plain NBD beyond this machine has to be asked for, and so has a server that everybody may use. */
function checkOpenNbd(
  args: CommandArguments,
  mode: string | undefined,
  allowed: BlockList | undefined,
): void {
  if (mode === undefined || mode === 'on') {
    throw refuseOpenAddress(
      'everybody on the way could read and change what is sent, expected TLS for all clients',
      mode === 'on'
        ? 'Say --tls require'
        : 'Give --tls-psk or --tls-certificates, or in a network that you trust --tls off and --allow',
    );
  }
  const knowsClients = args.text('tls-psk') !== undefined || args.flag(VERIFY);
  if (knowsClients || allowed !== undefined) return;
  throw refuseOpenAddress(
    'clients would not be authenticated, expected --allow',
    mode === 'off'
      ? 'Name who may connect, or serve a Unix socket'
      : 'Give --tls-psk or --tls-verify-peer, or name who may connect with --allow',
  );
}

function readAllowList(args: CommandArguments): BlockList | undefined {
  const allow = args.text('allow');
  return allow === undefined ? undefined : parseAllowList(allow);
}

function refuseOpenAddress(reason: string, action: string): IsodriveError {
  return new IsodriveError('policy', `Cannot listen beyond this machine: ${reason}`, { action });
}

function warnBy(output: Output): Warn {
  return (remark, hint) => {
    output.note(remark);
    output.hint(hint);
  };
}

function guardBy(output: Output): LoginGuard {
  return new LoginGuard({
    onFailure: (peer, reason) => output.note(`A login from ${peer} has failed: ${reason}`),
    onRefusal: (peer, time) =>
      output.note(
        `Logins from ${peer} are refused for ${time / 1000} s, and longer after each that fails: too many failed`,
      ),
  });
}
