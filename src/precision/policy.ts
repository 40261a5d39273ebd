/** Dtype policies, as Keras has them: the dtype a layer computes in, and the one that its variables are stored in. */
import { DTYPES, type FloatDType, list, show } from '../values/dtype.ts';
import { ArgumentError, DtypeError } from '../values/errors.ts';

export const POLICY_NAMES = ['float32', 'float16', 'mixed_float16'] as const;
export type PolicyName = (typeof POLICY_NAMES)[number];

export class Policy {
  readonly name: PolicyName;
  /** dtype that layers cast their inputs to and compute in. */
  readonly computeDtype: FloatDType;
  /** dtype of their variables: the masters. */
  readonly variableDtype: FloatDType;

  /** Throws `ArgumentError` for a name that is none, `DtypeError` for bfloat16, which WGSL has not. */
  constructor(name: PolicyName | { name: PolicyName }) {
    const wanted: unknown = typeof name === 'object' && name !== null ? name.name : name;
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
}

export type PolicyLike = Policy | PolicyName;

let current = new Policy('float32');

/** The policy of layers that are given none, and of models. `float32` at the start. */
export function globalPolicy(): Policy {
  return current;
}

/** Layers made from now on get this policy; those that exist keep theirs. Throws as `Policy` does. */
export function setGlobalPolicy(policy: PolicyLike): void {
  current = toPolicy(policy);
}

/** `policy` as a `Policy`; the global one for undefined. */
export function toPolicy(policy: PolicyLike | undefined): Policy {
  if (policy === undefined) return current;
  return policy instanceof Policy ? policy : new Policy(policy);
}
