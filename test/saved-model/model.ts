// A signature of a SavedModel, to be written by signature.ts: functions in functions, variables, the function that restores them.
import { drawn, node, placeholder } from '../graph/build.ts';
import { call, constantDef, type SignatureJson } from './signature.ts';

export const KERNEL = drawn('kernel', 6);
export const BIAS = drawn('bias', 2);
export const type = { dtype: 'DT_FLOAT' };

/** relu(x kernel + bias) 2, in a function that calls another, its variables both called `w` in the checkpoint. */
export const MODEL: SignatureJson = {
  nodes: [
    placeholder('serving_x', [-1, 3]),
    node('kernel', 'VarHandleOp', [], { ...type, shared_name: 'wrong' }),
    node('bias', 'VarHandleOp', [], { ...type, shared_name: 'wrong' }),
    constantDef('prefix', ['path'], []),
    call('StatefulPartitionedCall', 'serve', ['serving_x', 'kernel', 'bias']),
    call('Restore', 'restore', ['prefix', 'kernel', 'bias']),
  ],
  functions: [
    {
      name: 'dense',
      arguments: ['x', 'w', 'b'],
      nodes: [
        node('Read', 'ReadVariableOp', ['w'], type),
        node('ReadBias', 'ReadVariableOp', ['b'], type),
        node('MatMul', 'MatMul', ['x', 'Read:value:0'], { transpose_a: false, transpose_b: false }),
        node('BiasAdd', 'BiasAdd', ['MatMul:product:0', 'ReadBias:value:0'], { data_format: 'NHWC' }),
        node('Identity', 'Identity', ['BiasAdd:output:0', '^Read']),
      ],
      results: { out: 'Identity:output:0', raw: 'MatMul:product:0' },
    },
    {
      name: 'serve',
      arguments: ['inputs', 'first', 'second'],
      nodes: [
        call('layer', 'dense', ['inputs', 'first', 'second']),
        node('Relu', 'Relu', ['layer:output:0']),
        constantDef('two', [2], []),
        node('double', 'Mul', ['Relu:activations:0', 'two:output:0']),
      ],
      results: { y: 'double:z:0', product: 'layer:output:1' },
    },
    {
      name: 'restore',
      arguments: ['file', 'a', 'b'],
      nodes: [
        constantDef('names', ['layers/b/w', 'layers/a/w'], [2]),
        constantDef('slices', ['', ''], [2]),
        node('RestoreV2', 'RestoreV2', ['file', 'names:output:0', 'slices:output:0']),
        node('One', 'Identity', ['RestoreV2:tensors:1']),
        node('Two', 'Identity', ['RestoreV2:tensors:0']),
        node('Assign', 'AssignVariableOp', ['a', 'One:output:0'], type),
        node('Assign_1', 'AssignVariableOp', ['b', 'Two:output:0'], type),
      ],
      results: {},
    },
  ],
  inputs: { x: { name: 'serving_x:0', shape: [-1, 3] } },
  outputs: { y: 'StatefulPartitionedCall:0', product: 'StatefulPartitionedCall:1' },
  restore: 'Restore',
  stored: [
    { key: 'layers/a/w', shape: [3, 2], type: 'float32', values: KERNEL },
    { key: 'layers/b/w', shape: [2], type: 'float32', values: BIAS },
  ],
};
