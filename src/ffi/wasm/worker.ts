/**
 * Asynchronous calls of a wasm library: a worker with its own instance.
 *
 * A wasm heap belongs to one thread, so the worker's instance shares nothing with the main one: arrays are copied there
 * and back, and variables of one instance are invisible to the other. Addresses, handles and callbacks cannot be
 * passed.
 */

import { IndirectMemory2D } from '../../memory/indirect.js';
import { EwaldError } from '../../util/errors.js';
import { Caller } from '../../util/port-calls.js';
import type { WorkerPort } from '../../util/worker-port.js';
import { CArray } from '../carray.js';
import { type Argument, Directed, type Direction, type Frame, type Parameter, type Scratch } from '../frame.js';
import { type CFunction, type CType, isText } from '../header/types.js';
import { Callback } from '../kept-callback.js';
import { Pointer } from '../pointer.js';
import type { Runtime } from '../runtime.js';
import type { Bits } from '../scalars.js';
import type { WasmImports } from './module.js';
import type { OpenPort } from './port.js';
import { systemCalls } from './system.js';

/** The form in which an argument is sent to the worker: bits, or bytes to place in its heap. */
type Sent = { readonly bits: Bits } | { readonly bytes: Uint8Array; readonly align: number; readonly back: boolean };

/** What the worker is asked. */
interface LibraryCalls {
  readonly call: {
    readonly options: {
      readonly module: WebAssembly.Module;
      readonly name: string;
      readonly args: readonly Sent[];
      /** Whether the result is text. */
      readonly text: boolean;
    };
    readonly value: { readonly value: unknown; readonly back: readonly (Uint8Array | undefined)[] };
  };
}

/**
 * The worker's code, run from this text so that no bundler has to place a file. It is independent of C: it places
 * bytes, calls, and returns the bytes. Its messages are those of port-calls.ts. The port adds the line that
 * connects `start` to its thread.
 */
const code = `
const start = (port) => {
  let exports;
  // Bundlers that keep the names of functions call this.
  const __name = (fn) => fn;
  const system = (${systemCalls})({ memory: () => exports && exports.memory, print: (line) => console.log(line) });
  // As module.ts stands in for what is not there: a library that needs more cannot be called here.
  const stand = (from, name) => {
    if (name === 'proc_exit') return (c) => { throw new Error('the module ended itself with code ' + c); };
    if (name === 'emscripten_notify_memory_growth') return () => {};
    if (from.startsWith('wasi') && Object.hasOwn(system, name)) return system[name];
    if (from.startsWith('wasi') && /^(?:fd|path|sock)_/.test(name)) return () => 8;
    return () => { throw Object.assign(new Error('calls ' + from + '.' + name + ', which is not provided'), { tag: 'Unsupported' }); };
  };
  const answer = async ({ id, call, options: { module, name, args, text } }) => {
    try {
      if (!exports) {
        const imports = Object.create(null);
        for (const { module: from, name: what } of WebAssembly.Module.imports(module)) (imports[from] ??= Object.create(null))[what] = stand(from, what);
        exports = (await WebAssembly.instantiate(module, imports)).exports;
        exports._initialize?.();
      }
      const malloc = exports.malloc ?? exports.ewald_alloc ?? exports._malloc, free = exports.free ?? exports.ewald_free ?? exports._free;
      const heap = () => new Uint8Array(exports.memory.buffer);
      const taken = [];
      try {
        const placed = args.map((arg) => {
          if ('bits' in arg) return arg.bits;
          const start = malloc(Math.max(1, arg.bytes.length) + arg.align) >>> 0;
          if (!start) throw new Error('the heap of the worker has no ' + arg.bytes.length + ' bytes left');
          taken.push(start);
          const address = start + (arg.align - start % arg.align) % arg.align;
          heap().set(arg.bytes, address);
          return address;
        });
        let value = exports[name](...placed);
        if (text) { const h = heap(); let end = value >>> 0; while (h[end]) end++; value = value ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(h.slice(value >>> 0, end)) : null; }
        const back = args.map((arg, i) => arg.back ? heap().slice(placed[i], placed[i] + arg.bytes.length) : undefined);
        port.postMessage({ id, call, value: { value, back } });
      } finally { taken.forEach((address) => free(address)); }
    } catch (error) { port.postMessage({ id, error: { message: String(error && error.message || error), tag: error && error.tag } }); }
  };
  return answer;
};
`;

/** What a call writes back: bytes of a buffer or a heap, or a whole list. */
interface Written {
  readonly owner: object;
  readonly from: number;
  readonly to: number;
}

/** What the calls that run write back when they end. */
const claimed = new Set<Written>();

