// Two or three examples of each command, as help shows them: what to type, and what it does.

type Examples = readonly (readonly [command: string, meaning: string])[];

/** By the name of a command or a group; the empty one is isodrive as a whole. */
const EXAMPLES: Readonly<Record<string, Examples>> = {
  '': [
    ['mount disc.iso', 'show a disc at ~/Discs/LABEL'],
    ['ls -l disc.iso /boot', 'list a directory, without mounting'],
    ['unmount --all', 'end all mounts'],
  ],
  mount: [
    ['mount disc.iso', 'at ~/Discs/LABEL'],
    ['mount disc.iso dir', 'at an empty directory'],
    ['mount *.iso', 'all of them, and print a line for each'],
  ],
  unmount: [
    ['unmount ~/Discs/DEBIAN', 'by mount point'],
    ['unmount disc.iso DEBIAN', 'by image, and by label'],
  ],
  list: [
    ['list', 'as a table'],
    ['list --json', 'for programs'],
  ],
  run: [
    ['run disc.iso -- cp -r {}/docs .', '{} is the mount point'],
    [`run disc.iso -- sh -c 'ls "$ISODRIVE_MOUNT"'`, 'a shell of its own knows it too'],
    ["run -I @ disc.iso -- find @ -exec file {} ';'", 'where {} means something else'],
  ],
  wine: [
    ["wine game.iso -- wine 'D:\\setup.exe'", 'a drive until all of it ends'],
    ['wine --letter k game.iso', 'drive K: until ^C'],
  ],
  info: [
    ['info disc.iso', 'what it holds, and what is wrong'],
    ['info --check disc.iso', 'look at all of it'],
  ],
  ls: [
    ['ls -l disc.iso /boot', 'modes, sizes and times'],
    ['ls -R --hash sha256 disc.iso', 'everything, with digests'],
  ],
  tree: [
    ['tree disc.iso', 'all of it'],
    ['tree --tree all disc.iso /boot', 'boot images too'],
  ],
  cat: [
    ['cat disc.iso /README.txt | less', 'read a file'],
    ['cat disc.iso /boot/vmlinuz >vmlinuz', 'copy a file out'],
  ],
  extract: [
    ['extract disc.iso -C dir', 'everything'],
    ['extract disc.iso /boot /README.txt', 'a directory and a file'],
  ],
  index: [
    ['index disc.iso -o disc.erofs', 'metadata for mount -t erofs'],
    ['index --tree udf disc.iso -o disc.erofs', 'of another view'],
  ],
  create: [
    ['create /dev/sr0 disc.iso', 'from a drive; again to go on'],
    ['create /dev/sr0 disc.cue', 'a CD with its sound, in disc.bin and a sheet'],
    ['create --verify --hash md5,sha256 /dev/sr0 disc.iso', 'read twice, with digests'],
  ],
  verify: [
    ['verify disc.iso', 'by what lies beside it and in it'],
    ['verify --keyring trusted.gpg disc.iso', 'by signatures of known keys'],
  ],
  checksum: [
    ['checksum disc.iso >SHA256SUMS', 'of the image'],
    ['checksum --hash md5 disc.iso /boot', 'of the files below a directory'],
  ],
  compare: [
    ['compare disc.iso copy.iso', 'two images'],
    ['compare disc.iso dir', 'an image and a directory'],
  ],
  map: [
    ['map disc.iso', 'on the terminal'],
    ['map -o disc.svg disc.iso', 'as a picture'],
  ],
  status: [
    ['status', 'the daemon and its mounts'],
    ['status --json', 'with the whole histograms'],
  ],
  watch: [
    ['watch', 'until ^C'],
    ['watch --json', 'a JSON object for each event'],
  ],
  doctor: [
    ['doctor', 'check this machine'],
    ['doctor --json', 'for programs'],
  ],
  daemon: [
    ['daemon stop', 'unmount all, and end'],
    ['daemon logs -f', 'look on'],
  ],
  'daemon run': [
    ['daemon run', 'until ^C'],
    ['daemon run --idle-timeout 900', 'until nothing was mounted for 15 minutes'],
  ],
  'daemon start': [
    ['daemon start', 'the first mount does this as well'],
    ['daemon start --socket /tmp/mine/control.sock', 'a second one'],
  ],
  'daemon stop': [
    ['daemon stop', 'your own'],
    ['daemon stop --system', 'that of the machine, as root'],
  ],
  'daemon upgrade': [
    ['daemon upgrade', 'your own'],
    ['daemon upgrade --system', 'that of the machine, as root'],
  ],
  'daemon logs': [
    ['daemon logs -n 20', 'the last 20 lines'],
    ['daemon logs -f', 'and those to come'],
  ],
  drives: [
    ['drives', 'as a table'],
    ['drives --json', 'for programs'],
  ],
  eject: [
    ['eject', 'the only drive'],
    ['eject --close /dev/sr1', 'close its tray'],
  ],
  drive: [
    ['drive serve --iscsi disc1.iso', 'serve a drive'],
    ['drive load 3f9a disc2.iso', 'put the next disc in'],
  ],
  'drive serve': [
    ['drive serve --iscsi disc.iso', 'to programs of this machine'],
    ['drive serve --nbd --listen ./disc.sock disc.iso', 'at a Unix socket'],
    ['drive serve --nbd --listen 127.0.0.1:0 disc.iso', 'at any port that is free'],
    ['drive serve --nbd --listen 0.0.0.0 --tls-psk keys.psk disc.iso', 'to others, with TLS'],
  ],
  'drive load': [
    ['drive load 3f9a disc2.iso', 'by the id that isodrive drives shows'],
    ['drive load "$ADDRESS" disc2.iso', 'by the address that drive serve has printed'],
  ],
  completion: [
    ['eval "$(isodrive completion bash)"', 'in ~/.bashrc'],
    ['completion fish >~/.config/fish/completions/isodrive.fish', 'for fish'],
  ],
  help: [
    ['help mount', 'the same as isodrive mount --help'],
    ['help daemon stop', 'a command of two words'],
  ],
  version: [
    ['version', 'the same as isodrive --version'],
    ['version --json', 'and that of Node'],
  ],
};

/** What to type, whole, and its meaning. */
export function exampleLines(name: string): [command: string, meaning: string][] {
  return (EXAMPLES[name] ?? []).map(([command, meaning]) => [
    command.startsWith('eval ') ? command : `isodrive ${command}`,
    meaning,
  ]);
}
