// Words of the tally of a watch: those of a row, counters of two words first, and those of steps, of which each row has three.
const ZEROS = 0u;
const BELOW = 2u;
const SUBNORMAL = 4u;
const ABOVE = 6u;
const INFINITIES = 8u;
const NANS = 10u;
const LARGEST = 12u;
const SMALLEST = 13u;
const BINS_AT = 16u;

const UNCHECKED = 0u;
const FIRST = 1u;
const KINDS = 2u;
const BEFORE = 3u;
const BEFORE_KINDS = 4u;
const ROWS = 5u;
const STEPS = 6u;
const FAILED = 7u;
const FIRST_FAILURE = 8u;
const LATEST_FAILURE = 12u;
const ROW_FLAGS = 16u;

// Flags of a row in a step.
const STORED_UNFIT = 1u;
const READ_UNFIT = 2u;

fn flagsAt(row: u32) -> u32 {
  return ROW_FLAGS + 3u * row;
}
