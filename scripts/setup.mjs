/** Makes a fresh clone ready and runs a TypeScript script in it; `npm run demo` and `npm test` start here. */

// No static import and no recent syntax: an old Node must get as far as the message.
const wanted = 20;

if (Number(process.versions.node.split('.')[0]) < wanted) {
  console.error(`Halftape needs Node ${wanted} or newer; this is Node ${process.versions.node}.`);
  console.error(`Install Node ${wanted} or newer with your version manager or your system's packages.`);
  process.exitCode = 1;
} else {
  import('./setup/main.mjs').then(({ main }) => main(process.argv.slice(2)));
}
