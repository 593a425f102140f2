// A daemon of the keeper tests: appends one line of JSON about its start to a file, then does as it is told for that
// start. Usage: node keeper-child.mjs FILE DEED..., one deed a start: "keep", "many COUNT", "strange", "stop", "exit
// CODE" or "wait".
import { spawn } from 'node:child_process';
import { appendFileSync, openSync, readFileSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';

const [, , file, ...deeds] = process.argv;
const { notify } = createRequire(import.meta.url)(process.env.ISODRIVE_ADDON);
const { LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID } = process.env;
const read = (descriptor) => {
  const bytes = Buffer.alloc(64);
  return bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, 64, 0));
};
const names = LISTEN_FDNAMES === '' ? [] : LISTEN_FDNAMES.split(':');
const contents = Object.fromEntries(
  names
    .map((name, i) => [name, i])
    .filter(([name]) => name !== 'keeper')
    .map(([name, i]) => [name, name === 'ready' ? 'a pipe' : read(3 + i)]),
);
const starts = readFileSync(file, 'utf8').split('\n').length - 1;
appendFileSync(
  file,
  `${JSON.stringify({ pid: process.pid, keeper: process.ppid, count: Number(LISTEN_FDS), contents, isOurs: Number(LISTEN_PID) === process.pid })}\n`,
);
const socket = 3 + names.indexOf('keeper');
const send = (text, descriptors = []) => notify(socket, text, descriptors);
const deed = deeds[Math.min(starts, deeds.length - 1)];
switch (deed.split(' ')[0]) {
  case 'keep':
    send('FDSTORE=1\nFDNAME=first\nFDPOLL=0', [openSync(`${file}.first`)]);
    send('FDSTORE=1\nFDNAME=second', [openSync(`${file}.second`)]);
    send('FDSTORE=1\nFDNAME=gone', [openSync(`${file}.first`)]);
    send('FDSTOREREMOVE=1\nFDNAME=gone');
    send('FDSTORE=1\nFDNAME=bad:name', [openSync(`${file}.first`)]);
    send('READY=1');
    process.kill(process.pid, 'SIGKILL');
    break;
  case 'many': {
    const one = openSync(`${file}.first`);
    for (let i = 0; i < Number(deed.split(' ')[1]); i += 1) {
      while (!send(`FDSTORE=1\nFDNAME=kept-${i}`, [one]));
    }
    send('READY=1');
    process.kill(process.pid, 'SIGKILL');
    break;
  }
  case 'strange': {
    send('READY=1');
    // Another process, which the keeper did not start, may give and take nothing, even with our socket.
    const code = `require(process.env.ISODRIVE_ADDON).notify(3, 'FDSTOREREMOVE=1\\nFDNAME=first', [])`;
    spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'ignore', 'inherit', socket] }).on('exit', () =>
      process.kill(process.pid, 'SIGKILL'),
    );
    break;
  }
  case 'stop':
    send('READY=1');
    send('STOPPING=1');
    process.exit(1);
    break;
  case 'exit':
    process.exit(Number(deed.split(' ')[1]));
    break;
  default:
    send('READY=1');
    setInterval(() => undefined, 1000);
}
