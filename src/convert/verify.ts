/** `verify`: a model's results under its own policies against those in float32, whole and layer by layer. */
import { withAutocaster } from '../autograd/autocasting.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { keep, tidy } from '../autograd/tidy.ts';
import { defaultEngine } from '../gpu/default-engine.ts';
import type { Engine } from '../gpu/engine.ts';
import { checkCount } from '../nn/checks.ts';
import type { SamplesBy } from '../nn/samples.ts';
import { abs } from '../ops/abs.ts';
import { argMax } from '../ops/arg-extreme.ts';
import { cast } from '../ops/cast.ts';
import { equal } from '../ops/compare.ts';
import { concat } from '../ops/concat.ts';
import { max } from '../ops/max.ts';
import { reshape } from '../ops/reshape.ts';
import { square } from '../ops/square.ts';
import { sub } from '../ops/sub.ts';
import { sum } from '../ops/sum.ts';
import type { AutocastOptions } from '../precision/autocast.ts';
import { ArgumentError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import {
  inFloat32,
  inputBatches,
  type LayerCall,
  type Trained,
  underRules,
  visitCalls,
} from './layer-calls.ts';
import { Difference, Verification } from './verification.ts';

export interface VerifyOptions {
  /** Most that a result may differ, as a share of the largest result. Default: no bound. */
  maxError?: number;
  /** Of the sample inputs. Default 8. */
  batchSize?: number;
  /** Runs the model in `ht.autocast` with these rules. Default: those of the model, `model.autocast`. */
  autocast?: AutocastOptions;
  /** The model whose float32 results count, of the same layers. Default: the model itself. */
  against?: Trained;
  /** Where the model's weights are made, if they are not yet. Default: the default engine. */
  engine?: Engine;
}

/**
 * Predicts for `x` twice, in float32 and under the model's own policies or rules, and compares all results, and those of every layer or node. The weights and the
 * policies stay as they are. With `against`, float32 is that model's, such as the one that this was converted from. Throws `ArgumentError`, `ShapeError`, `DataError`.
 */
export async function verify(
  model: Trained,
  x: SamplesBy,
  options: VerifyOptions = {},
): Promise<Verification> {
  checkOptions('verify', options, ['maxError', 'batchSize', 'autocast', 'against', 'engine']);
  const {
    maxError,
    autocast: rules = model.autocast,
    against = model,
    engine = defaultEngine('verify'),
  } = options;
  if (maxError !== undefined && !(maxError >= 0))
    throw new ArgumentError(`verify: maxError ${maxError}; use a number from 0 on`);
  const batchSize = checkCount('verify', 'batchSize', options.batchSize ?? 8);
  const outputs = new Map<string, Difference>();
  const layers = new Map<string, Difference>();
  for await (const inputs of inputBatches('verify', model, engine, x, batchSize)) {
    const found: Comparison[] = [];
    const reference = new Map<string, readonly Tensor[]>();
    try {
      const wide = await inFloat32(against, () =>
        visitCalls(against, inputs, ({ path, outputs }) => {
          reference.set(
            path,
            outputs.filter(isFloat).map((tensor) => keep(tensor.alias())),
          );
        }),
      );
      const compared = (call: LayerCall) => {
        const expected = reference.get(call.path) ?? [];
        for (const [index, tensor] of call.outputs.filter(isFloat).entries())
          found.push(
            withAutocaster(undefined, () => comparisonOf(layers, call.path, tensor, expected[index]!)),
          );
      };
      const own = await underRules(model, rules, () => visitCalls(model, inputs, compared));
      for (const [index, name] of model.outputNames.entries())
        found.push(comparisonOf(outputs, name, own[index]!, wide[index]!));
      for (const tensor of [...wide, ...own]) tensor.dispose();
      for (const { into, name, count, rows, numbers } of found) {
        const difference = into.get(name) ?? new Difference(name);
        into.set(name, difference);
        difference.add(count, rows, [...(await numbers.data())]);
      }
    } finally {
      for (const tensor of [...reference.values()].flat()) tensor.dispose();
      for (const { numbers } of found) numbers.dispose();
    }
  }
  return new Verification([...outputs.values()], [...layers.values()], maxError);
}

interface Comparison {
  readonly into: Map<string, Difference>;
  readonly name: string;
  readonly count: number;
  /** Of results (n, classes); else 0. */
  readonly rows: number;
  readonly numbers: Tensor;
}

function isFloat({ dtype }: Tensor): boolean {
  return dtype.startsWith('float');
}

/** Compares on the GPU, by the float32 numbers that `Difference.add` takes. */
function comparisonOf(
  into: Map<string, Difference>,
  name: string,
  result: Tensor,
  reference: Tensor,
): Comparison {
  const classes = reference.rank === 2 && reference.shape[1]! > 1;
  const numbers = tidy(() => {
    const [own, expected] = [cast(result, 'float32'), cast(reference, 'float32')];
    const difference = sub(own, expected);
    const parts = [
      max(abs(difference)),
      sum(abs(difference)),
      sum(square(difference)),
      max(abs(expected)),
      sum(square(expected)),
    ];
    if (classes) parts.push(sum(cast(equal(argMax(own, 1), argMax(expected, 1)), 'float32')));
    return concat(parts.map((part) => reshape(part, [1])));
  });
  const rows = classes ? reference.shape[0]! : 0;
  return { into, name, count: reference.size, rows, numbers: keep(numbers) };
}
