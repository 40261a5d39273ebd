// Graphs whose course depends on data, in both of TensorFlow's forms: loops by frames and by functions, branches, lists.
import { type Built, built, type NodeJson, node, placeholder, type Weight } from './build.ts';
import { floats, int, ints } from './classifier.ts';

const FRAME = { frame_name: 'f', parallel_iterations: 10 };
export const enter = (name: string, from: string, fixed = false, frame = 'f') =>
  node(name, 'Enter', [from], { ...FRAME, frame_name: frame, is_constant: fixed });

/** x doubled until its sum passes `limit`, and how often: a loop of TensorFlow 1, with a limit that all iterations see. */
export const DOUBLED: Built = built(
  [
    placeholder('x', [-1]),
    placeholder('limit', []),
    enter('enter_x', 'x'),
    enter('enter_i', 'zero'),
    enter('enter_limit', 'limit', true),
    node('x_now', 'Merge', ['enter_x', 'next_x']),
    node('i_now', 'Merge', ['enter_i', 'next_i']),
    node('sum', 'Sum', ['x_now', 'axis']),
    node('less', 'Less', ['sum', 'enter_limit']),
    node('cond', 'LoopCond', ['less']),
    node('x_switch', 'Switch', ['x_now', 'cond']),
    node('i_switch', 'Switch', ['i_now', 'cond']),
    node('twice', 'Mul', ['x_switch:1', 'two']),
    node('more', 'AddV2', ['i_switch:1', 'one']),
    node('next_x', 'NextIteration', ['twice']),
    node('next_i', 'NextIteration', ['more']),
    node('y', 'Exit', ['x_switch']),
    node('count', 'Exit', ['i_switch']),
  ],
  [int('zero', 0), int('one', 1), ints('axis', 0), { name: 'two', shape: [], dtype: 'float32', values: [2] }],
);

/** A branch of TensorFlow 1: x negated or squared, and a constant that only says which. */
export const BRANCHED: Built = after(
  { yes: 't', no: 'f' },
  built(
    [
      placeholder('x', [-1]),
      placeholder('p', [], 'bool'),
      node('s', 'Switch', ['x', 'p']),
      node('t', 'Identity', ['s:1']),
      node('f', 'Identity', ['s']),
      node('neg', 'Neg', ['f']),
      node('square', 'Square', ['t']),
      node('y', 'Merge', ['neg', 'square']),
      node('which', 'Merge', ['yes', 'no']),
    ],
    [int('yes', 7), int('no', 9)],
  ),
);

/** Nodes that run behind others. */
function after(before: Readonly<Record<string, string>>, graph: Built): Built {
  const { node: nodes } = graph.json.modelTopology as { node: NodeJson[] };
  for (const own of nodes) if (before[own.name]) own.input = [...(own.input ?? []), `^${before[own.name]}`];
  return graph;
}

interface FunctionJson {
  name: string;
  inputs: string[];
  outputs: Record<string, string>;
  nodes: NodeJson[];
}

/** `model.json` with a library. */
export function withLibrary(graph: Built, functions: readonly FunctionJson[]): Built {
  const library = {
    function: functions.map(({ name, inputs, outputs, nodes }) => ({
      signature: {
        name,
        inputArg: inputs.map((input) => ({ name: input })),
        outputArg: Object.keys(outputs).map((output) => ({ name: output })),
      },
      nodeDef: nodes,
      ret: outputs,
    })),
  };
  const topology = graph.json.modelTopology as object;
  return { ...graph, json: { ...graph.json, modelTopology: { ...topology, library } } };
}

const fn = (func: string) => ({ func: { name: func } });
const list = { element_dtype: 'DT_FLOAT' };

/** Rows of x one by one, each by the half it is in: a loop of TensorFlow 2 that branches, and reads and writes lists. */
export const ROWS: Built = withLibrary(
  built(
    [
      placeholder('x', [-1, 2]),
      node('shape', 'Shape', ['x']),
      node('n', 'StridedSlice', ['shape', 'zero', 'one', 'one'], { shrink_axis_mask: 1 }),
      node('rows', 'TensorListFromTensor', ['x', 'row'], list),
      node('out', 'TensorListReserve', ['row', 'n'], list),
      node('i', 'Reshape', ['zero', 'none']),
      node('loop', 'StatelessWhile', ['i', 'n', 'rows', 'out'], { cond: fn('go'), body: fn('step') }),
      node('y', 'TensorListStack', ['loop:3', 'row'], list),
      node('length', 'TensorListLength', ['loop:3']),
    ],
    [
      ints('zero', 0),
      ints('one', 1),
      ints('row', 2),
      { name: 'none', shape: [0], dtype: 'int32', values: [] } as Weight,
      int('i_one', 1),
      floats('w', 2),
    ],
  ),
  [
    {
      ...{ name: 'go', inputs: ['i', 'n', 'rows', 'out'], outputs: { go: 'less:z:0' } },
      nodes: [node('less', 'Less', ['i', 'n'])],
    },
    {
      ...{ name: 'step', inputs: ['i', 'n', 'rows', 'out'] },
      outputs: { i: 'next:z:0', n: 'n', rows: 'rows', out: 'set:output_handle:0' },
      nodes: [
        { ...node('i_one', 'Const', [], { dtype: 'DT_INT32' }) },
        { ...node('w', 'Const', [], { dtype: 'DT_FLOAT' }) },
        node('next', 'AddV2', ['i', 'i_one:output:0']),
        node('row', 'TensorListGetItem', ['rows', 'i', 'shape:output:0'], list),
        node('shape', 'Shape', ['w:output:0']),
        node('sum', 'Sum', ['row:item:0', 'axis:output:0']),
        node('axis', 'Range', ['zero:y:0', 'i_one:output:0', 'i_one:output:0']),
        node('zero', 'Sub', ['i_one:output:0', 'i_one:output:0']),
        node('is', 'Greater', ['sum:output:0', 'bound:y:0']),
        node('bound', 'Cast', ['zero:z:0'], { DstT: 'DT_FLOAT' }),
        node('picked', 'StatelessIf', ['is:z:0', 'row:item:0', 'w:output:0'], {
          ...{ then_branch: fn('scale'), else_branch: fn('flip') },
        }),
        node('set', 'TensorListSetItem', ['out', 'i', 'picked:output:0'], list),
      ],
    },
    {
      ...{ name: 'scale', inputs: ['row', 'w'], outputs: { y: 'y:z:0' } },
      nodes: [node('y', 'Mul', ['row', 'w'])],
    },
    {
      ...{ name: 'flip', inputs: ['row', 'w'], outputs: { y: 'y:y:0' } },
      nodes: [node('y', 'Neg', ['row'])],
    },
  ],
);
