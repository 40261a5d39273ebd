/** Dtype policies, as Keras has them: the dtype a layer computes in, and the one that its variables are stored in. */
import { DTYPES, type FloatDType, list, show } from '../values/dtype.ts';
import { ArgumentError, DtypeError } from '../values/errors.ts';

export const POLICY_NAMES = ['float32', 'float16', 'mixed_float16'] as const;
export type PolicyName = (typeof POLICY_NAMES)[number];

/** How Keras 3 and tf.keras write a policy into the configuration of a layer. */
export interface SerializedPolicy {
  readonly module: string;
  readonly class_name: string;
  readonly config: { readonly name: PolicyName };
  readonly registered_name: string | null;
}

export class Policy {
  readonly name: PolicyName;
  /** dtype that layers cast their inputs to and compute in. */
  readonly computeDtype: FloatDType;
  /** dtype of their variables: the masters. */
  readonly variableDtype: FloatDType;

  /**
   * By name, by `getConfig()`, or by what Keras 3 or tf.keras serialised; the `loss_scale` that TensorFlow 2.3 wrote there is left out.
   * Throws `ArgumentError` for a name that is none, `DtypeError` for bfloat16, which WGSL has not.
   */
  constructor(name: PolicyName | { readonly name: PolicyName } | SerializedPolicy) {
    const wanted = nameIn(name);
    if (typeof wanted === 'string' && /bfloat16/.test(wanted)) {
      throw new DtypeError(
        `policy: '${wanted}' needs bfloat16, a type that WGSL does not have; use ${list(POLICY_NAMES)}`,
      );
    }
    if (!(POLICY_NAMES as readonly unknown[]).includes(wanted)) {
      const hint = (DTYPES as readonly unknown[]).includes(wanted) ? ' (a policy computes in a float)' : '';
      throw new ArgumentError(`policy: unknown name ${show(wanted)}${hint}; use ${list(POLICY_NAMES)}`);
    }
    this.name = wanted as PolicyName;
    this.computeDtype = this.name === 'float32' ? 'float32' : 'float16';
    this.variableDtype = this.name === 'float16' ? 'float16' : 'float32';
  }

  getConfig(): { name: PolicyName } {
    return { name: this.name };
  }

  /** As Keras writes it into configurations: Keras 3's object, or tf.keras's, which has plain names for plain policies. */
  serialize(form: 'keras3' | 'tf.keras' = 'keras3'): SerializedPolicy | PolicyName {
    const [module, kind] = form === 'keras3' ? ['keras', 'DTypePolicy'] : ['keras.mixed_precision', 'Policy'];
    if (form === 'tf.keras' && this.name !== 'mixed_float16') return this.name;
    return { module, class_name: kind, config: { name: this.name }, registered_name: null };
  }

  /** The policy of a layer, by its path; of a plain policy the same for all. */
  at(_path: string): Policy {
    return this;
  }
}

const CLASSES = ['Policy', 'DTypePolicy'];

function nameIn(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (!('class_name' in value)) return (value as { name?: unknown }).name;
  const { class_name: kind, config } = value as { class_name: unknown; config?: { name?: unknown } };
  if (CLASSES.includes(kind as string)) return config?.name;
  throw new ArgumentError(`policy: class ${show(kind)}; use ${list(CLASSES)}`);
}

export type PolicyLike = Policy | PolicyName | SerializedPolicy;

let current = new Policy('float32');

/** The policy of layers that are given none, and of models. `float32` at the start. */
export function globalPolicy(): Policy {
  return current;
}

/** Layers made from now on get this policy; those that exist keep theirs. Throws as `Policy` does. */
export function setGlobalPolicy(policy: PolicyLike): void {
  current = policy instanceof Policy ? policy : new Policy(policy);
}

/** `policy` as a `Policy`; the global one for undefined. */
export function toPolicy(policy: PolicyLike | undefined): Policy {
  if (policy === undefined) return current;
  return policy instanceof Policy ? policy : new Policy(policy);
}
