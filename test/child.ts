// A test file's own process: runs the file named by its first argument, with Node's options for what it starts behind it,
// and tells the parent what happens.
import { runFile } from './harness.ts';

process.on('disconnect', () => process.exit(1)); // the parent is gone
const send = process.send!.bind(process);
const [file, ...execArgv] = process.argv.slice(2);
process.execArgv.push(...execArgv);
await runFile(file!, (event) => send(event));
send({ kind: 'end' }, undefined, undefined, () => process.exit());
