// Tests of every kernel of the GEMM family that this adapter can run; test/gpu-matrix.test.ts has those of matrix units.
import { FAMILY } from '../../src/kernels/gemm/family.ts';
import { matrix } from '../../src/kernels/gemm/matrix.ts';
import { suite } from '../harness.ts';
import { useEngines } from './engines.ts';
import { checkKernel } from './gemm-kernel.ts';
import { checkPatches } from './gemm-patches.ts';
import { FORMS } from './row.ts';

const test = suite('gemm family');
const engines = useEngines(test);

for (const kernel of FAMILY) {
  if (kernel === matrix) continue;
  checkKernel(test, engines, kernel, FORMS);
  checkPatches(test, engines, kernel, FORMS);
}
