/** Threefry-2x32: a counter-based random generator; the same numbers on the host as in `shaders/random.wgsl`. */

// Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011, 20 rounds.
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24];
const PARITY = 0x1bd11bda;

/** Two random words for a key (k0, k1) and a counter (c0, c1), all u32. */
export function threefry(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const key = [k0 >>> 0, k1 >>> 0, (k0 ^ k1 ^ PARITY) >>> 0];
  let x = (c0 + key[0]!) >>> 0;
  let y = (c1 + key[1]!) >>> 0;
  for (let round = 0; round < 20; round++) {
    const rotation = ROTATIONS[round % 8]!;
    x = (x + y) >>> 0;
    y = (((y << rotation) | (y >>> (32 - rotation))) ^ x) >>> 0;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x = (x + key[injection % 3]!) >>> 0;
      y = (y + key[(injection + 1) % 3]! + injection) >>> 0;
    }
  }
  return [x, y];
}

/** A uniform number in [0, 1) of 24 random bits, exact in float32. */
export function toUnit(word: number): number {
  return (word >>> 8) * 2 ** -24;
}

/** Second counter word of host streams; draws on the GPU have 0 and 1 there, roundings 4 and more, so they never meet. */
const HOST_DOMAIN = 2;

/** A stream of random numbers on the host: initial weights and the order of samples. */
export class RandomStream {
  #seed: number;
  #stream: number;
  #counter = 0;
  #spare: number | undefined;

  constructor(seed: number, stream = 0) {
    this.#seed = seed >>> 0;
    this.#stream = stream >>> 0;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    if (this.#spare !== undefined) {
      const word = this.#spare;
      this.#spare = undefined;
      return toUnit(word);
    }
    const [first, second] = threefry(this.#seed, this.#stream, this.#counter++, HOST_DOMAIN);
    this.#spare = second;
    return toUnit(first);
  }

  /** Standard normal, by Box and Muller. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Standard normal, drawn again beyond two standard deviations. */
  truncatedNormal(): number {
    for (;;) {
      const value = this.normal();
      if (Math.abs(value) <= 2) return value;
    }
  }

  /** The numbers 0 to n - 1 in random order (Fisher and Yates). */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(this.uniform() * (i + 1));
      const swapped = order[i]!;
      order[i] = order[j]!;
      order[j] = swapped;
    }
    return order;
  }
}
