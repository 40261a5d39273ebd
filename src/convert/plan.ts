/** `plan`: for each layer the dtypes that it should have in mixed precision, and why; with sample inputs, by what they measure. */
import { defaultEngine } from '../gpu/default-engine.ts';
import type { Engine } from '../gpu/engine.ts';
import { checkCount } from '../nn/checks.ts';
import type { AnyLayer } from '../nn/layer.ts';
import { BatchNormalization } from '../nn/layers/batch-normalization.ts';
import { Embedding } from '../nn/layers/embedding.ts';
import { InputLayer } from '../nn/layers/input.ts';
import { Normalization } from '../nn/layers/normalization.ts';
import { Model } from '../nn/model.ts';
import type { SamplesBy } from '../nn/samples.ts';
import { type AutocastOptions, checkAutocast } from '../precision/autocast.ts';
import { type Policy, type PolicyLike, toPolicy } from '../precision/policy.ts';
import { ArgumentError } from '../values/errors.ts';
import { HALF_MAX, HALF_MIN_NORMAL } from '../values/half.ts';
import { checkOptions } from '../values/options.ts';
import { threeDigits } from '../values/text-table.ts';
import { GraphModel } from './graph/graph-model.ts';
import { type FoldedCall, whyNotFolded } from './input-scale.ts';
import { inFloat32, inputBatches, layerPaths, type Trained, visitCalls } from './layer-calls.ts';
import { planOps } from './plan-ops.ts';
import { Plan, type PlannedLayer, type Ranged } from './planned.ts';
import type { OpPlan } from './planned-ops.ts';
import { lossNotes, nearOverflow, ROOM } from './range-notes.ts';
import { Ranges } from './ranges.ts';

/** Of a plan by layers. */
export interface PlanOptions extends CalibrationOptions {
  /** What layers get that nothing speaks against. Default `'mixed_float16'`. */
  policy?: PolicyLike;
  rules?: undefined;
}

/** Of a plan by op. */
export interface OpPlanOptions extends CalibrationOptions {
  /** `'tensorflow'`, `'pytorch'`, or rules with lists that are changed, as `ht.autocast` takes them. */
  rules: 'tensorflow' | 'pytorch' | AutocastOptions;
  policy?: undefined;
}

interface CalibrationOptions {
  /** Sample inputs, as `predict` takes them: their ranges decide what float16 can hold. Default: none are measured. */
  calibration?: SamplesBy;
  /** Of the sample inputs. Default 8. */
  batchSize?: number;
  /** Where the model's weights are made, if they are not yet. Default: the default engine. */
  engine?: Engine;
}

/**
 * A plan for `model`, whose weights and policies stay as they are. Layers whose results are the model's stay in float32, as Keras advises: what
 * softmax, losses and users make of them would be rounded to 11 bits. With sample inputs the model predicts once in float32, and each layer's
 * inputs, results and weights are held against float16's range: where something would overflow, a scale is folded into the first and the last layers
 * if what lies between passes it on, else the layers that meet it stay in float32.
 *
 * With `rules`, as always of a graph-model (then by default TensorFlow's), the plan goes by op: what each op of a prediction computes in, and why. With
 * sample inputs each op's results are measured before they are narrowed; a layer, or a node, where one overflows is kept in float32. Throws `ArgumentError`, `ShapeError`, `DataError`.
 */
export async function plan(model: GraphModel, options?: CalibrationOptions): Promise<OpPlan>;
export async function plan(model: Trained, options: OpPlanOptions): Promise<OpPlan>;
export async function plan(model: Model, options?: PlanOptions): Promise<Plan>;
export async function plan(
  model: Trained,
  options: PlanOptions | OpPlanOptions | CalibrationOptions = {},
): Promise<Plan | OpPlan> {
  checkOptions('plan', options, ['policy', 'rules', 'calibration', 'batchSize', 'engine']);
  const { calibration, engine = defaultEngine('plan') } = options;
  const batchSize = checkCount('plan', 'batchSize', options.batchSize ?? 8);
  const { policy, rules } = options as { policy?: PolicyLike; rules?: OpPlanOptions['rules'] };
  if (policy !== undefined && (rules !== undefined || model instanceof GraphModel))
    throw new ArgumentError(
      `plan: policy ${rules === undefined ? 'for a graph-model, which has ops and no layers' : 'and rules'}; use policy for layers, rules for ops`,
    );
  if (rules === undefined && model instanceof Model)
    return planLayers(model, engine, toPolicy(policy ?? 'mixed_float16'), calibration, batchSize);
  const asked: AutocastOptions = typeof rules === 'string' ? { rules } : (rules ?? { rules: 'tensorflow' });
  checkAutocast('plan', asked);
  return planOps(model, engine, asked, calibration, batchSize);
}

