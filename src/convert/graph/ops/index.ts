/** All ops that graphs may have. To add one: a row in one of these tables, and a case in `test/graph/cases.ts`. */
import type { OpTable } from '../op-call.ts';
import { ARRANGING } from './arranging.ts';
import { CREATION } from './creation.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { HOST } from './host.ts';
import { IMAGES } from './images.ts';
import { REDUCTIONS } from './reductions.ts';

export const OPS: OpTable = { ...ARRANGING, ...CREATION, ...ELEMENTWISE, ...IMAGES, ...REDUCTIONS };

export { HOST };

/** Why families of ops are not there. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [
    /^(If|While|StatelessIf|StatelessWhile|Case|StatelessCase|Switch|Merge|Enter|Exit|NextIteration|LoopCond|TensorList|TensorArray)/,
    'control flow',
  ],
  [
    /String|Regex|AsString|DecodeBase64|EncodeBase64|Unicode|ParseExample|DecodeJpeg|DecodeImage|DecodePng/,
    'strings',
  ],
  [/HashTable|LookupTable|MutableTable/, 'tables'],
  [/^(NonMaxSuppression|Where$|Unique|SetDiff|Bincount|DenseBincount)/, 'sizes that depend on data'],
  [/Assign|Var$|Variable/, 'variables that change'],
];

/** What ops that are not there belong to, for messages. */
export function reasonAgainst(op: string): string {
  return REASONS.find(([names]) => names.test(op))?.[1] ?? 'no row in the tables of ops';
}

export function isKnown(op: string): boolean {
  return Object.hasOwn(OPS, op) || Object.hasOwn(HOST, op);
}
