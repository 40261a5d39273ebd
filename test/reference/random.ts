// Reference: Threefry-2x32 with 20 rounds in whole-number arithmetic, and the numbers that random kernels make of its words.

const ROTATIONS = [13n, 15n, 26n, 6n, 17n, 29n, 16n, 24n];
const MASK = 0xffffffffn;

/** Salmon et al. 2011, figure 4: a key word is added after every fourth round, together with the number of additions. */
export function threefry(
  key: readonly [number, number],
  counter: readonly [number, number],
): [number, number] {
  const k = [BigInt(key[0]), BigInt(key[1])];
  k.push(0x1bd11bdan ^ k[0]! ^ k[1]!);
  let x0 = (BigInt(counter[0]) + k[0]!) & MASK;
  let x1 = (BigInt(counter[1]) + k[1]!) & MASK;
  for (let group = 0; group < 5; group++) {
    for (let step = 0; step < 4; step++) {
      const r = ROTATIONS[(group % 2) * 4 + step]!;
      x0 = (x0 + x1) & MASK;
      x1 = (((x1 << r) & MASK) | (x1 >> (32n - r))) ^ x0;
    }
    x0 = (x0 + k[(group + 1) % 3]!) & MASK;
    x1 = (x1 + k[(group + 2) % 3]! + BigInt(group + 1)) & MASK;
  }
  return [Number(x0), Number(x1)];
}

/** The first `count` words of one draw: four a quad, two of counter (quad, 0) and two of (quad, 1). */
export function words(seed: number, draw: number, count: number): number[] {
  const quads = Array.from({ length: Math.ceil(count / 4) }, (_, quad) => [
    ...threefry([seed, draw], [quad, 0]),
    ...threefry([seed, draw], [quad, 1]),
  ]);
  return quads.flat().slice(0, count);
}

/** Numbers in [0, 1) of the upper 24 bits of each word. */
export function units(seed: number, draw: number, count: number): number[] {
  return words(seed, draw, count).map((word) => Math.floor(word / 256) / 2 ** 24);
}

/** Standard normal numbers by Box and Muller: each pair of units gives a cosine and a sine. */
export function normals(seed: number, draw: number, count: number): number[] {
  const u = units(seed, draw, Math.ceil(count / 4) * 4);
  return Array.from({ length: count }, (_, index) => {
    const first = index - (index % 2);
    const radius = Math.sqrt(-2 * Math.log(1 - u[first]!));
    const angle = 2 * Math.PI * u[first + 1]!;
    return radius * (index % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
  });
}
