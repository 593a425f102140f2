// Before the tests of a file: where ISODRIVE_TEST_SEED is set, as in CI, properties take their examples from that seed,
// so that a run can be repeated. Elsewhere each run has examples of its own.
const seed = parseInt(process.env.ISODRIVE_TEST_SEED ?? '', 10);
if (Number.isInteger(seed)) {
  const { configureGlobal, readConfigureGlobal } = await import('fast-check');
  configureGlobal({ ...readConfigureGlobal(), seed });
}
