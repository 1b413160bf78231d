/** Compiles and starts wasm modules of users with their imports. */
import { EwaldError, messageOf } from '../../util/errors.js';
import { fetchReason } from '../../util/fetch-reason.js';
import type { PlatformInstance, PlatformModule, PlatformResponse, PlatformUrl } from '../../util/globals.js';
import { wasmRefusal } from '../../util/policy.js';
import { isOfFiles, systemCalls } from './system.js';

/** The forms in which a wasm library can be given. */
export type WasmSource =
  | ArrayBufferView
  | ArrayBuffer
  | PlatformModule
  | PlatformInstance
  | PlatformResponse
  | PlatformUrl;

/** Imports of a module, by module and name: functions, memories, tables and globals. */
export type WasmImports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** An instance and its source. */
export interface Started {
  readonly instance: PlatformInstance;
  readonly module: PlatformModule | undefined;
  readonly bytes: Uint8Array | undefined;
}

/** What is wrong with a module, unless the page forbids all of them. */
function refusedAs(cause: unknown, wrong: string): string {
  const refusal = wasmRefusal(cause);
  return refusal ? `was not started: ${refusal}` : `${wrong}: ${messageOf(cause)}`;
}

async function fetched(url: URL): Promise<Response> {
  try {
    return await fetch(url);
  } catch (cause) {
    throw new EwaldError('Load', `the wasm module ${url.href} cannot be fetched: ${fetchReason(cause)}`, { cause });
  }
}

/** Compiles a source that is not compiled yet. */
async function compile(
  source: Exclude<WasmSource, WebAssembly.Instance>,
  name: string,
): Promise<{ module: WebAssembly.Module; bytes: Uint8Array | undefined }> {
  if (source instanceof WebAssembly.Module) return { module: source, bytes: undefined };
  let bytes: Uint8Array<ArrayBuffer>;
  if (source instanceof URL || (typeof Response !== 'undefined' && source instanceof Response)) {
    const response = source instanceof URL ? await fetched(source) : source;
    if (!response.ok)
      throw new EwaldError('Load', `the wasm module ${response.url} answers ${response.status} ${response.statusText}`);
    bytes = new Uint8Array(await response.arrayBuffer());
  } else if (ArrayBuffer.isView(source)) {
    bytes = new Uint8Array(source.buffer as ArrayBuffer, source.byteOffset, source.byteLength);
  } else if (Object.prototype.toString.call(source) === '[object ArrayBuffer]') {
    bytes = new Uint8Array(source as ArrayBuffer);
  } else {
    throw new EwaldError(
      'Argument',
      'the library is neither bytes, nor a WebAssembly.Module, Instance, Response or URL',
    );
  }
  try {
    return { module: await WebAssembly.compile(bytes), bytes };
  } catch (cause) {
    throw new EwaldError('Load', `${name} ${refusedAs(cause, 'is not a wasm module that this engine accepts')}`, {
      cause,
    });
  }
}

/** Starts a module; `imports` are the user's, and take precedence over the default ones. */
export async function startModule(source: WasmSource, name: string, imports: WasmImports = {}): Promise<Started> {
  if (source instanceof WebAssembly.Instance) return { instance: source, module: undefined, bytes: undefined };
  const { module, bytes } = await compile(source, name);
  let memory: WebAssembly.Memory | undefined;
  const system = systemCalls({ memory: () => memory, print: (line) => console.log(line) });
  // The names are the module's own, which may be those of members of every object.
  const all: Record<string, Record<string, WebAssembly.ImportValue>> = Object.create(null);
  for (const { module: from, name: what, kind } of WebAssembly.Module.imports(module)) {
    all[from] ??= Object.create(null) as Record<string, WebAssembly.ImportValue>;
    const own = Object.hasOwn(imports, from) ? (imports[from] ?? {}) : {};
    const given = Object.hasOwn(own, what) ? own[what] : undefined;
    if (given !== undefined) all[from][what] = given as WebAssembly.ImportValue;
    else if (kind === 'function') all[from][what] = standIn(from, what, name, system);
    else
      throw new EwaldError(
        'Load',
        `the wasm module ${name} imports the ${kind} ${from}.${what}; pass it: { imports: { ${from}: { ${what}: ` +
          '… } } }',
      );
  }
  let instance: WebAssembly.Instance;
  try {
    instance = await WebAssembly.instantiate(module, all);
  } catch (cause) {
    throw new EwaldError('Load', `the wasm module ${name} ${refusedAs(cause, 'could not be started')}`, { cause });
  }
  memory = instance.exports.memory as WebAssembly.Memory | undefined;
  const start = instance.exports._initialize;
  if (typeof start === 'function') start();
  return { instance, module, bytes };
}

/** A call of the system, or what refuses it by name. */
function standIn(
  from: string,
  what: string,
  library: string,
  system: Readonly<Record<string, WebAssembly.ImportValue>>,
): WebAssembly.ImportValue {
  if (what === 'emscripten_notify_memory_growth') return () => undefined;
  if (what === 'proc_exit') {
    return (code: number) => {
      throw new EwaldError('Internal', `the wasm module ${library} exited with code ${code}`);
    };
  }
  if (from.startsWith('wasi')) {
    const call = Object.hasOwn(system, what) ? system[what] : undefined;
    if (call) return call;
    if (isOfFiles(what)) return () => 8;
  }
  return () => {
    throw new EwaldError(
      'Unsupported',
      `the wasm module ${library} calls ${from}.${what}, which is not provided; pass it: { imports: { ${from}: { ` +
        `${what}: … } } }`,
    );
  };
}
