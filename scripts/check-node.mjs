// Says so when Node is too old, before anything else is loaded: so this file has to run in old versions.
const LEAST = [20, 19];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
  process.stderr.write(
    `isodrive: Node.js at ${process.execPath} is ${process.version}, expected version ${LEAST.join('.')} or newer\n` +
      'hint: Install a newer one from nodejs.org\n',
  );
  process.exit(1);
}
