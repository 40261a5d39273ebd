// Tests of the host's random numbers: Threefry's published vectors, and the streams made of them.
import * as assert from 'uvu/assert';
import { RandomStream, threefry, toUnit } from '../src/values/random.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import { threefry as reference } from './reference/random.ts';

const test = suite('host random');

test('the published vectors of Threefry-2x32 with 20 rounds', () => {
  const all = 0xffffffff;
  for (const own of [
    threefry,
    (k0: number, k1: number, c0: number, c1: number) => reference([k0, k1], [c0, c1]),
  ]) {
    assert.equal(own(0, 0, 0, 0), [0x6b200159, 0x99ba4efe]);
    assert.equal(own(all, all, all, all), [0x1cb996fc, 0xbb002be7]);
    assert.equal(own(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3), [0xc4923a9c, 0x483df7a0]);
  }
});

test('random keys and counters, against whole-number arithmetic', () => {
  const random = randomOf('threefry');
  const word = () => Math.floor(random() * 2 ** 32);
  for (let i = 0; i < 2000; i++) {
    const [k0, k1, c0, c1] = [word(), word(), word(), word()];
    assert.equal(threefry(k0, k1, c0, c1), reference([k0, k1], [c0, c1]));
  }
});

test('units are 24 bits in [0, 1)', () => {
  assert.is(toUnit(0), 0);
  assert.is(toUnit(255), 0);
  assert.is(toUnit(256), 2 ** -24);
  assert.is(toUnit(0xffffffff), 1 - 2 ** -24);
});

test('a stream repeats by seed and stream number, and differs otherwise', () => {
  const draw = (seed: number, stream?: number) => {
    const numbers = new RandomStream(seed, stream);
    return Array.from({ length: 9 }, () => numbers.uniform());
  };
  assert.equal(draw(5, 2), draw(5, 2));
  assert.equal(draw(5), draw(5, 0));
  const firsts = [draw(5), draw(6), draw(5, 1), draw(1, 5)].map(([first]) => first);
  assert.is(new Set([...firsts, ...draw(5)]).size, 12);
  // Both words of a block are used, in order.
  // The second counter word tells host streams from draws on the GPU.
  const [a, b] = reference([5, 2], [0, 2]);
  assert.equal(draw(5, 2).slice(0, 2), [toUnit(a), toUnit(b)]);
});

test('uniform and normal numbers have their moments', () => {
  const numbers = new RandomStream(1);
  const size = 100_000;
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / size;
  const near = (value: number, expected: number, deviation: number) =>
    assert.ok(Math.abs(value - expected) < (5 * deviation) / Math.sqrt(size), `${value}, not ${expected}`);
  const uniform = Array.from({ length: size }, () => numbers.uniform());
  near(mean(uniform), 1 / 2, Math.sqrt(1 / 12));
  near(mean(uniform.map((value) => value ** 2)), 1 / 3, Math.sqrt(4 / 45));
  assert.ok(uniform.every((value) => value >= 0 && value < 1));
  const normal = Array.from({ length: size }, () => numbers.normal());
  near(mean(normal), 0, 1);
  near(mean(normal.map((value) => value ** 2)), 1, Math.sqrt(2));
  near(mean(normal.map((value) => value ** 4)), 3, Math.sqrt(96));
  const truncated = Array.from({ length: size }, () => numbers.truncatedNormal());
  assert.ok(truncated.every((value) => Math.abs(value) <= 2));
  // Variance of a normal distribution cut at two deviations.
  near(mean(truncated.map((value) => value ** 2)), 0.7737, 0.85);
});

test('a permutation holds every number once, and all orders come up', () => {
  const numbers = new RandomStream(9);
  const order = numbers.permutation(1000);
  assert.equal(
    [...order].sort((a, b) => a - b),
    Array.from({ length: 1000 }, (_, i) => i),
  );
  assert.not.equal([...order], [...numbers.permutation(1000)]);
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const key = String(numbers.permutation(3));
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assert.is(counts.size, 6);
  // 5 deviations of a count of 6000 draws with a sixth each.
  for (const [key, count] of counts) assert.ok(Math.abs(count - 1000) < 145, `${key} came up ${count} times`);
  assert.equal([...numbers.permutation(1)], [0]);
  assert.equal([...numbers.permutation(0)], []);
});
