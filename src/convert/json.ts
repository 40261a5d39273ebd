/** JSON from files: parsed or refused, and places in it that messages can name. */
import { show } from '../values/dtype.ts';
import { FormatError } from '../values/errors.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Deepest nesting that is read: of brackets in the text, and so of models in models. */
const DEEPEST = 500;

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object that `text` is, UTF-8 where it is bytes. Throws `FormatError`. */
export function parseJson(where: string, text: string | Uint8Array): Json {
  let value: unknown;
  try {
    value = JSON.parse(
      typeof text === 'string' ? text : new TextDecoder('utf-8', { fatal: true }).decode(text),
    );
  } catch (cause) {
    throw new FormatError(`${where} is no JSON`, { cause });
  }
  if (!isRecord(value)) throw new FormatError(`${where} is no object`);
  if (depthOf(value) > DEEPEST)
    throw new FormatError(`${where} is nested deeper than ${DEEPEST}, as no model is`);
  return value;
}

/** How deep lists and objects are nested; level by level, so that no depth is too much. */
function depthOf(value: unknown): number {
  let level: unknown[] = [value];
  let depth = 0;
  while (level.length > 0 && depth <= DEEPEST) {
    depth++;
    const next: unknown[] = [];
    for (const item of level)
      if (typeof item === 'object' && item !== null)
        for (const inner of Object.values(item))
          if (typeof inner === 'object' && inner !== null) next.push(inner);
    level = next;
  }
  return depth;
}

/** A value in a file's JSON, and where it stands: `model.json: config.layers[3].config.units`. */
export class Place {
  readonly file: string;
  readonly path: string;
  readonly value: unknown;

  constructor(file: string, value: unknown, path = '') {
    this.file = file;
    this.value = value;
    this.path = path;
  }

  /** A member; of what is no object or list, and where there is none, its value is undefined. */
  at(key: string | number): Place {
    const holder = typeof this.value === 'object' && this.value !== null ? this.value : {};
    const inner = Object.hasOwn(holder, key) ? (holder as Record<string | number, unknown>)[key] : undefined;
    const step = typeof key === 'number' ? `[${key}]` : this.path === '' ? key : `.${key}`;
    return new Place(this.file, inner, `${this.path}${step}`);
  }

  /** The items of a list. Throws `FormatError` where it is none. */
  items(): readonly Place[] {
    if (!Array.isArray(this.value)) this.refuse('a list');
    return (this.value as unknown[]).map((_, index) => this.at(index));
  }

  get record(): Json {
    return isRecord(this.value) ? this.value : this.refuse('an object');
  }

  get string(): string {
    return typeof this.value === 'string' ? this.value : this.refuse('a string');
  }

  /** A whole number from 0 on. */
  get count(): number {
    if (Number.isSafeInteger(this.value) && (this.value as number) >= 0) return this.value as number;
    return this.refuse('a whole number from 0 on');
  }

  /** Throws that the value here is not what is accepted. */
  refuse(accepted: string): never {
    throw new FormatError(`${this.where}: ${show(this.value)}; use ${accepted}`);
  }

  /** Throws what rule is broken here. */
  fail(rule: string, options?: ErrorOptions): never {
    throw new FormatError(`${this.where}: ${rule}`, options);
  }

  get where(): string {
    return this.path === '' ? this.file : `${this.file}: ${this.path}`;
  }
}
