/** The adapter's own limits, measured by kernels that do nothing else: multiply-adds, matrix units, copies. */
import type { Engine } from '../src/gpu/engine.ts';
import { type ElementType, linearGrid } from '../src/gpu/shader.ts';
import { bytesOf } from '../src/kernels/operand.ts';
import { wrongValue } from './check.ts';
import { copy_quads, multiply_add } from './generated/shaders.ts';
import { matrixWork } from './matrix-units.ts';
import { type Effort, EngineWork, measure, type Timing } from './measure.ts';
import { type Operand, release, room, stored, valuesOf } from './operands.ts';
import { values } from './peers/inputs.ts';
import { type Ceilings, rateOf } from './rows.ts';

/** vec4 accumulators: too few leave the unit waiting, too many leave the registers. No number is best everywhere. */
const ACCUMULATORS = [4, 8, 12, 16, 24, 32];
const UNROLL = 4;
/** vec4 that an invocation copies. */
const QUADS = [1, 4, 8];

/** Sizes at which copies are measured, in f32 elements; caches hold the small one. */
export function copySizes(quick: boolean): readonly number[] {
  return quick ? [2 ** 20] : [2 ** 20, 2 ** 24];
}

/** A ceiling kernel that gave the right result. */
interface Probe {
  /** Probes of one kind look for the same ceiling; a copy's kind has its size. */
  readonly kind: string;
  readonly label: string;
  readonly flops: number;
  readonly bytes: number;
  readonly work: EngineWork;
  readonly operands: readonly Operand[];
}

type Winner = Probe & { readonly timing: Timing };

/** The fastest kernel for each ceiling. They stay ready: suites time them in turns with their cases. */
export class Limits {
  readonly #winners: Map<string, Winner>;

  constructor(winners: Map<string, Winner>) {
    this.#winners = winners;
  }

  /** Those that bound the moving of bytes, and for arithmetic all: its roofline has a slope. */
  works(kind: 'arithmetic' | 'memory'): readonly EngineWork[] {
    const winners = [...this.#winners.values()];
    return winners.filter(({ flops }) => kind === 'arithmetic' || flops === 0).map(({ work }) => work);
  }

  /** What was measured beside the cases counts more than what was measured before them. */
  replace(work: EngineWork, timing: Timing): void {
    for (const winner of this.#winners.values())
      if (winner.work === work) this.#winners.set(winner.kind, { ...winner, timing });
  }

  ceilings(): Ceilings {
    const all = [...this.#winners.values()];
    const rates = all.map((winner) => ({ ...winner, rate: rateOf(winner, winner.timing.median) }));
    const rate = (kind: string) => rates.find((winner) => winner.kind === kind)?.rate ?? null;
    const copies = rates.filter(({ flops }) => flops === 0);
    return {
      fmaF32Gflops: rate('multiply-add f32')!,
      fmaF16Gflops: rate('multiply-add f16'),
      matrixGflops: rate('matrix units'),
      copyGBs: copies.at(-1)!.rate,
      copies: copies.map(({ bytes, rate: GBs }) => ({ bytes, GBs })),
      fastest: all.map(({ kind, label }) => `${kind}: ${label}`),
    };
  }

  dispose(): void {
    for (const winner of this.#winners.values()) drop(winner);
  }
}

function drop({ work, operands }: Probe): void {
  work.dispose();
  release(...operands);
}

/** Throws when a kernel's result is wrong: then no number of this run could be trusted. */
export async function findLimits(
  engine: Engine,
  quick: boolean,
  effort: Effort,
  progress?: (done: number, all: number) => void,
): Promise<Limits> {
  const probes = await prepare(engine, quick);
  const outcomes = await measure(
    probes.map(({ work }) => work),
    effort,
    progress,
  );
  const winners = new Map<string, Winner>();
  for (const [index, probe] of probes.entries()) {
    const timing = outcomes[index]!;
    if (timing instanceof Error) throw timing;
    const best = winners.get(probe.kind);
    if (best && rateOf(best, best.timing.median) >= rateOf(probe, timing.median)) {
      drop(probe);
    } else {
      if (best) drop(best);
      winners.set(probe.kind, { ...probe, timing });
    }
  }
  return new Limits(winners);
}

async function prepare(engine: Engine, quick: boolean): Promise<Probe[]> {
  const probes: Probe[] = [];
  for (const count of ACCUMULATORS) {
    probes.push(await multiplyAdd(engine, 'f32', count));
    if (engine.info.f16 === 'native') probes.push(await multiplyAdd(engine, 'f16', count));
  }
  for (const size of copySizes(quick))
    for (const quads of QUADS) probes.push(await copy(engine, size, quads));
  for (const probe of await matrixWork(engine)) probes.push({ kind: 'matrix units', bytes: 0, ...probe });
  return probes;
}

/** A half counts to 2048; sums of what begins at up to 8 + COUNT stay exact. */
const MOST_ROUNDS = 1024;

async function multiplyAdd(engine: Engine, type: 'f32' | 'f16', count: number): Promise<Probe> {
  const { software } = engine.info;
  // Enough invocations for the widest GPU; a processor has few lanes, and no time.
  const invocations = software ? 2 ** 13 : 2 ** 18;
  const rounds = software ? 256 : MOST_ROUNDS;
  const sums = room(engine, invocations, 'float32');
  const record = () =>
    engine.run(multiply_add, {
      types: { Acc: type as ElementType },
      constants: { COUNT: count, UNROLL },
      bindings: { sums: sums.storage },
      params: { rounds, factor: 1, term: 1 },
      workgroups: [invocations / 64, 1, 1],
    });
  record();
  const wrong = wrongValue(
    await valuesOf(sums),
    invocations,
    (index) => 4 * (count * ((index % 8) + rounds) + (count * (count - 1)) / 2),
    () => 0,
  );
  const label = `${count} vec4 accumulators`;
  if (wrong) throw new Error(`multiply-add ${type}, ${label}: ${wrong}`);
  return {
    kind: `multiply-add ${type}`,
    label,
    flops: 2 * 4 * count * rounds * invocations,
    bytes: 0,
    work: new EngineWork(engine, record),
    operands: [sums],
  };
}

async function copy(engine: Engine, size: number, quads: number): Promise<Probe> {
  const numbers = values(size, size);
  const [x, y] = [stored(engine, numbers, 'float32'), room(engine, size, 'float32')];
  const record = () => recordCopy(x, y, quads);
  record();
  const wrong = wrongValue(
    await valuesOf(y),
    size,
    (index) => numbers[index]!,
    () => 0,
  );
  if (wrong) throw new Error(`copy of ${size} elements, ${quads} vec4 an invocation: ${wrong}`);
  return {
    kind: `copy of ${(8 * size) / 2 ** 20} MiB`,
    label: `${quads} vec4 an invocation`,
    flops: 0,
    bytes: 8 * size,
    work: new EngineWork(engine, record),
    operands: [x, y],
  };
}

/** Copies x, whole vec4, to y of the same size. */
export function recordCopy(x: Operand, y: Operand, quads = 4): void {
  const count = bytesOf(x.dtype, x.size) / 16;
  x.engine.run(copy_quads, {
    types: {},
    constants: { QUADS: quads },
    bindings: { x: x.storage, y: y.storage },
    params: { quads: count },
    workgroups: linearGrid(count, 64 * quads),
  });
}