async function planLayers(
  model: Model,
  engine: Engine,
  policy: Policy,
  calibration: SamplesBy | undefined,
  batchSize: number,
): Promise<Plan> {
  const measured =
    calibration === undefined ? undefined : await measure(model, engine, calibration, batchSize);
  const results = resultLayers(model);
  const paths = [...layerPaths(model)].filter(([layer]) => !(layer instanceof InputLayer));
  const scale = measured && inputScaleFor(measured, results);
  const layers = paths.map(([layer, path]): PlannedLayer => {
    const ranges = measured?.ranges.get(path);
    const wide = policy.computeDtype === 'float32' ? undefined : whyFloat32(layer, ranges, results, scale);
    return {
      ...{ path, policy: toPolicy(wide ? 'float32' : policy.at(path)), ranges },
      notes: wide ? [wide] : notesOf(layer, ranges, policy, scale),
    };
  });
  const folded =
    scale && layers.some(({ policy: own }) => own.computeDtype === 'float16') ? scale : undefined;
  return new Plan(policy, layers, folded, folded ? measured!.calls : []);
}

interface Measurement {
  readonly ranges: ReadonlyMap<string, Ranged>;
  readonly calls: readonly FoldedCall[];
}

/** Ranges of what each layer takes, gives and keeps, in float32. */
async function measure(model: Model, engine: Engine, x: SamplesBy, batchSize: number): Promise<Measurement> {
  const found = { inputs: new Ranges(), results: new Ranges(), weights: new Ranges() };
  const calls = new Map<string, FoldedCall>();
  const last = resultLayers(model);
  await inFloat32(model, async () => {
    for await (const inputs of inputBatches('plan', model, engine, x, batchSize)) {
      const outputs = visitCalls(model, inputs, ({ path, layer, inputs: taken, outputs: given, from }) => {
        const name = path.replace(/ \(\d+\)$/, '');
        if (layer) calls.set(path, { layer, from, last: last.has(layer) });
        for (const tensor of taken) if (isFloat32(tensor)) found.inputs.add(name, tensor);
        for (const tensor of given) if (isFloat32(tensor)) found.results.add(name, tensor);
      });
      for (const output of outputs) output.dispose();
      await found.inputs.gather();
      await found.results.gather();
    }
  });
  for (const [layer, path] of layerPaths(model))
    for (const weight of layer.weights) if (isFloat32(weight)) found.weights.add(path, weight.values);
  const [inputs, results, weights] = await Promise.all(
    [found.inputs, found.results, found.weights].map((ranges) => ranges.gather()),
  );
  const ranges = [...layerPaths(model).values()].map((path): [string, Ranged] => [
    path,
    { inputs: inputs!.get(path), results: results!.get(path), weights: weights!.get(path) },
  ]);
  return { ranges: new Map(ranges), calls: [...calls.values()] };
}

function isFloat32({ dtype }: { readonly dtype: string }): boolean {
  return dtype === 'float32';
}

/** Layers whose results are the model's, also those inside models whose results are. */
function resultLayers(model: Model): ReadonlySet<AnyLayer> {
  return new Set(
    model.outputLayers.flatMap((layer) => (layer instanceof Model ? [...resultLayers(layer)] : [layer])),
  );
}

/** A power of two that brings all results between first and last layers below the largest half, with room; undefined where none is needed or none fits. */
function inputScaleFor({ ranges, calls }: Measurement, results: ReadonlySet<AnyLayer>): number | undefined {
  const between = calls.filter(({ last }) => !last);
  const inside = [...ranges.entries()].filter(([path]) =>
    between.some(({ layer }) => path.endsWith(layer.name) && !results.has(layer)),
  );
  const largest = Math.max(0, ...inside.map(([, { results: own }]) => own?.max ?? 0));
  if (!(largest * ROOM > HALF_MAX) || !Number.isFinite(largest)) return undefined;
  if (whyNotFolded(calls) !== undefined) return undefined;
  return 2 ** Math.ceil(Math.log2((largest * ROOM) / HALF_MAX));
}

/** The reason for float32; undefined where there is none. */
function whyFloat32(
  layer: AnyLayer,
  ranges: Ranged | undefined,
  results: ReadonlySet<AnyLayer>,
  scale = 1,
): string | undefined {
  if (results.has(layer)) return "its results are the model's";
  const weights = ranges?.weights;
  if (weights && !(weights.max <= HALF_MAX)) return `weights up to ${threeDigits(weights.max)} do not fit`;
  for (const [what, range] of [
    ['inputs', ranges?.inputs],
    ['results', ranges?.results],
  ] as const) {
    if (!range) continue;
    if (!(range.max / scale <= HALF_MAX)) return `${what} up to ${threeDigits(range.max)} overflow`;
    if (range.nonzero > 0 && range.max / scale < HALF_MIN_NORMAL)
      return `${what} of at most ${threeDigits(range.max)} are subnormal halves`;
  }
  return undefined;
}

/** What to know of a layer in float16. */
function notesOf(
  layer: AnyLayer,
  ranges: Ranged | undefined,
  { computeDtype }: Policy,
  scale = 1,
): readonly string[] {
  if (computeDtype === 'float32') return [];
  const notes: string[] = [];
  if (layer instanceof BatchNormalization || layer instanceof Normalization)
    notes.push('weights and statistics stay float32');
  if (layer instanceof Embedding) notes.push('looked up in its half copy');
  const { results, weights } = ranges ?? {};
  if (results) notes.push(...nearOverflow(results.max / scale));
  if (results) notes.push(...lossNotes('results', results));
  if (weights) notes.push(...lossNotes('weights', weights));
  return notes;
}
