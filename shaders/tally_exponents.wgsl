// Tallies size values x by their exponents into one row of counters: row.bins[floor(log2 |x|) - floor(log2 scale)] += 1, and how
// many are zero, below 2^-24, below 2^-14, above 65504, infinite, NaN. By integer bits alone: WGSL lets a compiler assume that there
// are no NaN, and flush what is subnormal. HALF: x holds halves, two a word.
// The words of rows and steps are those of src/kernels/numerics.ts. The step's flags say which rows stored what is not finite.
override HALF: bool = false;

const BINS = 277u;
const NONE = 4294967295u;

struct Params {
  size: u32,
  // First word of the row.
  row: u32,
  // The row's number among all.
  id: u32,
  // Bits from which on a float does not fit what it is stored as: of halves 65520, which becomes infinite.
  beyond: u32,
  // 1: the values are multiplied with the loss scale, word 1 of scale.
  scaled: u32,
  // Blocks of 16 bytes that a workgroup reads.
  chunk: u32,
  // Rows of what the values were made of; NONE where there are fewer.
  source0: u32,
  source1: u32,
  source2: u32,
  source3: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> scale: array<u32>;
@group(0) @binding(2) var<storage, read_write> rows: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> steps: array<atomic<u32>>;
@group(0) @binding(4) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/tally.wgsl"

// Of normal values by the exponent in their bits, of subnormal ones by their leading bit.
var<workgroup> normal: array<atomic<u32>, 255>;
var<workgroup> leading: array<atomic<u32>, 23>;
// Zeros, values between 65504 and 65536, infinities, NaN.
var<workgroup> others: array<atomic<u32>, 4>;
// Bits of the greatest finite magnitude, and of the least but zero, inverted; 0: there is none.
var<workgroup> largest: atomic<u32>;
var<workgroup> smallest: atomic<u32>;

// What one invocation has met.
struct Met {
  zeros: u32,
  high: u32,
  largest: u32,
  smallest: u32,
}

// Bits of the mantissa, and of infinity, in the form of x.
fn width() -> u32 {
  return select(23u, 10u, HALF);
}

fn infinity() -> u32 {
  return select(0x7f800000u, 0x7c00u, HALF);
}

// Exponent of what has 1 for its bits.
fn lowest() -> i32 {
  return select(-149, -24, HALF);
}

// Counts a value by the bits of its magnitude.
fn count(met: ptr<function, Met>, bits: u32) {
  if bits == 0u {
    (*met).zeros += 1u;
    return;
  }
  if bits >= infinity() {
    atomicAdd(&others[select(3u, 2u, bits == infinity())], 1u);
    return;
  }
  (*met).largest = max((*met).largest, bits);
  (*met).smallest = max((*met).smallest, ~bits);
  let exponent = bits >> width();
  if exponent == 0u {
    atomicAdd(&leading[firstLeadingBit(bits)], 1u);
  } else {
    atomicAdd(&normal[exponent], 1u);
  }
  if !HALF && bits > 0x477fe000u && bits < 0x47800000u {
    (*met).high += 1u;
  }
}

fn countBlock(met: ptr<function, Met>, block: u32) {
  let words = x[block];
  for (var i = 0u; i < 4u; i++) {
    if !HALF {
      if block * 4u + i < params.size {
        count(met, words[i] & 0x7fffffffu);
      }
      continue;
    }
    let at = block * 8u + 2u * i;
    if at < params.size {
      count(met, words[i] & 0x7fffu);
    }
    if at + 1u < params.size {
      count(met, (words[i] >> 16u) & 0x7fffu);
    }
  }
}

// Exponent of the loss scale that the values are multiplied with.
fn shift() -> i32 {
  if params.scaled == 0u {
    return 0;
  }
  return i32((scale[1] >> 23u) & 0xffu) - 127;
}

// Of a magnitude its exponent without the scale, + 512, and 22 bits behind the point: keys compare as magnitudes do.
fn keyOf(bits: u32) -> u32 {
  var exponent = i32(bits >> width()) + lowest() + i32(width()) - 1;
  var mantissa = bits & ((1u << width()) - 1u);
  if bits >> width() == 0u {
    let top = firstLeadingBit(bits);
    exponent = i32(top) + lowest();
    mantissa = (bits << (width() - top)) & ((1u << width()) - 1u);
  }
  return (u32(exponent - shift() + 512) << 22u) | ((mantissa << (23u - width())) >> 1u);
}

// Adds to a counter of two words.
fn add(at: u32, n: u32) {
  let before = atomicAdd(&rows[params.row + at], n);
  if before + n < before {
    atomicAdd(&rows[params.row + at + 1u], 1u);
  }
}

fn addExponent(exponent: i32, n: u32) {
  if n == 0u {
    return;
  }
  add(BINS_AT + 2u * u32(clamp(exponent - shift() + 149, 0, i32(BINS) - 1)), n);
  if exponent < -24 {
    add(BELOW, n);
  } else if exponent < -14 {
    add(SUBNORMAL, n);
  } else if exponent > 15 {
    add(ABOVE, n);
  }
}

fn isUnfit(source: u32) -> bool {
  return source != NONE && (atomicLoad(&steps[flagsAt(source)]) & STORED_UNFIT) != 0u;
}

// Leaves the row's mark in the step: whether it, or what it was made of, is not finite, and whether it is the first such row.
fn mark(found: u32, isFirstGroup: bool) {
  let inherited = isUnfit(params.source0) || isUnfit(params.source1) || isUnfit(params.source2) || isUnfit(params.source3);
  if isFirstGroup {
    atomicMax(&steps[ROWS], params.id + 1u);
    if inherited {
      atomicOr(&steps[flagsAt(params.id)], READ_UNFIT);
    }
  }
  if found == 0u {
    return;
  }
  // A later dispatch waits for this one: the first to come is the first op.
  loop {
    let claim = atomicCompareExchangeWeak(&steps[FIRST], NONE, params.id);
    if claim.exchanged || claim.old_value != NONE {
      break;
    }
  }
  if atomicLoad(&steps[FIRST]) == params.id {
    atomicOr(&steps[KINDS], found | select(0u, 8u, inherited));
  }
  atomicOr(&steps[flagsAt(params.id)], STORED_UNFIT);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let part = linearIndex(group, groups, 0u, 1u);
  let blocks = (params.size + select(3u, 7u, HALF)) / select(4u, 8u, HALF);
  let end = min((part + 1u) * params.chunk, blocks);
  var met: Met;
  for (var block = part * params.chunk + lane; block < end; block += 64u) {
    countBlock(&met, block);
  }
  atomicAdd(&others[0], met.zeros);
  atomicAdd(&others[1], met.high);
  atomicMax(&largest, met.largest);
  atomicMax(&smallest, met.smallest);
  workgroupBarrier();
  let above = infinity() >> width();
  for (var exponent = 1u + lane; exponent < above; exponent += 64u) {
    addExponent(i32(exponent) + lowest() + i32(width()) - 1, atomicLoad(&normal[exponent]));
  }
  if lane < width() {
    addExponent(i32(lane) + lowest(), atomicLoad(&leading[lane]));
  }
  if lane != 0u {
    return;
  }
  let infinities = atomicLoad(&others[2]);
  let nans = atomicLoad(&others[3]);
  add(ZEROS, atomicLoad(&others[0]));
  add(ABOVE, atomicLoad(&others[1]));
  add(INFINITIES, infinities);
  add(NANS, nans);
  let greatest = atomicLoad(&largest);
  if greatest != 0u {
    atomicMax(&rows[params.row + LARGEST], keyOf(greatest));
    atomicMax(&rows[params.row + SMALLEST], ~keyOf(~atomicLoad(&smallest)));
  }
  let unfit = select(0u, 1u, !HALF && greatest >= params.beyond);
  mark(unfit | select(0u, 2u, infinities > 0u) | select(0u, 4u, nans > 0u), part == 0u);
}
