/** `inspect` of graph-models: nodes counted, weights looked through, what cannot be run told. Needs no GPU. */
import { FormatError } from '../values/errors.ts';
import { sizeOf } from '../values/shape.ts';
import type { ModelFiles } from './files.ts';
import { allNodes } from './graph/graph.ts';
import { graphOfJson } from './graph/json-graph.ts';
import { checkOps } from './graph/plan.ts';
import { GraphInspection } from './graph-inspection.ts';
import type { InspectOptions } from './inspection.ts';
import type { Place } from './json.ts';
import { RULES, rulesAt } from './precision-rules.ts';
import { rangeOf } from './ranges.ts';
import { portsOf, tfjsGraphModel } from './tfjs/graph-model.ts';
import { tensorsIn } from './tfjs/manifest.ts';

/** Of the graph-model whose `model.json` is `file`. Throws `FormatError`. */
export async function inspectGraph(
  files: ModelFiles,
  file: Place,
  { onProgress = () => {} }: InspectOptions,
): Promise<GraphInspection> {
  const graph = graphOfJson(file.at('modelTopology'));
  const { inputs, outputs } = portsOf(file, graph);
  const tensors = await tensorsIn(file.at('weightsManifest'), files);
  const total = tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  let done = 0;
  const arrays = [];
  for (const { name, shape, stored, read } of tensors) {
    const values = await read();
    done += values.length;
    onProgress(done / total);
    const range = values instanceof Float32Array ? rangeOf(values) : undefined;
    arrays.push({ name, shape, stored, weights: values.length, range });
  }
  const counts = new Map<string, number>();
  for (const { op } of graph.nodes.values()) if (op !== 'Const') counts.set(op, (counts.get(op) ?? 0) + 1);
  return new GraphInspection({
    ...{ format: tfjsGraphModel.name, inputs, outputs, arrays, rules: rulesAt(file.at(RULES)) },
    ops: Object.fromEntries([...counts].sort(([, a], [, b]) => b - a)),
    reason: reasonAgainst(() => {
      const given = inputs.map(({ endpoint }) => endpoint.node);
      const constants = allNodes(graph).filter(({ op }) => op === 'Const');
      checkOps(
        graph,
        outputs.map(({ endpoint }) => endpoint),
        given,
        new Set(constants.map(({ name }) => name)),
      );
    }),
  });
}

function reasonAgainst(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
}