/** Refuses what another call writes back as well, as the later one would undo the earlier one; returns the end of it. */
function claim(written: readonly Written[], name: string): () => void {
  for (const { owner, from, to } of written)
    for (const other of claimed)
      if (other.owner === owner && from < other.to && other.from < to)
        throw new EwaldError(
          'Argument',
          `${name}.async() is given an array that another call in a worker writes back, which would undo the writes of one of ` +
            'them; await that call first, or mark the array with in() if C only reads it',
        );
  for (const one of written) claimed.add(one);
  return () => {
    for (const one of written) claimed.delete(one);
  };
}

/** The worker of one library. */
export class WorkerCalls {
  readonly #runtime: Runtime;
  readonly #module: WebAssembly.Module;
  readonly #open: OpenPort;
  #worker: { readonly port: WorkerPort; readonly calls: Caller<LibraryCalls> } | undefined;
  #closed = false;

  constructor(runtime: Runtime, module: WebAssembly.Module, open: OpenPort, imports: WasmImports | undefined) {
    if (imports && Object.keys(imports).length > 0)
      throw new EwaldError(
        'Unsupported',
        'a library with imports of its own cannot be called asynchronously: functions do not cross into a worker',
      );
    this.#runtime = runtime;
    this.#module = module;
    this.#open = open;
  }

  async call(fn: CFunction, values: readonly unknown[], parameters: readonly Parameter[]): Promise<unknown> {
    const { result } = fn;
    const text = isText(result);
    if (result.kind === 'pointer' && !text) throw this.#apart(`${fn.name}.async() returns a pointer`);
    const frame = new SendingFrame(fn.name, (what) => this.#apart(`${fn.name}.async() ${what}`));
    const sent = values.map((value, i): Sent => {
      const inner = value instanceof Directed ? value.value : value;
      if (inner instanceof Pointer || inner instanceof IndirectMemory2D || inner instanceof Callback)
        throw this.#apart(`${fn.name}.async() is given an address`);
      // An array in the library's heap is sent as a copy, and the result is copied back into it.
      if (inner instanceof CArray) {
        const type = fn.parameters[i]?.type;
        const isRead = type?.kind === 'pointer' && type.to.const;
        const direction: Direction = value instanceof Directed ? value.direction : isRead ? 'in' : 'inout';
        return frame.sent(frame.array(inner, direction));
      }
      const before = frame.awaited;
      const converted = (parameters[i] as Parameter).convert(value, frame);
      // A list or an object, into which the worker's values are put.
      if (frame.awaited > before && typeof inner === 'object' && inner !== null)
        frame.written.push({ owner: inner, from: 0, to: 1 });
      return frame.sent(converted);
    });
    const ended = claim(frame.written, fn.name);
    try {
      const { value, back } = await this.#started().ask('call', {
        name: fn.symbol ?? fn.name,
        args: sent,
        text,
        module: this.#module,
      });
      frame.finish(back);
      return this.#answer(result, text, value);
    } finally {
      ended();
    }
  }

  #answer(result: CType, text: boolean, value: unknown): unknown {
    if (text) return value;
    if (result.kind === 'void') return undefined;
    return this.#runtime.scalar(result)?.out(value as Bits);
  }

  close(): void {
    this.#closed = true;
    void this.#worker?.port.end();
    const what = `the library ${this.#runtime.name} was disposed while this call ran`;
    this.#worker?.calls.fail(new EwaldError('Disposed', what));
  }

  #apart(what: string): EwaldError {
    return new EwaldError(
      'Unsupported',
      `${what}, which means nothing to the worker's own instance of ${this.#runtime.name}; pass typed arrays, or ` +
        'call it synchronously',
    );
  }

  #started(): Caller<LibraryCalls> {
    const { name } = this.#runtime;
    if (this.#closed)
      throw new EwaldError('Disposed', `the library ${name} was disposed; open it again before calling it`);
    if (this.#worker) return this.#worker.calls;
    const port = this.#open(code);
    const calls = new Caller<LibraryCalls>(port, ({ message, tag }) =>
      tag === 'Unsupported'
        ? new EwaldError(tag, `the wasm module ${name} ${message}, so that it cannot be called asynchronously`)
        : new EwaldError('Internal', `the worker of ${name} failed: ${message}`),
    );
    port.onFailure((error) => calls.fail(error));
    this.#worker = { port, calls };
    return calls;
  }
}

/** What a call writes back: where, and the bytes that were sent. */
interface Target {
  readonly bytes: Uint8Array;
  readonly now: () => Uint8Array;
}

