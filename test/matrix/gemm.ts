// gemm_matrix on an adapter with matrix units: every tile, layout and edge against f64.
import { matrix } from '../../src/kernels/gemm/matrix.ts';
import { suite } from '../harness.ts';
import { useEngines } from '../ops/engines.ts';
import { checkKernel } from '../ops/gemm-kernel.ts';
import { checkPatches } from '../ops/gemm-patches.ts';

const test = suite('gemm_matrix');
const engines = useEngines(test);
checkKernel(test, engines, matrix, ['float16 native']);
checkPatches(test, engines, matrix, ['float16 native']);
