/** A graph becomes a model: what cannot be run is refused first, then the constants that its outputs need are read. */
import { Variable } from '../../autograd/variable.ts';
import type { Engine } from '../../gpu/engine.ts';
import { isFloat } from '../../values/dtype.ts';
import { checkShape } from '../../values/shape.ts';
import { GraphModel, type GraphParts } from './graph-model.ts';
import { HostArray, MOST_ON_HOST } from './host-array.ts';
import { partsOf } from './plan.ts';
import { DEFAULTED } from './ports.ts';

/** `readers` by the names of nodes. Throws `FormatError`; then nothing is left on the GPU. */
export async function modelOfGraph(
  given: Omit<GraphParts, 'constants'>,
  readers: ReadonlyMap<string, () => HostArray | Promise<HostArray>>,
): Promise<GraphModel> {
  const { graph, inputs, outputs, engine } = given;
  const unread = new Map([...readers.keys()].map((name) => [name, HostArray.vector([])]));
  new GraphModel({ ...given, constants: unread });
  const constants = new Map<string, HostArray | Variable>();
  const parts = partsOf(
    graph,
    outputs.map(({ endpoint }) => endpoint),
    inputs.map(({ endpoint }) => endpoint.node).filter((name) => graph.node(name).op !== DEFAULTED),
  );
  const needed = new Set(parts.flatMap(({ nodes }) => nodes.map(({ name }) => name)));
  try {
    for (const name of needed) {
      const reader = readers.get(name);
      if (reader) constants.set(name, placed(engine, name, await reader()));
    }
    return new GraphModel({ ...given, constants });
  } catch (error) {
    for (const value of constants.values()) if (value instanceof Variable) value.dispose();
    throw error;
  }
}

/** Vectors and larger floats lie on the GPU, where programs keep float16 copies of them; what shapes are made of stays on the host. */
function placed(engine: Engine, name: string, array: HostArray): HostArray | Variable {
  const { values, shape, dtype, size } = array;
  if (!(isFloat(dtype) && size > 1) && size <= MOST_ON_HOST) return array;
  return new Variable(engine, values, checkShape(name, shape), dtype, { name, trainable: false });
}
