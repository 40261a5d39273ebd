// Models from a server: with parts of files and without, and what it does not have.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { assertRefused, smallModel, smallReference } from './small-model.ts';
import { numbers } from './step.ts';

const test = suite('models from URLs');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 6 });
});
test.after(() => engine.close());

/** Serves files to `run`; with `ranges`, parts of them where they are asked for. */
async function served(
  files: ReadonlyMap<string, Uint8Array>,
  ranges: boolean,
  run: (url: string, asked: string[]) => Promise<void>,
): Promise<void> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://here');
    asked.push(url.pathname + url.search);
    const file = files.get(url.pathname.slice(1));
    if (!file) return response.writeHead(404).end();
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (!ranges || from === undefined) return response.writeHead(200).end(file);
    if (Number(from) >= file.length)
      return response.writeHead(416, { 'Content-Range': `bytes */${file.length}` }).end();
    const last = Math.min(Number(to), file.length - 1);
    response.writeHead(206, { 'Content-Range': `bytes ${from}-${last}/${file.length}` });
    response.end(file.subarray(Number(from), last + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  try {
    await run(`http://localhost:${(server.address() as AddressInfo).port}/`, asked);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

for (const ranges of [true, false]) {
  test(`from a server ${ranges ? 'with' : 'without'} parts of files`, async () => {
    const { json, shards, values } = smallModel();
    const files = new Map([
      ...shards,
      ['model.json', new TextEncoder().encode(JSON.stringify(json))] as const,
    ]);
    await served(files, ranges, async (url, asked) => {
      for (const source of [`${url}model.json?key=7`, new URL(url)]) {
        const model = await ht.loadModel(source);
        const wanted = smallReference(values, [1, -0.5, 0.25, 2]);
        const got = await numbers(model.apply(ht.tensor([[1, -0.5, 0.25, 2]])));
        for (const [i, value] of wanted.entries()) assert.ok(Math.abs(got[i]! - value) < 1e-5);
        model.dispose();
      }
      assert.ok(asked.includes('/parts/two.bin?key=7'), `${asked}`);
      assert.ok(asked.length <= 20, `${asked.length} requests`);
      await assertRefused(() => ht.loadModel(`${url}nothing.json`), /no such file|no model of a format/);
      files.delete('one.bin');
      await assertRefused(() => ht.loadModel(url), /paths\[0\]: no file 'one\.bin'/);
    });
  });
}

test('a server that does not answer is named', async () => {
  await assertRefused(() => ht.loadModel('http://localhost:1/model.json'), /cannot be fetched/);
});
