// Sets a checkout up: installs dependencies, bundles the programs, and compiles the addon and, for tests and
// development, all TypeScript, each when a source is newer than the last build. Runs before any dependency exists, so
// it uses node alone. Progress goes to stderr. --lenient: only what mounting needs, and without the addon where it
// cannot be compiled.
import './check-node.mjs';

const { setUp } = await import('./set-up.mjs');
process.exitCode = await setUp({ isLenient: process.argv.includes('--lenient') });
