/** The ONNX model of one matrix product as bytes: protobuf's wire format, as far as such a model needs it. */
import type { GemmProblem } from './peer.ts';

const FLOAT = 1;
const FLOAT16 = 10;
const INT_ATTRIBUTE = 2;
const IR_VERSION = 8;
const OPSET = 17;

type Bytes = readonly number[];

function varint(value: number): Bytes {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}

const integer = (field: number, value: number): Bytes => [...varint(field << 3), ...varint(value)];
const message = (field: number, ...parts: Bytes[]): Bytes => {
  const bytes = parts.flat();
  return [...varint((field << 3) | 2), ...varint(bytes.length), ...bytes];
};
const text = (field: number, value: string): Bytes => message(field, [...new TextEncoder().encode(value)]);

/** ValueInfoProto: a tensor's name, element type and shape. */
function tensor(field: number, name: string, type: number, shape: readonly number[]): Bytes {
  const dimensions = shape.map((size) => message(1, integer(1, size)));
  return message(field, text(1, name), message(2, message(1, integer(1, type), message(2, ...dimensions))));
}

const attribute = (name: string, value: number): Bytes =>
  message(5, text(1, name), integer(3, value), integer(20, INT_ATTRIBUTE));

/** c = a b: a MatMul, or a Gemm with a transposed operand. */
export function productModel({ m, k, n, layout, storage }: GemmProblem): Uint8Array {
  const type = storage === 'f32' ? FLOAT : FLOAT16;
  const operands = [text(1, 'a'), text(1, 'b'), text(2, 'c')];
  const transposed = layout === 'TN' ? 'transA' : 'transB';
  const op = layout === 'NN' ? [text(4, 'MatMul')] : [text(4, 'Gemm'), attribute(transposed, 1)];
  const graph = message(
    7,
    message(1, ...operands, ...op),
    text(2, 'product'),
    tensor(11, 'a', type, layout === 'TN' ? [k, m] : [m, k]),
    tensor(11, 'b', type, layout === 'NT' ? [n, k] : [k, n]),
    tensor(12, 'c', type, [m, n]),
  );
  return Uint8Array.from([...integer(1, IR_VERSION), ...graph, ...message(8, integer(2, OPSET))]);
}
