// Runs command lines for a test inside one process of Windows' Node, since starting one takes longer than most
// commands: a worker each, one after the other. Listens on this machine; a line of JSON asks, one answers.
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { Worker, SHARE_ENV } from 'node:worker_threads';
import { writeFileSync } from 'node:fs';

const [main, portFile] = process.argv.slice(2);

function run(args) {
  const worker = new Worker(main, { argv: args, stdout: true, stderr: true, env: SHARE_ENV });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) worker[name].on('data', (chunk) => (output[name] += chunk));
  return new Promise((resolve) => {
    worker.on('error', (error) => resolve({ status: 1, ...output, stderr: String(error.stack) }));
    worker.on('exit', (status) => resolve({ status, ...output }));
  });
}

const server = createServer((socket) => {
  // The test has ended.
  socket.on('close', () => process.exit());
  const lines = createInterface(socket);
  void (async () => {
    for await (const line of lines) socket.write(`${JSON.stringify(await run(JSON.parse(line)))}\n`);
  })();
});
server.listen(0, '127.0.0.1', () => writeFileSync(portFile, String(server.address().port)));
