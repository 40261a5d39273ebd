/** The error classes that Halftape throws; every message reads `where: rule: values met; what is accepted`. */

/** Base of all errors thrown on purpose by Halftape. */
export class HalftapeError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Shapes that do not fit the op, or sizes that no tensor can have. */
export class ShapeError extends HalftapeError {}

/** dtypes that the op does not take, or that differ where they must agree. */
export class DtypeError extends HalftapeError {}

/** An option, argument or call order that is not accepted. */
export class ArgumentError extends HalftapeError {}

/** Data that cannot be used: not finite, out of range, or not of the declared form. */
export class DataError extends HalftapeError {}

/** A tensor, tape, variable or engine used after it was disposed or closed. */
export class DisposedError extends HalftapeError {}

/** No WebGPU adapter, or one that lacks what was asked for. */
export class AdapterError extends HalftapeError {}

/** The GPU device is gone; nothing more can run on its engine. */
export class DeviceLostError extends HalftapeError {}

/** An allocation would pass the engine's byte budget, or one of the adapter's size limits. */
export class OutOfMemoryError extends HalftapeError {}

/** A shader or pipeline was refused; the message holds the shader's name and line. */
export class ShaderError extends HalftapeError {}

/** A file from outside does not have the form that it should have. */
export class FormatError extends HalftapeError {}
