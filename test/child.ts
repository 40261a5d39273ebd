// A test file's own process: runs the file named by its argument and tells the parent what happens.
import { runFile } from './harness.ts';

process.on('disconnect', () => process.exit(1)); // the parent is gone
const send = process.send!.bind(process);
await runFile(process.argv[2]!, (event) => send(event));
send({ kind: 'end' }, undefined, undefined, () => process.exit());
