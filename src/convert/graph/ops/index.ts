/** All ops that graphs may have. To add one: a row in one of these tables, and a case in `test/graph/cases.ts`. */

import { isCall } from '../functions.ts';
import type { HostOp, OpTable } from '../op-call.ts';
import { ARRANGING } from './arranging.ts';
import { CREATION } from './creation.ts';
import { DATA_DEPENDENT } from './data-dependent.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { HOST as SMALL } from './host.ts';
import { IMAGES } from './images.ts';
import { LISTS } from './lists.ts';
import { REDUCTIONS } from './reductions.ts';
import { VOLUMES } from './volumes.ts';

export const OPS: OpTable = {
  ...ARRANGING,
  ...CREATION,
  ...ELEMENTWISE,
  ...IMAGES,
  ...REDUCTIONS,
  ...VOLUMES,
};

export { LISTS };

export const HOST: Readonly<Record<string, HostOp>> = { ...SMALL, ...DATA_DEPENDENT };

/** Why families of ops are not there. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^(Case|StatelessCase|Switch|Merge|Enter|Exit|NextIteration|LoopCond)/, 'control flow of another form'],
  [
    /String|Regex|AsString|DecodeBase64|EncodeBase64|Unicode|ParseExample|DecodeJpeg|DecodeImage|DecodePng/,
    'strings',
  ],
  [/HashTable|LookupTable|MutableTable/, 'tables'],
  [/Assign|Var$|Variable/, 'variables that change'],
];

/** What ops that are not there belong to, for messages. */
export function reasonAgainst(op: string): string {
  return REASONS.find(([names]) => names.test(op))?.[1] ?? 'no row in the tables of ops';
}

export function isKnown(op: string): boolean {
  return Object.hasOwn(OPS, op) || Object.hasOwn(HOST, op);
}

/** Whether data decide what comes of it: it is run by `executeAsync` alone. */
export function isFlow(op: string): boolean {
  return isCall(op) || op === 'Switch' || op === 'Merge' || Object.hasOwn(LISTS, op);
}
