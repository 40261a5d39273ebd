/** The kernel for a problem on an engine: pinned, else measured, else the prior; and what is kept of that between runs. */
import type { Engine } from '../../gpu/engine.ts';
import type { Notes } from '../../gpu/engine-options.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { VERSION } from '../../values/version.ts';
import { type Candidate, nameOf } from './kernel.ts';
import { candidates, prior } from './prior.ts';
import type { GemmShape } from './problem.ts';

/** Names of candidates by bucket of problems, for example `{ 'NN float16>float16 64x1024x512': 'gemm_tiled 64x64x16 4x4' }`. */
export type GemmChoices = Readonly<Record<string, string>>;

export interface GemmOptions {
  /** Whether `fit` measures kernels and measured choices are kept from run to run. Default: not on software adapters. */
  readonly tune?: boolean;
  /** Kernels pinned by bucket, so that sums have the same order on every run: what `gemmChoices()` returned once. */
  readonly choices?: GemmChoices;
}

interface State {
  readonly tune: boolean;
  readonly pinned: ReadonlyMap<string, string>;
  readonly notes: Notes | undefined;
  readonly measured: Map<string, string>;
  /** Candidates that gave wrong results here. */
  readonly refused: Set<string>;
  /** Problems met that nothing was measured for. */
  readonly met: Map<string, GemmShape>;
  /** By the shape's values: two shapes of one bucket may have other tiles, few rows for one. */
  readonly chosen: Map<string, { readonly bucket: string; readonly candidate: Candidate }>;
}

const states = new WeakMap<Engine, State>();

function stateOf(engine: Engine): State {
  let state = states.get(engine);
  if (!state) {
    state = newState(!engine.info.software, {}, undefined);
    states.set(engine, state);
  }
  return state;
}

function newState(tune: boolean, choices: GemmChoices, notes: Notes | undefined): State {
  return {
    ...{ tune, notes, pinned: new Map(Object.entries(choices)), measured: new Map(), refused: new Set() },
    ...{ met: new Map(), chosen: new Map() },
  };
}

/** Sets how an engine chooses, and reads what was measured on this adapter before. */
export async function setUpChoices(engine: Engine, options: GemmOptions, notes: Notes): Promise<void> {
  const { tune = !engine.info.software, choices = {} } = options;
  const state = newState(tune, choices, tune ? notes : undefined);
  states.set(engine, state);
  if (!tune) return;
  const { measured, refused } = parseNotes(await notes.read(keyOf(engine)));
  for (const [bucket, name] of measured) state.measured.set(bucket, name);
  for (const name of refused) state.refused.add(name);
}

/** Adapter, driver and library: what is measured holds for these alone. */
function keyOf({ info }: Engine): string {
  const { adapter, vendor, architecture, f16, features } = info;
  return ['halftape gemm', VERSION, vendor, architecture, adapter, f16, ...features].join('|');
}

/** Notes may be damaged or of another make: what is no choice is left out, since it is measured again. */
function parseNotes(text: string | undefined): { measured: [string, string][]; refused: string[] } {
  try {
    const { measured, refused } = JSON.parse(text ?? '{}') as Record<string, unknown>;
    const isName = (value: unknown): value is string => typeof value === 'string';
    return {
      measured: Object.entries((measured ?? {}) as object).filter(([, name]) => isName(name)),
      refused: Array.isArray(refused) ? refused.filter(isName) : [],
    };
  } catch {
    return { measured: [], refused: [] };
  }
}

/** Problems of one bucket share a choice: layout, dtypes, sizes up to the next power of two, one product or several, of patches or not. */
export function bucketOf({ m, k, n, batch, layout, input, output, patches }: GemmShape): string {
  const size = [m, k, n].map((value) => 2 ** Math.ceil(Math.log2(value))).join('x');
  return `${layout} ${input}>${output} ${size}${batch > 1 ? ' batch' : ''}${patches ? ' patches' : ''}`;
}

/** Throws `ArgumentError` where a pinned kernel is none that this adapter has for the problem. */
export function choose(shape: GemmShape, engine: Engine): Candidate {
  const state = stateOf(engine);
  const { m, k, n, batch, layout, input, output, patches } = shape;
  const key = [m, k, n, batch, layout, input, output, patches?.channels ?? ''].join();
  let chosen = state.chosen.get(key);
  if (!chosen) {
    const bucket = bucketOf(shape);
    chosen = { bucket, candidate: find(shape, bucket, engine, state) };
    state.chosen.set(key, chosen);
  }
  return chosen.candidate;
}

function find(shape: GemmShape, bucket: string, engine: Engine, state: State): Candidate {
  const pinned = state.pinned.get(bucket);
  const all = () => candidates(shape, engine.info);
  if (pinned !== undefined) {
    const known = all().find((candidate) => nameOf(candidate) === pinned);
    if (known) return known;
    const names = all().map(nameOf).join(', ');
    throw new ArgumentError(
      `open: gemm.choices: ${bucket} has no kernel ${show(pinned)} here; use one of ${names}`,
    );
  }
  const measured = state.measured.get(bucket);
  if (measured === undefined) state.met.set(bucket, shape);
  return (
    all().find((candidate) => nameOf(candidate) === measured) ??
    prior(shape, engine.info).find((candidate) => !state.refused.has(nameOf(candidate)))!
  );
}

/** Whether `fit` is to measure. */
export function tunes(engine: Engine): boolean {
  return stateOf(engine).tune;
}

/** Takes the problems met since the last call that nothing is known of. */
export function takeMet(engine: Engine): GemmShape[] {
  const { met } = stateOf(engine);
  const shapes = [...met.values()];
  met.clear();
  return shapes;
}

/** Keeps what was measured for a problem. Programs traced before are traced again. */
export async function keepMeasured(
  engine: Engine,
  found: readonly {
    readonly shape: GemmShape;
    readonly chosen: string;
    readonly refused: readonly string[];
  }[],
): Promise<void> {
  const state = stateOf(engine);
  for (const { shape, chosen, refused } of found) {
    state.measured.set(bucketOf(shape), chosen);
    for (const name of refused) state.refused.add(name);
  }
  state.chosen.clear();
  engine.revision++;
  const notes = { measured: Object.fromEntries(state.measured), refused: [...state.refused] };
  await state.notes?.write(keyOf(engine), JSON.stringify(notes));
}

/** Names of candidates that gave wrong results on this engine's adapter. */
export function refusedOn(engine: Engine): ReadonlySet<string> {
  return stateOf(engine).refused;
}

/** The kernel of every kind of product that the engine has met or measured: to pin them with `open({ gemm: { choices } })`. */
export function choicesOf(engine: Engine): GemmChoices {
  const { measured, chosen } = stateOf(engine);
  const used = [...chosen.values()].map(({ bucket, candidate }) => [bucket, nameOf(candidate)]);
  return Object.fromEntries([...measured, ...used]);
}
