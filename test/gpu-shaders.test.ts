// Tests of shader text and pipelines: specialisation keeps line numbers, refused shaders name their file and line.
import * as assert from 'uvu/assert';
import * as shaders from '../src/generated/shaders.ts';
import { type adam, gemm_direct, libraries, unary } from '../src/generated/shaders.ts';
import { encodeParams } from '../src/gpu/dispatch.ts';
import { labelOf, linearGrid, type Shader } from '../src/gpu/shader.ts';
import { specialise } from '../src/gpu/specialise.ts';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';

const test = suite('shaders');

let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const F32 = { function: 'neg', types: { In4: 'f32', Out4: 'f32', Acc: 'f32' } } as const;
const lineOf = (text: string, part: string) => text.split('\n').findIndex((line) => line.includes(part));

test('a specialised shader has every line of its file in the same place', () => {
  const choices = [F32, { function: 'neg', types: { In4: 'f16', Out4: 'packed', Acc: 'f32' } }] as const;
  for (const choice of choices) {
    const [own, made] = [unary.source.split('\n'), specialise(unary, choice, libraries).split('\n')];
    for (const [index, line] of own.entries()) {
      const text = made[index]!.replace(/^enable f16; /, '');
      if (!line.startsWith('alias')) assert.is(text, line, `line ${index + 1}`);
      else assert.is(text.split('=')[0], line.split('=')[0], `line ${index + 1}`);
    }
    for (const [index, line] of made.entries()) assert.ok(index < own.length || !line.startsWith('enable'));
  }
});

