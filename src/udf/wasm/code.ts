/** Loads the WebAssembly modules of UDFs: from URLs, files or bytes, once per run. */
import { absoluteAddress } from '../../util/addresses.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import type { PlatformModule, PlatformUrl } from '../../util/globals.js';
import { wasmRefusal } from '../../util/policy.js';
import type { AnyUdf, WasmUdfSource } from '../functions/udf.js';
import { checkModule } from './abi.js';

/** A module, and its bytes, which are sent to workers. */
export interface WasmCode {
  /** Name in messages. */
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly module: PlatformModule;
}

/** Reads a file URL; Node only. */
export type ReadFile = (url: PlatformUrl) => Promise<Uint8Array>;

async function moduleBytes(what: string, source: WasmUdfSource, readFile: ReadFile | undefined): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  let url: URL;
  try {
    url = new URL(typeof source === 'string' ? absoluteAddress(source) : (source as URL));
  } catch (cause) {
    throw new EwaldError(
      'Argument',
      `${what}: wasm is ${JSON.stringify(source)}; expected new URL('./name.wasm', import.meta.url) or the bytes`,
      { cause },
    );
  }
  try {
    if (url.protocol === 'file:' && readFile) return await readFile(url);
    const response = await fetch(url);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new EwaldError('Load', `${what}: its module ${url.href} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Compiles and checks the bytes of a module. Throws `Load` for damaged bytes, `Argument` for missing exports. */
async function compileCode(what: string, bytes: Uint8Array): Promise<WasmCode> {
  let module: WebAssembly.Module;
  try {
    module = await WebAssembly.compile(bytes as BufferSource);
  } catch (cause) {
    const damaged = `its ${bytes.length} bytes are not a module of WebAssembly: ${messageOf(cause)}`;
    throw new EwaldError('Load', `${what}: ${wasmRefusal(cause) ?? damaged}`, { cause });
  }
  checkModule(what, module);
  return { what, bytes, module };
}

/** The name of the module of a UDF in messages. */
const moduleOf = (udf: AnyUdf): string => `the wasm module of the UDF ${udf.definition.name}`;

/** Loads the modules of the UDFs that have one. */
export async function loadCodes(
  udfs: readonly AnyUdf[],
  readFile: ReadFile | undefined,
): Promise<ReadonlyMap<AnyUdf, WasmCode>> {
  const codes = new Map<AnyUdf, WasmCode>();
  for (const udf of udfs) {
    const { wasm } = udf.definition;
    if (wasm === undefined) continue;
    const what = moduleOf(udf);
    codes.set(udf, await compileCode(what, await moduleBytes(what, wasm, readFile)));
  }
  return codes;
}

/** The modules of UDFs from the bytes that were sent to a worker. */
export async function codesFrom(
  udfs: readonly { readonly udf: AnyUdf; readonly wasm?: Uint8Array | undefined }[],
): Promise<ReadonlyMap<AnyUdf, WasmCode>> {
  const codes = new Map<AnyUdf, WasmCode>();
  for (const { udf, wasm } of udfs) if (wasm) codes.set(udf, await compileCode(moduleOf(udf), wasm));
  return codes;
}
