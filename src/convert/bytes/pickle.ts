/** Python's pickles as NumPy writes them: dictionaries, lists and arrays; what would call anything else is refused. */
import type { Cursor } from './cursor.ts';

/** An array of NumPy: `values` are bytes, or, of objects, a list. */
export class PickledArray {
  shape: readonly number[] = [];
  /** As NumPy spells it, such as `f4`. */
  kind = '';
  bigEndian = false;
  values: unknown;
}

class PickledType {
  readonly kind: string;
  bigEndian = false;
  constructor(kind: string) {
    this.kind = kind;
  }
}

const MARK = Symbol('mark');
const ARRAY = 'numpy ndarray';
const TYPE = 'numpy dtype';
/** Functions that may be called; since NumPy 2 they are in `_core`. */
const MAKER = /^numpy\.(_?core)\.multiarray (_reconstruct|scalar)$/;

/** The value of the pickle that begins at the cursor. Throws `FormatError`. */
export function readPickle(cursor: Cursor): unknown {
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
  const pop = (): unknown =>
    stack.length > 0 ? stack.pop() : cursor.fail('a pickle that takes what it has not');
  const marked = (): unknown[] => {
    const at = stack.lastIndexOf(MARK);
    if (at < 0) cursor.fail('a pickle without a beginning of what ends here');
    return stack.splice(at).slice(1);
  };
  const last = (count: number): unknown[] => {
    if (stack.length < count) cursor.fail('a pickle that takes what it has not');
    return stack.splice(stack.length - count);
  };
  const keep = (at: number) => memo.set(at, stack.at(-1));
  const recall = (at: number) => stack.push(memo.get(at));
  const add = (pairs: readonly unknown[]) => {
    const into = stack.at(-1);
    if (!(into instanceof Map) || pairs.length % 2 === 1)
      return cursor.fail('a pickle that fills no dictionary');
    for (let index = 0; index < pairs.length; index += 2) into.set(pairs[index], pairs[index + 1]);
  };
  const append = (values: readonly unknown[]) => {
    const into = stack.at(-1);
    if (!Array.isArray(into)) return cursor.fail('a pickle that fills no list');
    for (const value of values) into.push(value);
  };
  const text = (length: number) => new TextDecoder().decode(cursor.bytes(length));
  const actions: Readonly<Record<string, () => unknown>> = {
    '\x80': () => cursor.skip(1),
    '\x95': () => cursor.skip(8),
    c: () => stack.push(`${line(cursor)} ${line(cursor)}`),
    '\x93': () => stack.push(last(2).join(' ')),
    q: () => keep(cursor.u8()),
    r: () => keep(cursor.u32()),
    '\x94': () => keep(memo.size),
    h: () => recall(cursor.u8()),
    j: () => recall(cursor.u32()),
    K: () => stack.push(cursor.u8()),
    M: () => stack.push(cursor.u16()),
    J: () => stack.push(cursor.u32() | 0),
    N: () => stack.push(null),
    '\x88': () => stack.push(true),
    '\x89': () => stack.push(false),
    '\x8a': () => stack.push(cursor.uint(Math.min(cursor.u8(), 8))),
    X: () => stack.push(text(cursor.u32())),
    '\x8c': () => stack.push(text(cursor.u8())),
    C: () => stack.push(cursor.bytes(cursor.u8())),
    B: () => stack.push(cursor.bytes(cursor.u32())),
    '\x8e': () => stack.push(cursor.bytes(cursor.size())),
    '(': () => stack.push(MARK),
    ')': () => stack.push([]),
    t: () => stack.push(marked()),
    '\x85': () => stack.push(last(1)),
    '\x86': () => stack.push(last(2)),
    '\x87': () => stack.push(last(3)),
    ']': () => stack.push([]),
    a: () => append(last(1)),
    e: () => append(marked()),
    '}': () => stack.push(new Map()),
    s: () => add(last(2)),
    u: () => add(marked()),
    R: () => {
      const [callable, args] = last(2);
      stack.push(made(cursor, callable, args));
    },
    b: () => {
      const state = pop();
      build(cursor, stack.at(-1), state);
    },
  };
  for (;;) {
    const code = String.fromCharCode(cursor.u8());
    if (code === '.') return pop();
    if (!Object.hasOwn(actions, code))
      cursor.fail(`a pickle with ${JSON.stringify(code)}; NumPy's arrays have none`);
    actions[code]!();
  }
}

function line(cursor: Cursor): string {
  let text = '';
  for (let code = cursor.u8(); code !== 0x0a; code = cursor.u8()) text += String.fromCharCode(code);
  return text;
}

function made(cursor: Cursor, callable: unknown, args: unknown): unknown {
  const given = Array.isArray(args) ? args : [];
  if (callable === TYPE && typeof given[0] === 'string') return new PickledType(given[0]);
  const [, , maker] = MAKER.exec(String(callable)) ?? [];
  const array = new PickledArray();
  if (maker === '_reconstruct' && given[0] === ARRAY) return array;
  if (maker !== 'scalar')
    return cursor.fail(`a pickle that calls '${callable}'; only NumPy's arrays are read`);
  build(cursor, array, [1, [], given[0], false, given[1]]);
  return array;
}

/** Gives an array or a type its state. */
function build(cursor: Cursor, object: unknown, state: unknown): void {
  const parts = Array.isArray(state) ? state : [];
  if (object instanceof PickledType) {
    object.bigEndian = parts[1] === '>';
    return;
  }
  const [, shape, type, columns, values] = parts;
  if (!(object instanceof PickledArray && Array.isArray(shape) && type instanceof PickledType))
    cursor.fail('a pickle of another object than an array');
  if (columns === true && shape.length > 1) cursor.fail('an array that is stored column by column; use rows');
  Object.assign(object, { shape, kind: type.kind, bigEndian: type.bigEndian, values });
}
