/** Muon (Jordan et al. 2024): matrices move by their orthogonalised momentum, all else as AdamW moves it, as Keras defines it. */
import { emptyTensor, Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import { type ArenaRun, placeOf } from '../../autograd/variable-arena.ts';
import { bytesOf } from '../../kernels/operand.ts';
import { type UpdateTarget, updateKernel } from '../../kernels/optimizer.ts';
import { add } from '../../ops/add.ts';
import { div } from '../../ops/div.ts';
import { matMul } from '../../ops/mat-mul.ts';
import { mul } from '../../ops/mul.ts';
import { sqrt } from '../../ops/sqrt.ts';
import { square } from '../../ops/square.ts';
import { sum } from '../../ops/sum.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { checkCount, checkFlag, checkNumber } from '../checks.ts';
import { checkBetas, checkEpsilon, checkShare } from './checks.ts';
import { gradientArena } from './gradient-arena.ts';
import { Optimizer } from './optimizer.ts';
import type { OptimizerOptions } from './options.ts';

export interface MuonOptions extends OptimizerOptions {
  /** AdamW's. Default 0.9. */
  adamBeta1?: number;
  /** AdamW's. Default 0.999. */
  adamBeta2?: number;
  /** The weight decay of variables that AdamW moves; null is none. Default 0.004. */
  adamWeightDecay?: number | null;
  /** AdamW's. Default 1e-7. */
  epsilon?: number;
  /** Regular expressions: variables in whose names one is found are moved by AdamW; give the output layer's. Default none. */
  excludeLayers?: readonly string[];
  /** Variables with "embedding" in their name are moved by AdamW. Default true. */
  excludeEmbeddings?: boolean;
  /** Coefficients of the Newton-Schulz iteration. Defaults 3.4445, -4.775 and 2.0315. */
  muonA?: number;
  muonB?: number;
  muonC?: number;
  /** Of the learning rate, what AdamW takes. Default 1. */
  adamLrRatio?: number;
  /** Default 0.95. */
  momentum?: number;
  /** Newton-Schulz iterations. Default 5. */
  nsSteps?: number;
  /** Default true. */
  nesterov?: boolean;
  /**
   * The size of a step of a matrix [m, n] is this times sqrt(max(m, n)) (Liu et al. 2025), like that of AdamW; null:
   * sqrt(max(1, m / n)). Default 0.2.
   */
  rmsRate?: number | null;
}

const OPTIONS = [
  ...(['adamBeta1', 'adamBeta2', 'adamWeightDecay', 'epsilon', 'excludeLayers'] as const),
  ...(['excludeEmbeddings', 'muonA', 'muonB', 'muonC', 'adamLrRatio'] as const),
  ...(['momentum', 'nsSteps', 'nesterov', 'rmsRate'] as const),
];

/** The slots of variables that are orthogonalised. */
const MATRIX = ['momentum'];

export class Muon extends Optimizer {
  readonly adamBeta1: number;
  readonly adamBeta2: number;
  readonly adamWeightDecay: number | null;
  readonly epsilon: number;
  readonly excludeLayers: readonly string[];
  readonly excludeEmbeddings: boolean;
  readonly muonA: number;
  readonly muonB: number;
  readonly muonC: number;
  readonly adamLrRatio: number;
  readonly momentum: number;
  readonly nsSteps: number;
  readonly nesterov: boolean;
  readonly rmsRate: number | null;
  /** AdamW's. */
  protected readonly slotNames: readonly string[] = ['mean', 'variance'];

  /** Default learning rate 0.001 and weight decay 0.004. Throws `ArgumentError`. */
  constructor(options: MuonOptions = {}) {
    const shared = { ...options, weightDecay: options.weightDecay ?? 0.004 };
    super('Muon', options.learningRate ?? 0.001, shared, OPTIONS);
    [this.adamBeta1, this.adamBeta2] = checkBetas(
      'Muon',
      options.adamBeta1 ?? 0.9,
      options.adamBeta2 ?? 0.999,
    );
    this.epsilon = checkEpsilon('Muon', options.epsilon ?? 1e-7);
    const { adamWeightDecay = 0.004, rmsRate = 0.2 } = options;
    this.adamWeightDecay = adamWeightDecay && checkEpsilon('Muon', adamWeightDecay, 'adamWeightDecay');
    this.rmsRate = rmsRate && checkEpsilon('Muon', rmsRate, 'rmsRate');
    this.adamLrRatio = checkEpsilon('Muon', options.adamLrRatio ?? 1, 'adamLrRatio');
    this.momentum = checkShare('Muon', 'momentum', options.momentum ?? 0.95);
    this.nsSteps = checkCount('Muon', 'nsSteps', options.nsSteps ?? 5);
    this.muonA = checkNumber('Muon', 'muonA', options.muonA ?? 3.4445);
    this.muonB = checkNumber('Muon', 'muonB', options.muonB ?? -4.775);
    this.muonC = checkNumber('Muon', 'muonC', options.muonC ?? 2.0315);
    this.nesterov = checkFlag('Muon', 'nesterov', options.nesterov ?? true);
    this.excludeEmbeddings = checkFlag('Muon', 'excludeEmbeddings', options.excludeEmbeddings ?? true);
    this.excludeLayers = checkPatterns(options.excludeLayers ?? []);
  }

  protected override get rootEpsilon(): number {
    return this.epsilon;
  }

  protected override get betas(): { beta1: number; beta2: number } {
    return { beta1: this.adamBeta1, beta2: this.adamBeta2 };
  }

  protected override slotNamesOf(variable: Variable): readonly string[] {
    return this.#orthogonalises(variable) ? MATRIX : this.slotNames;
  }

  protected override weightDecayOf(variable: Variable): number {
    if (this.#orthogonalises(variable)) return super.weightDecayOf(variable);
    return this.adamWeightDecay ?? 0;
  }

  protected update(target: UpdateTarget, [first, second]: readonly Tensor[], run: ArenaRun): void {
    const { adamBeta1: beta1, adamBeta2: beta2, epsilon, momentum, nesterov } = this;
    if (!this.#orthogonalises(run.variables[0]!)) {
      const slots = { mean: first, variance: second };
      updateKernel('adam', target, slots, { beta1, beta2, epsilon }, { RATE: this.adamLrRatio });
      return;
    }
    const { engine } = run.arena;
    const direction = emptyTensor(engine, [run.size], 'float32', 'Muon');
    const slots = { momentum: first, direction };
    const still = { ...target, rounding: undefined, decay: 0 };
    updateKernel('muon_direction', still, slots, { momentum }, { NESTEROV: nesterov });
    const steps = run.variables.map((variable) => {
      const from = bytesOf('float32', placeOf(variable).start - run.start);
      const part = engine.slice(direction.storage, from, bytesOf('float32', variable.size));
      return this.#orthogonalised(new Tensor(engine, part, variable.shape, 'float32'));
    });
    const { gradient } = gradientArena(run, steps, undefined);
    updateKernel('muon', { ...target, gradient, clip: undefined });
  }

  getConfig(): Record<string, unknown> {
    const own = Object.fromEntries(OPTIONS.map((name) => [name, this[name]]));
    return { name: this.name, ...this.shared, ...own };
  }

  #orthogonalises({ shape, name }: Variable): boolean {
    if (shape.length !== 2) return false;
    if (this.excludeEmbeddings && name.toLowerCase().includes('embedding')) return false;
    return !this.excludeLayers.some((pattern) => new RegExp(pattern).test(name));
  }

  /** About u v^T for x = u s v^T: of x over its norm, `nsSteps` times x = a x + (b g + c g^2) x with g = x x^T, the smaller way round. */
  #orthogonalised(x: Tensor): Tensor {
    const { muonA, muonB, muonC, nsSteps, rmsRate } = this;
    const [rows, columns] = x.shape as [number, number];
    const tall = rows > columns;
    let o = div(x, add(sqrt(sum(square(x))), 1e-7));
    for (let i = 0; i < nsSteps; i++) {
      const g = tall ? matMul(o, o, true) : matMul(o, o, false, true);
      const factor = add(mul(g, muonB), mul(matMul(g, g), muonC));
      o = add(mul(o, muonA), tall ? matMul(o, factor) : matMul(factor, o));
    }
    const size =
      rmsRate === null
        ? Math.sqrt(Math.max(1, rows / columns))
        : Math.sqrt(Math.max(rows, columns)) * rmsRate;
    return mul(o, size);
  }
}

function checkPatterns(patterns: unknown): readonly string[] {
  const isPattern = (pattern: unknown) => {
    try {
      return typeof pattern === 'string' && new RegExp(pattern) instanceof RegExp;
    } catch {
      return false;
    }
  };
  if (Array.isArray(patterns) && patterns.every(isPattern)) return patterns;
  throw new ArgumentError(
    `Muon: excludeLayers ${show(patterns)}; use a list of regular expressions as strings`,
  );
}
