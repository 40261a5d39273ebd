/** `halftape/convert`: trained models read, their precision planned and verified, and written. */
export { registerLayer } from '../nn/layers/registry.ts';
export { type ByteRange, filesInMemory, type ModelFiles } from './files.ts';
export type { Format, FormatWriter, WriteOptions, WrittenFile } from './format.ts';
export { FORMATS, readModel } from './formats.ts';
export { GraphInspection, type InspectedWeight } from './graph-inspection.ts';
export { inspect } from './inspect.ts';
export { type InspectedLayer, Inspection, type InspectOptions } from './inspection.ts';
export { type LoadOptions, loadModel, type ModelSource } from './load-model.ts';
export * from './plan.ts';
export * from './planned.ts';
export * from './planned-ops.ts';
export { saveGraphModel, type WriteGraphOptions } from './save-graph-model.ts';
export { type ModelTarget, type SaveOptions, type SaveTarget, saveModel } from './save-model.ts';
export type { KerasObject, StoredModel, StoredTensor } from './stored-model.ts';
export { filesAt } from './url-files.ts';
export * from './verification.ts';
export * from './verify.ts';
