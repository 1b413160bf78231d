/**
 * Reads the signatures of functions from a wasm binary, which engines do not expose, and makes a small module for
 * callbacks.
 */
import { expects, expectsMembers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';

export type WasmType = 'i32' | 'i64' | 'f32' | 'f64' | 'other';
/** Parameters and results of a function. */
export interface WasmSignature {
  readonly parameters: readonly WasmType[];
  readonly results: readonly WasmType[];
}

const types: Record<number, WasmType> = { 127: 'i32', 126: 'i64', 125: 'f32', 124: 'f64' };
const codes: Record<WasmType, number> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, other: 0x6f };

class Reader {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  get done(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new EwaldError('Format', `the wasm module ends early, at byte ${this.at - 1}`);
    return byte;
  }

  /** An unsigned LEB128 number. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new EwaldError('Format', `the wasm module has a number of more than 5 bytes at byte ${this.at}`);
  }

  text(): string {
    const length = this.number();
    this.at += length;
    return new TextDecoder().decode(this.#bytes.subarray(this.at - length, this.at));
  }

  limits(): void {
    const flags = this.number();
    this.number();
    if (flags & 1) this.number();
  }
}

/** Signatures of the exported functions of a wasm binary (the core specification's binary format, version 1). */
export function exportedSignatures(bytes: Uint8Array): Map<string, WasmSignature> {
  expects(bytes instanceof Uint8Array, 'exportedSignatures: the first argument', bytes, 'the bytes of a wasm module');
  if (bytes.length < 8 || head.slice(0, 4).some((byte, i) => bytes[i] !== byte))
    throw new EwaldError('Format', 'this is not a wasm module: it does not start with \\0asm');
  const reader = new Reader(bytes, 8);
  const signatures: WasmSignature[] = [];
  const functions: number[] = [];
  const found = new Map<string, WasmSignature>();
  while (!reader.done) {
    const section = reader.byte();
    const size = reader.number();
    const end = reader.at + size;
    if (section === 1) {
      for (let n = reader.number(); n > 0; n--) {
        if (reader.byte() !== 0x60) break;
        const list = (): WasmType[] => Array.from({ length: reader.number() }, () => types[reader.byte()] ?? 'other');
        signatures.push({ parameters: list(), results: list() });
      }
    } else if (section === 2) {
      for (let n = reader.number(); n > 0; n--) {
        reader.text();
        reader.text();
        const kind = reader.byte();
        if (kind === 0) functions.push(reader.number());
        else if (kind === 1) {
          reader.byte();
          reader.limits();
        } else if (kind === 2) reader.limits();
        else {
          reader.byte();
          reader.byte();
        }
      }
    } else if (section === 3) {
      for (let n = reader.number(); n > 0; n--) functions.push(reader.number());
    } else if (section === 7) {
      for (let n = reader.number(); n > 0; n--) {
        const name = reader.text();
        const kind = reader.byte();
        const index = reader.number();
        const signature = kind === 0 ? signatures[functions[index] ?? -1] : undefined;
        if (signature) found.set(name, signature);
      }
    }
    reader.at = end;
  }
  return found;
}

/** A signature in words. */
export function signatureText(of: WasmSignature): string {
  expectsMembers('signatureText: the signature', of, ['parameters', 'results'], '{ parameters, results }');
  return `(${of.parameters.join(', ')}) -> ${of.results.join(', ') || 'nothing'}`;
}

/** `\0asm`, version 1. */
const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const trampolines = new Map<string, WebAssembly.Module>();

/**
 * Makes a wasm function that calls a JavaScript function. Only wasm functions can be in a function table, and in
 * engines without WebAssembly.Function they can only be made by a module that imports and re-exports the function.
 */
export function wasmFunction(signature: WasmSignature, use: (...values: never[]) => unknown): unknown {
  const key = signatureText(signature);
  let module = trampolines.get(key);
  if (!module) {
    const list = (of: readonly WasmType[]): number[] => [of.length, ...of.map((type) => codes[type])];
    const type = [1, 0x60, ...list(signature.parameters), ...list(signature.results)];
    const imports = [1, 1, 0x65, 1, 0x66, 0, 0];
    const exports = [1, 1, 0x66, 0, 0];
    const section = (id: number, body: readonly number[]): number[] => [id, ...leb(body.length), ...body];
    module = new WebAssembly.Module(
      Uint8Array.from([...head, ...section(1, type), ...section(2, imports), ...section(7, exports)]),
    );
    trampolines.set(key, module);
  }
  return new WebAssembly.Instance(module, { e: { f: use as unknown as WebAssembly.ImportValue } }).exports.f;
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const byte = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest > 0 ? byte | 0x80 : byte);
  } while (rest > 0);
  return bytes;
}
