// Layers-models changed at random: read, or refused with an error of ours, in bounded time.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { filesOf, type Json, smallModel } from './small-model.ts';

const test = suite('mutated layers-models');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 2 });
});
test.after(() => engine.close());

/** Numbers that are the same in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const ODD: readonly Json[] = [
  null,
  -1,
  0,
  1e300,
  2 ** 53,
  0.5,
  '',
  'x',
  'a',
  '__proto__',
  true,
  [],
  {},
  [[]],
  [null],
  { class_name: 'Dense' },
];

/** One place in the JSON put to something else, removed, or given twice. */
function mutate(json: Json, next: () => number): void {
  const places: [holder: { [key: string]: Json }, key: string][] = [];
  const visit = (value: Json): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      places.push([value as { [key: string]: Json }, key]);
      visit(inner);
    }
  };
  visit(json);
  const pick = <T>(list: readonly T[]) => list[Math.floor(next() * list.length)]!;
  const [holder, key] = pick(places);
  const kind = next();
  if (kind < 0.5) holder[key] = structuredClone(pick(ODD));
  else if (kind < 0.65) delete holder[key];
  else {
    const [other, name] = pick(places);
    holder[key] = structuredClone(other[name]!);
  }
}

test('10,000 mutated files are read or refused, in bounded time', async () => {
  const next = random(7);
  let [refused, slowest] = [0, 0];
  for (let i = 0; i < 10_000; i++) {
    const { json, shards } = smallModel();
    let text: string | Uint8Array;
    if (i % 2 === 0) {
      for (let count = 0; count <= i % 3; count++) mutate(json as unknown as Json, next);
      text = JSON.stringify(json);
    } else {
      text = new TextEncoder().encode(JSON.stringify(json));
      for (let count = 0; count <= i % 4; count++)
        text[Math.floor(next() * text.length)] = Math.floor(next() * 256);
      if (i % 5 === 0) text = text.subarray(0, Math.floor(next() * text.length));
    }
    const start = performance.now();
    try {
      const model = await ht.loadModel(filesOf(text, shards), { compile: false });
      if (i % 16 === 0)
        model.apply(
          ht.zeros([1, ...(model.inputShape ?? [4])].map((size) => (Number.isNaN(size) ? 1 : size))),
        );
      model.dispose();
    } catch (error) {
      if (!(error instanceof ht.HalftapeError)) throw new Error(`${i}: ${text}`, { cause: error });
      refused++;
    }
    slowest = Math.max(slowest, performance.now() - start);
  }
  assert.ok(refused > 3000 && refused < 10_000, `${refused} refused`);
  assert.ok(slowest < 5000, `${slowest} ms`);
});
