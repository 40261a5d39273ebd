// The smallest shader with subgroup matrices: one subgroup multiplies one pair of matrices.
import type { MatrixConfig } from '../../src/gpu/adapter.ts';
import type { Shader, Specialisation } from '../../src/gpu/shader.ts';

export const product = {
  name: 'matrix_product',
  types: ['In', 'Acc'],
  constants: { FM: 8, FN: 8, FK: 8, THREADS: 32, SUBGROUP: 32 },
  overrides: {},
  bindings: [
    { name: 'a', access: 'read' },
    { name: 'b', access: 'read' },
    { name: 'c', access: 'read_write' },
  ],
  params: [{ name: 'size', type: 'u32' }],
  // A matrix type names its columns first, then its rows.
  source: `// c = a b, all with rows one behind the other.
alias In = f32;
alias Acc = f32;
const FM = 8u;
const FN = 8u;
const FK = 8u;
const THREADS = 32u;
const SUBGROUP = 32u;
struct Params {
  size: u32,
}
@group(0) @binding(0) var<storage, read> a: array<In>;
@group(0) @binding(1) var<storage, read> b: array<In>;
@group(0) @binding(2) var<storage, read_write> c: array<Acc>;
@group(0) @binding(3) var<uniform> params: Params;
@compute @subgroup_size(SUBGROUP) @workgroup_size(THREADS)
fn main() {
  var sum = subgroup_matrix_result<Acc, FN, FM>(0.0);
  let left = subgroupMatrixLoad<subgroup_matrix_left<In, FK, FM>, row_major>(&a, 0u, FK);
  let right = subgroupMatrixLoad<subgroup_matrix_right<In, FN, FK>, row_major>(&b, 0u, FN);
  sum = subgroupMatrixMultiplyAccumulate(left, right, sum);
  subgroupMatrixStore<row_major>(&c, 0u, sum, FN);
}
`,
} as const satisfies Shader;

/** `threads` in one workgroup, in subgroups of `subgroup`; 0 leaves their size to the device. */
export function productChoice(config: MatrixConfig, threads: number, subgroup: number) {
  return {
    types: { In: config.input, Acc: config.output },
    constants: { FM: config.m, FN: config.n, FK: config.k, THREADS: threads, SUBGROUP: subgroup },
  } as const satisfies Specialisation<typeof product>;
}
