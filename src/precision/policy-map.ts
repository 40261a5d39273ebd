/** `DTypePolicyMap`: policies of layers by their paths, as Keras 3 has them. */
import { list, show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { Policy, type PolicyLike, toPolicy } from './policy.ts';

/**
 * A policy for each layer: that of its path, else that of the one pattern (a regular expression for the whole path) which fits it, else the
 * default. A path is the layer's name, behind the names of the layers it is in: `'encoder/dense_1'`. Where a map stands for one policy, it is
 * the default.
 */
export class DTypePolicyMap extends Policy {
  readonly #policies: ReadonlyMap<string, { readonly policy: Policy; readonly pattern: RegExp | undefined }>;

  /** `defaultPolicy` undefined: the global one. Throws as `Policy` does. */
  constructor(defaultPolicy: PolicyLike | undefined, policies: Readonly<Record<string, PolicyLike>>) {
    super(toPolicy(defaultPolicy));
    this.#policies = new Map(
      Object.entries(policies).map(([key, value]) => [
        key,
        { policy: toPolicy(value), pattern: patternOf(key) },
      ]),
    );
  }

  /** Throws `ArgumentError` where two patterns fit. */
  override at(path: string): Policy {
    const exact = this.#policies.get(path);
    if (exact) return exact.policy;
    const fitting = [...this.#policies].filter(([, { pattern }]) => pattern?.test(path));
    if (fitting.length > 1)
      throw new ArgumentError(
        `policy: patterns ${list(fitting.map(([key]) => key))} both fit layer '${path}'; make one of them narrower`,
      );
    return fitting[0]?.[1].policy ?? new Policy(this.name);
  }

  /** Paths and patterns, in their order. */
  get paths(): readonly string[] {
    return [...this.#policies.keys()];
  }
}

function patternOf(key: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${key})$`);
  } catch (cause) {
    throw new ArgumentError(`policy: ${show(key)} is no path and no regular expression`, { cause });
  }
}
