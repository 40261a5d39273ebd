/** `autocast`: each op in the dtype that suits it, by TensorFlow's lists or by PyTorch's, without a word from the model. */
import { isOpName, type PrecisionClass, withAutocaster } from '../autograd/autocasting.ts';
import { defaultEngine } from '../gpu/default-engine.ts';
import type { Engine } from '../gpu/engine.ts';
import { list, show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { runPainted } from './graph-caster.ts';
import { ListCaster, type ListName, PYTORCH_LISTS } from './list-caster.ts';

/** Names of ops that a list gains or loses for this call. */
export interface ListChange {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

export interface TensorflowRules {
  readonly rules?: 'tensorflow';
  readonly allow?: ListChange;
  readonly infer?: ListChange;
  readonly deny?: ListChange;
  readonly clear?: ListChange;
}

export interface PytorchRules {
  readonly rules: 'pytorch';
  readonly float16?: ListChange;
  readonly float32?: ListChange;
  readonly widest?: ListChange;
}

export type AutocastOptions = (TensorflowRules | PytorchRules) & {
  /** False: inside, nothing is cast, whatever stands around it. Default true. */
  readonly enabled?: boolean;
  /** Layers whose ops stay in float32, by their paths inside the model, such as `'encoder/dense_1'`, or what is in them; nodes of a graph by their names. */
  readonly float32In?: readonly string[];
  /** Of the tensors inside. Default: the default engine. */
  readonly engine?: Engine;
};

const RULES = ['tensorflow', 'pytorch'] as const;
const CLASSES = ['allow', 'infer', 'deny', 'clear'] as const;
const LISTS = ['float16', 'float32', 'widest'] as const;

/**
 * The result of `fn`, whose ops run in float16 where that is safe. Weights stay float32: ops get the copies that optimizers keep.
 *
 * `'tensorflow'` (the default) paints the graph of `fn` as TensorFlow's graph rewrite does: `fn` is run once without work to find the graph,
 * gradients taken inside it included, then with one cast for each tensor and direction; what it does on the host happens twice. Inside
 * `ht.jit` that is at tracing alone. Its results keep their dtypes. `'pytorch'` goes op by op: what is on the float16 or float32 list gets
 * its inputs cast to that, anything else runs in the widest dtype of its inputs; gradients run in the dtypes of the forward pass.
 *
 * Ops are named as in `program.explainPrecision()`. Float16 gradients can vanish: scale the loss. Throws `ArgumentError` for rules, lists and
 * ops that are none, for ops that PyTorch bans, and where `fn` is async or runs other ops the second time.
 */
export function autocast<T>(options: AutocastOptions, fn: () => T): T {
  const chosen = checkAutocast('autocast', options);
  if (!chosen.enabled) return withAutocaster(undefined, () => notAsync(fn()));
  const { float32In } = chosen;
  if (chosen.rules === 'pytorch')
    return withAutocaster(new ListCaster(chosen.lists, float32In), () => notAsync(fn()));
  return runPainted(options.engine ?? defaultEngine('autocast'), chosen.classes, float32In, fn);
}

type Checked = { readonly enabled: boolean; readonly float32In: readonly string[] } & (
  | { readonly rules: 'pytorch'; readonly lists: ReadonlyMap<string, ListName> }
  | { readonly rules: 'tensorflow'; readonly classes: ReadonlyMap<string, PrecisionClass> }
);

/** The rules that options ask for. Throws `ArgumentError` for what is none. */
export function checkAutocast(where: string, options: AutocastOptions): Checked {
  const { rules = 'tensorflow', enabled = true, float32In = [] } = options;
  if (!(RULES as readonly unknown[]).includes(rules))
    throw new ArgumentError(`${where}: unknown rules ${show(rules)}; use ${list(RULES)}`);
  checkOptions(where, options, [
    'rules',
    'enabled',
    'engine',
    'float32In',
    ...(rules === 'pytorch' ? LISTS : CLASSES),
  ]);
  if (typeof enabled !== 'boolean')
    throw new ArgumentError(`${where}: enabled is ${show(enabled)}; use true or false`);
  if (!Array.isArray(float32In) || float32In.some((path) => typeof path !== 'string'))
    throw new ArgumentError(
      `${where}: float32In is ${show(float32In)}; use an array of paths of layers, or names of nodes`,
    );
  if (rules === 'tensorflow')
    return {
      enabled,
      float32In,
      rules,
      classes: changed<PrecisionClass>(where, [], CLASSES, options as TensorflowRules),
    };
  const standard = LISTS.flatMap((name) => PYTORCH_LISTS[name].map((op) => [op, name] as const));
  return {
    enabled,
    float32In,
    rules,
    lists: changed<ListName>(where, standard, LISTS, options as PytorchRules),
  };
}

/** The lists by op, changed as asked: what is removed from its list is on none. */
function changed<L extends string>(
  where: string,
  standard: readonly (readonly [string, L])[],
  lists: readonly L[],
  changes: { readonly [K in L]?: ListChange },
): Map<string, L> {
  const byOp = new Map<string, L>(standard);
  const asked = lists.map((name) => ({ name, change: changes[name] ?? {} }));
  for (const { name, change } of asked) {
    checkOptions(`${where}: ${name}`, change, ['add', 'remove']);
    for (const [what, ops] of Object.entries(change)) {
      if (!Array.isArray(ops) || ops.some((op) => typeof op !== 'string'))
        throw new ArgumentError(`${where}: ${name}.${what} is ${show(ops)}; use an array of names of ops`);
      const unknown = ops.find((op) => !isOpName(op));
      if (unknown !== undefined)
        throw new ArgumentError(
          `${where}: ${name}.${what}: no op is called ${show(unknown)}; program.explainPrecision() names them`,
        );
    }
  }
  for (const { change } of asked) for (const op of change.remove ?? []) byOp.set(op, 'unlisted' as L);
  for (const { name, change } of asked) for (const op of change.add ?? []) byOp.set(op, name);
  return byOp;
}

function notAsync<T>(result: T): T {
  if (!(result instanceof Promise)) return result;
  result.catch(() => {});
  throw new ArgumentError('autocast: the function is async, and what it does later would not be seen');
}
