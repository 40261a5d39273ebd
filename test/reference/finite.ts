// Reference: whether all values of an array are finite.

export function allFinite(values: readonly number[]): boolean {
  return values.every((value) => Number.isFinite(value));
}