/** Whether two arrays have the same bytes, compared by words where both begin at one. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  const words = (a.byteOffset | b.byteOffset) % 4 === 0 ? a.length >> 2 : 0;
  const left = new Int32Array(a.buffer, words > 0 ? a.byteOffset : 0, words);
  const right = new Int32Array(b.buffer, words > 0 ? b.byteOffset : 0, words);
  for (let i = 0; i < words; i++) if (left[i] !== right[i]) return false;
  for (let i = words * 4; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Collects the parts of an argument, to be placed in the worker's heap. */
class SendingFrame implements Frame {
  // A copy is sent, which is made before JavaScript continues.
  readonly asynchronous = false;
  readonly #sent = new Map<object, Sent>();
  readonly #targets: (Target | undefined)[] = [];
  readonly #name: string;
  readonly #refuse: (what: string) => EwaldError;
  readonly written: Written[] = [];

  /** `name` is that of the function. */
  constructor(name: string, refuse: (what: string) => EwaldError) {
    this.#name = name;
    this.#refuse = refuse;
  }

  /** `now` is where the worker's bytes are written back. */
  #bytes(bytes: Uint8Array, now: (() => Uint8Array) | undefined, align = 8): Argument {
    const token = { target: now && { bytes, now } };
    this.#sent.set(token, { bytes, align, back: now !== undefined });
    return token;
  }

  place(view: ArrayBufferView, direction: Direction): Argument {
    const source = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    if (direction !== 'in')
      this.written.push({ owner: view.buffer, from: view.byteOffset, to: view.byteOffset + view.byteLength });
    return this.#bytes(source.slice(), direction === 'in' ? undefined : () => source);
  }

  array(array: CArray, direction: Direction): Argument {
    const { byteLength } = array;
    const now = (): Uint8Array => {
      const view = array.span().view();
      return new Uint8Array(view.buffer, view.byteOffset, byteLength);
    };
    const isBack = direction !== 'in';
    const from = Number(array.address);
    if (isBack) this.written.push({ owner: array.runtime, from, to: from + byteLength });
    return this.#bytes(now().slice(), isBack ? now : undefined, array.runtime.alignOf(array.type));
  }

  at(): never {
    throw this.#refuse('takes a table of pointers');
  }

  text(text: string): Argument {
    return this.place(new TextEncoder().encode(`${text}\0`), 'in');
  }

  scratch(bytes: number, _direction?: Direction, align?: number): Scratch {
    const memory = new Uint8Array(bytes);
    const refuse = this.#refuse;
    return {
      // The same array is sent after the caller has filled it.
      argument: this.#bytes(memory, () => memory, align),
      get address(): never {
        throw refuse('takes a table of pointers');
      },
      view: () => new DataView(memory.buffer),
    };
  }

  callback(): Argument {
    throw this.#refuse('takes a callback');
  }

  readonly #after: (() => void)[] = [];

  /** How many times something is done with what the worker sends back. */
  get awaited(): number {
    return this.#after.length;
  }

  after(work: () => void): void {
    this.#after.push(work);
  }

  readonly hasFailed = false;
  readonly isBeside = true;

  watches(direction: Direction): boolean {
    return direction === 'inout';
  }

  release(free: () => void): void {
    free();
    throw this.#refuse('takes a table of pointers');
  }

  /** Refuses to undo what JavaScript wrote meanwhile, or to lose what C wrote. */
  #assertUnchanged(sent: Uint8Array, now: Uint8Array): void {
    if (sent === now || now.length !== sent.length || isSame(sent, now)) return;
    throw new EwaldError(
      'Argument',
      `JavaScript changed an array while ${this.#name}.async() worked on a copy of it in a worker; what C wrote is lost, as it ` +
        'would undo that change: write after the call, or mark the array with in() if C only reads it',
    );
  }

  sent(argument: Argument): Sent {
    const sent = typeof argument === 'object' && argument !== null ? this.#sent.get(argument) : undefined;
    this.#targets.push(sent ? (argument as { target?: Target }).target : undefined);
    if (sent) return sent;
    if (argument === null) return { bits: 0 };
    if (typeof argument === 'object' || typeof argument === 'string')
      throw this.#refuse('takes something that cannot be sent');
    return { bits: argument };
  }

  finish(back: readonly (Uint8Array | undefined)[]): void {
    const written = back.map((_, i) => this.#targets[i]?.now());
    for (const [i, now] of written.entries())
      if (now) this.#assertUnchanged(this.#targets[i]?.bytes as Uint8Array, now);
    for (const [i, bytes] of back.entries()) if (bytes) written[i]?.set(bytes);
    for (const work of this.#after) work();
  }
}
