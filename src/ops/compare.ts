/** Comparisons, element by element, with bool results: `equal`, `notEqual`, `less`, `lessEqual`, `greater`, `greaterEqual`. */
import { binaryOp } from './binary-op.ts';

export const equal = binaryOp('equal', 'EQUAL', 'clear', undefined, 'bool');
export const notEqual = binaryOp('notEqual', 'NOT_EQUAL', 'clear', undefined, 'bool');
export const less = binaryOp('less', 'LESS', 'clear', undefined, 'bool');
export const lessEqual = binaryOp('lessEqual', 'LESS_EQUAL', 'clear', undefined, 'bool');
export const greater = binaryOp('greater', 'GREATER', 'clear', undefined, 'bool');
export const greaterEqual = binaryOp('greaterEqual', 'GREATER_EQUAL', 'clear', undefined, 'bool');
