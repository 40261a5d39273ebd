// Layer table: products by an equation.
import type { Plain } from '../reference/array.ts';
import { einsum } from '../reference/einsum.ts';
import { binary, unary } from '../reference/elementwise.ts';
import type { LayerRow } from './row.ts';

const plus = binary((a, b) => a + b);
const silu = unary((x) => x / (1 + Math.exp(-x)));

export const EINSUM_DENSE: readonly LayerRow[] = [
  {
    ...{
      layer: 'einsumDense',
      options: { equation: 'ab,bc->ac', outputShape: 4, biasAxes: 'c', activation: 'silu' },
    },
    ...{ inputs: [[3, 5]], terms: 5 },
    reference: (x, kernel, bias) => silu(plus(einsum('ab,bc->ac', x!, kernel!), bias!)),
  },
  {
    ...{
      layer: 'einsumDense',
      options: { equation: 'abc,cde->abde', outputShape: [null, 2, 5], biasAxes: 'de' },
    },
    ...{ inputs: [[2, 3, 4]], terms: 4 },
    reference: (x, kernel, bias) => plus(einsum('abc,cde->abde', x!, kernel!), bias!),
  },
  {
    ...{
      layer: 'einsumDense',
      options: { equation: 'abcd,cde->abe', outputShape: [null, 5], biasAxes: 'e' },
    },
    ...{ inputs: [[2, 3, 2, 4]], terms: 8 },
    reference: (x, kernel, bias) => plus(einsum('abcd,cde->abe', x!, kernel!), bias!),
  },
  {
    ...{ layer: 'einsumDense', options: { equation: '...x,xy->...y', outputShape: 3, biasAxes: 'y' } },
    ...{ inputs: [[2, 3, 2, 4]], terms: 4 },
    reference: (x, kernel, bias) => plus(einsum('abcx,xy->abcy', x!, kernel!), bias!),
  },
  {
    ...{ layer: 'einsumDense', options: { equation: 'ab...,bc->ac...', outputShape: [3], biasAxes: 'c' } },
    ...{ inputs: [[2, 4, 3]], terms: 4 },
    reference: (x: Plain, kernel, bias) => plus(einsum('abz,bc->acz', x, kernel!), bias!),
  },
  {
    ...{ layer: 'einsumDense', options: { equation: 'abc,bd->adc', outputShape: [6, null] } },
    ...{ inputs: [[2, 4, 3]], terms: 4 },
    reference: (x, kernel) => einsum('abc,bd->adc', x!, kernel!),
  },
];
