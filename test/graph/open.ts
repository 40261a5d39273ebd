// Opens graphs that tests build: as files in memory, or with all values on the host.
import type { Variable } from '../../src/autograd/variable.ts';
import { GraphModel } from '../../src/convert/graph/graph-model.ts';
import { HostArray } from '../../src/convert/graph/host-array.ts';
import { graphOfJson } from '../../src/convert/graph/json-graph.ts';
import { Place } from '../../src/convert/json.ts';
import * as ht from '../../src/node.ts';
import type { Built } from './build.ts';
import { caseGraph, type GraphCase } from './case-graph.ts';

export function filesOf({ json, weights }: Built): Record<string, Uint8Array> {
  return { 'model.json': new TextEncoder().encode(JSON.stringify(json)), 'weights.bin': weights };
}

export function opened(graph: Built, engine: ht.Engine): Promise<ht.GraphModel> {
  return ht.loadGraphModel(filesOf(graph), { engine });
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
