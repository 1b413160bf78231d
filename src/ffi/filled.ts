/** What is told at once in a call: typed arrays that have elements, by their class, and texts that C reads whole. */

type Test = (value: unknown) => boolean;

/** Written out by class: `instanceof` of a variable, and a function for all of them, take as long as a small native call. */
export const filled: ReadonlyMap<unknown, Test> = new Map<unknown, Test>([
  [Int8Array, (value) => ArrayBuffer.isView(value) && value instanceof Int8Array && value.length > 0],
  [Uint8Array, (value) => ArrayBuffer.isView(value) && value instanceof Uint8Array && value.length > 0],
  [Int16Array, (value) => ArrayBuffer.isView(value) && value instanceof Int16Array && value.length > 0],
  [Uint16Array, (value) => ArrayBuffer.isView(value) && value instanceof Uint16Array && value.length > 0],
  [Int32Array, (value) => ArrayBuffer.isView(value) && value instanceof Int32Array && value.length > 0],
  [Uint32Array, (value) => ArrayBuffer.isView(value) && value instanceof Uint32Array && value.length > 0],
  [Float32Array, (value) => ArrayBuffer.isView(value) && value instanceof Float32Array && value.length > 0],
  [Float64Array, (value) => ArrayBuffer.isView(value) && value instanceof Float64Array && value.length > 0],
  [BigInt64Array, (value) => ArrayBuffer.isView(value) && value instanceof BigInt64Array && value.length > 0],
  [BigUint64Array, (value) => ArrayBuffer.isView(value) && value instanceof BigUint64Array && value.length > 0],
]);

/** Whether a text has no half of a pair of UTF-16, which UTF-8 does not have; engines without the function are not asked. */
export const isWellFormed = (text: string): boolean => (text as { isWellFormed?(): boolean }).isWellFormed?.() ?? true;

export const isPlainText: Test = (value) => typeof value === 'string' && !value.includes('\0') && isWellFormed(value);
