// Opens graphs that tests build: as files in memory, or with all values on the host.
import type { Variable } from '../../src/autograd/variable.ts';
import { HostArray } from '../../src/convert/graph/host-array.ts';
import { graphOfJson } from '../../src/convert/graph/json-graph.ts';
import { GraphModel } from '../../src/convert/graph-model.ts';
import { Place } from '../../src/convert/json.ts';
import type { StoredTensor } from '../../src/convert/stored-model.ts';
import { graphModelOf } from '../../src/convert/tfjs-graph.ts';
import type * as ht from '../../src/node.ts';
import type { Built } from './build.ts';
import { caseGraph, type GraphCase } from './case-graph.ts';

export function opened({ json, stored }: Built, engine: ht.Engine): Promise<GraphModel> {
  const weights = new Map(
    stored.map(({ name, shape, dtype, values }): [string, StoredTensor] => {
      const typed = dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
      return [name, { name, shape, dtype, read: async () => typed }];
    }),
  );
  return graphModelOf('model.json', json, weights, engine);
}

/** The case with all of its inputs known on the host. */
export function onHost(row: GraphCase, outputs: readonly string[], engine: ht.Engine): GraphModel {
  const { json, stored, inputs } = caseGraph(row);
  const graph = graphOfJson(new Place('model.json', json).at('modelTopology'));
  const given = [...stored.map(({ name, ...rest }) => [name, rest] as const), ...Object.entries(inputs)];
  const constants = given.map(([name, { values, shape, dtype }]): [string, HostArray | Variable] => {
    return [name, new HostArray(values, shape, dtype as ht.DType)];
  });
  const ports = outputs.map((name) => {
    const [own, output = '0'] = name.split(':') as [string, string?];
    return { name, endpoint: { node: own, output: Number(output) }, dtype: undefined, shape: null };
  });
  return new GraphModel({ graph, inputs: [], outputs: ports, constants: new Map(constants), engine });
}
