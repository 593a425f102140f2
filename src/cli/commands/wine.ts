// isodrive wine IMAGE [-- COMMAND]: a CD-ROM drive of Wine, while a command and what it has started in the prefix
// run, or until it is interrupted.
import { resolveHostPath } from '../../base/path-text.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { controlSocketPath } from '../../endpoint/socket-path.js';
import { WineDrive, findPrefix, parseLetter } from '../../wine/wine-drive.js';
import { BoundMount } from '../bound-mount.js';
import type { RunCommand } from '../command-spec.js';
import { refuseOnWindows } from '../refuse-on-windows.js';
import { readProgram } from '../read-program.js';
import { runProgram } from '../run-program.js';
import { readViewOptions } from '../view-options.js';

export const runWine: RunCommand = async (args, { output, signal, takeSignals }) => {
  refuseOnWindows('wine', 'Attach the image as a drive: isodrive mount');
  const wanted = args.text('letter');
  const letter = wanted === undefined ? undefined : parseLetter(wanted);
  const prefix = await findPrefix(args.text('prefix'));
  const params = { image: resolveHostPath(args.required('image')), ...readViewOptions(args), wine: true };
  await using bound = await BoundMount.make(controlSocketPath(args.text('socket')), params, signal);
  const { mountPoint } = bound.mount;
  await using drive = await WineDrive.attach(prefix, mountPoint, letter);
  const words = args.list('command');
  if (words.length === 0) {
    const record = { schemaVersion: SCHEMA_VERSION, letter: drive.letter, prefix, mountPoint };
    if (output.json) await output.record(record);
    else await output.line(`${drive.letter}:`);
    await output.flush();
    if (!signal.aborted) await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
    return undefined;
  }
  const environment = { WINEPREFIX: prefix, ISODRIVE_MOUNT: mountPoint, ISODRIVE_DRIVE: `${drive.letter}:` };
  const { descriptor } = bound;
  const code = await runProgram(readProgram(words), { environment, descriptor, takeSignals });
  // Installers end before the programs that they start; nothing else runs in the prefix.
  const interrupt = new AbortController();
  takeSignals(['SIGINT', 'SIGTERM'], () => interrupt.abort());
  await drive.wine.waitForEnd(interrupt.signal);
  return code;
};