test('aliases, constants and libraries follow the choice', () => {
  const aliases = (In4: 'f32' | 'f16' | 'packed', Out4: 'f32' | 'f16' | 'packed') => {
    const text = specialise(
      gemm_direct,
      { types: { In4, Out4, Acc: 'f32' }, constants: { TM: 4 } },
      libraries,
    );
    return {
      text,
      aliases: [...text.matchAll(/^(?:enable f16; )?alias (\w+) = (.*);$/gm)].map(
        ([, name, type]) => `${name} ${type}`,
      ),
    };
  };
  const f32 = aliases('f32', 'f32');
  assert.equal(f32.aliases, ['In4 vec4<f32>', 'Out4 vec4<f32>', 'Acc f32']);
  assert.match(f32.text, /^const TM = 4u;$/m);
  assert.match(f32.text, /^override ACTIVATION: u32 = 0;$/m);
  assert.not.match(f32.text, /^enable/m);
  const native = aliases('f16', 'f16');
  assert.equal(native.aliases, ['In4 vec4<f16>', 'Out4 vec2<u32>', 'Acc f32']);
  assert.match(native.text, /^enable f16; \/\//);
  assert.is(native.text.match(/^enable/gm)?.length, 1);
  const packed = aliases('packed', 'packed');
  assert.equal(packed.aliases, ['In4 vec2<u32>', 'Out4 vec2<u32>', 'Acc f32']);
  assert.not.match(packed.text, /f16>|enable/);
  assert.match(
    packed.text,
    /fn in4\(v: In4\) -> vec4<Acc> \{\n {2}return vec4<Acc>\(vec4<f32>\(unpack2x16float/,
  );
  assert.is(aliases('f16', 'f32').text.includes('pack2x16float(fitting'), true, 'narrow.wgsl is included');
});

test('subgroup functions are enabled where a shader uses them', () => {
  const shader = {
    ...unary,
    source: `${unary.source}\nfn fold(x: f32) -> f32 { return subgroupAdd(x); }\n`,
  } as const;
  assert.match(specialise(shader, F32, libraries), /^enable subgroups; \/\//);
  const both = specialise(
    shader,
    { function: 'neg', types: { In4: 'f16', Out4: 'f32', Acc: 'f32' } },
    libraries,
  );
  assert.match(both, /^enable f16; enable subgroups; \/\//);
});

test('a type or library that is missing is named', () => {
  const types = { In4: 'f32', Acc: 'f32' } as unknown as (typeof F32)['types'];
  assert.throws(() => specialise(unary, { types }, libraries), /unary: no type chosen for Out4/);
  assert.throws(() => specialise(unary, F32, {}), /unary: no function neg in shaders\/functions/);
  assert.throws(() => specialise(unary, F32, { 'functions/neg.wgsl': '' }), /no library lib\/grid\.wgsl/);
});

test('every shader is valid as it stands, with the defaults of its file', async () => {
  const own = Object.values(shaders).filter((value): value is typeof adam => 'source' in value);
  assert.ok(own.length >= 15);
  for (const shader of own as readonly Shader[]) {
    const aliases = [...shader.source.matchAll(/^alias (\w+) = (?:vec4<)?(\w+)>?;/gm)].map(
      ([, name, type]) => [name, type],
    );
    assert.equal(
      aliases.map(([name]) => name),
      [...shader.types],
      shader.name,
    );
    assert.equal(Object.fromEntries(aliases).Acc ?? 'f32', 'f32', shader.name);
    assert.match(shader.source, /^\/\/ /, `${shader.name}: the first line is a comment`);
  }
});

test('labels read, and tell every choice apart', () => {
  const choice = {
    types: F32.types,
    constants: { TM: 4 },
    overrides: { TRANSPOSE_A: true, ACTIVATION: 2 },
  } as const;
  assert.is(
    labelOf(gemm_direct, choice),
    'gemm_direct In=f32 Out=f32 Acc=f32 TM=4 TRANSPOSE_A=1 ACTIVATION=2',
  );
  assert.is.not(
    labelOf(gemm_direct, { ...choice, overrides: { ...choice.overrides, ACTIVATION: 3 } }),
    labelOf(gemm_direct, choice),
  );
});

test('grids wrap beyond 65535 workgroups and leave none out', () => {
  assert.equal(linearGrid(1, 64), [1, 1, 1]);
  assert.equal(linearGrid(64, 64), [1, 1, 1]);
  assert.equal(linearGrid(65, 64), [2, 1, 1]);
  assert.equal(linearGrid(65535 * 64, 64), [65535, 1, 1]);
  for (const count of [65535 * 64 + 1, 65535 * 130, 65535 * 64 * 7 + 5, 2 ** 32]) {
    const [x, y, z] = linearGrid(count, 64);
    assert.ok(
      x <= 65535 && y <= 65535 && z === 1 && x * y * 64 >= count && (y - 1) * x * 64 < count,
      `${count}: ${x}, ${y}`,
    );
  }
});

test('params are written in the order of the struct, each in its type', () => {
  const shader = {
    ...unary,
    params: [
      { name: 'a', type: 'u32' },
      { name: 'b', type: 'f32' },
      { name: 'c', type: 'i32' },
    ],
  } as const;
  const view = new DataView(encodeParams(shader as Shader, { c: -2, a: 4294967295, b: 0.5 } as never));
  assert.equal(
    [view.getUint32(0, true), view.getFloat32(4, true), view.getInt32(8, true)],
    [4294967295, 0.5, -2],
  );
  assert.throws(
    () => encodeParams(shader as Shader, { a: 1, b: 2 } as never),
    /unary: no value for params\.c/,
  );
});

/** A shader that multiplies by two, with `line` in its body. */
function descriptor(name: string, line: string) {
  return {
    ...{ name, types: ['Acc'], constants: {}, overrides: {}, params: [{ name: 'size', type: 'u32' }] },
    bindings: [{ name: 'x', access: 'read_write' }],
    source: [
      '// x[i] = 2 x[i].',
      'alias Acc = f32;',
      'struct Params { size: u32 }',
      '@group(0) @binding(0) var<storage, read_write> x: array<f32>;',
      '@group(0) @binding(1) var<uniform> params: Params;',
      '// #include "lib/grid.wgsl"',
      '@compute @workgroup_size(64)',
      'fn main(@builtin(global_invocation_id) id: vec3<u32>) {',
      '  if id.x >= params.size { return; }',
      `  ${line}`,
      '}',
    ].join('\n'),
  } as const satisfies Shader;
}

function double(name: string, line: string, x: ht.Tensor): void {
  const call = {
    types: { Acc: 'f32' },
    bindings: { x: x.storage },
    params: { size: x.size },
    workgroups: [1, 1, 1],
  } as const;
  x.engine.run(descriptor(name, line), call);
}

test('a shader that is refused becomes a ShaderError with file, line, text and pipeline', async () => {
  const x = ht.tensor([1, 2, 3], { engine });
  double('right', 'x[id.x] *= 2.0;', x);
  assert.equal([...(await x.data())], [2, 4, 6]);
  for (const [name, line, message] of [
    [
      'misspelt',
      'x[id.x] = x[id.x] * twoo;',
      /^shaders\/misspelt\.wgsl:10: unresolved value 'twoo'.*\(x\[id\.x\] = x\[id\.x\] \* twoo;\); pipeline misspelt Acc=f32$/,
    ],
    ['mistyped', 'x[id.x] = id.x;', /^shaders\/mistyped\.wgsl:10: .*u32.*f32/],
  ] as const) {
    const own = ht.tensor([1], { engine });
    double(name, line, own);
    const error = await own.data().then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    assert.instance(error, ht.ShaderError);
    assert.match(error!.message, message);
  }
  // The same mistake is told in the same words again.
  const again = ht.tensor([1], { engine });
  double('misspelt', 'x[id.x] = x[id.x] * twoo;', again);
  const error = await again.data().then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  assert.match(`${error?.message}`, /^shaders\/misspelt\.wgsl:10: unresolved value 'twoo'/);
  // Nothing of it is left: other work goes on.
  assert.equal([...(await ht.add(x, 1).data())], [3, 5, 7]);
  await engine.settle();
});

test('a mistake in an included library is told as such', async () => {
  const x = ht.tensor([1], { engine });
  const shader = descriptor('short', 'x[id.x] = f32(linearIndex(id, id, 0u));');
  engine.run(shader, {
    types: { Acc: 'f32' },
    bindings: { x: x.storage },
    params: { size: 1 },
    workgroups: [1, 1, 1],
  });
  const error = await x.data().then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  assert.instance(error, ht.ShaderError);
  assert.match(error!.message, /shaders\/short\.wgsl:10/);
  assert.is(lineOf(shader.source, 'linearIndex'), 9);
});

test('one storage bound twice, once for writing, is refused before it is recorded', () => {
  const x = ht.tensor([1], { engine });
  assert.throws(
    () =>
      engine.run(unary, {
        ...{ ...F32, bindings: { x: x.storage, g: x.storage, y: x.storage } },
        ...{ params: { size: 1, alpha: 0 }, workgroups: [1, 1, 1] },
      }),
    /unary: y is written and bound a second time/,
  );
});
