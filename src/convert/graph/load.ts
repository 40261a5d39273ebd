/** A graph becomes a model: what cannot be run is refused first, then the constants that its outputs need are read. */
import { Variable } from '../../autograd/variable.ts';
import type { Engine } from '../../gpu/engine.ts';
import { isFloat } from '../../values/dtype.ts';
import { checkShape } from '../../values/shape.ts';
import { DEFAULTED, GraphModel, type GraphParts } from './graph-model.ts';
import { HostArray, MOST_ON_HOST } from './host-array.ts';

/** `readers` by the names of nodes. Throws `FormatError`; then nothing is left on the GPU. */
export async function modelOfGraph(
  parts: Omit<GraphParts, 'constants'>,
  readers: ReadonlyMap<string, () => HostArray | Promise<HostArray>>,
): Promise<GraphModel> {
  const { graph, inputs, outputs, engine } = parts;
  const unread = new Map([...readers.keys()].map((name) => [name, HostArray.vector([])]));
  new GraphModel({ ...parts, constants: unread });
  const constants = new Map<string, HostArray | Variable>();
  const needed = graph.order(
    outputs.map(({ endpoint }) => endpoint.node),
    new Set(inputs.map(({ endpoint }) => endpoint.node).filter((name) => graph.node(name).op !== DEFAULTED)),
  );
  try {
    for (const { name } of needed) {
      const reader = readers.get(name);
      if (reader) constants.set(name, placed(engine, name, await reader()));
    }
    return new GraphModel({ ...parts, constants });
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
