/** Where the wasm core is loaded from, and the messages when loading fails. */
import { awaited } from '../../../util/callbacks.js';
import { EwaldError, messageOf } from '../../../util/errors.js';
import { fetchReason } from '../../../util/fetch-reason.js';
import { fileReason, tooManyFiles } from '../../../util/file-errors.js';
import { wasmRefusal } from '../../../util/policy.js';
import type { WasmSource } from '../names.js';

/** Reads the bytes of a file URL or path; Node only. */
export type ReadFile = (url: URL) => Promise<Uint8Array>;

// A literal, so that every bundler sees the asset; evaluated only on use.
const defaultUrl = (): URL => new URL('./ewald.wasm', import.meta.url);

/** What to do when the core at `where` cannot be used. */
const remedy = (where: string): string =>
  /\/\.vite\/deps\//.test(where)
    ? "Vite's dev server has pre-bundled ewald without its wasm file: put optimizeDeps: { exclude: ['ewald'] } into " +
      'vite.config.js'
    : 'give createContext({ wasm }) its URL, bytes or module; the package exports it as "ewald/ewald.wasm"';

/**
 * Compiles the core from the user's source, or from the file next to the bundle. `part` is the file of the rooms that are
 * needed; where it is not served, since only the whole core was copied beside the bundle, that one is taken.
 */
export async function compileCore(
  source: WasmSource | undefined,
  readFile: ReadFile | undefined,
  part?: () => URL,
): Promise<WebAssembly.Module> {
  if (source !== undefined || !part) return compiledFrom(source ?? defaultUrl(), readFile);
  try {
    return await compiledFrom(part(), readFile);
  } catch (error) {
    return compiledFrom(defaultUrl(), readFile).catch(() => {
      throw error;
    });
  }
}

async function compiledFrom(source: WasmSource, readFile: ReadFile | undefined): Promise<WebAssembly.Module> {
  let wasmSource = source;
  while (typeof wasmSource === 'function')
    wasmSource = await awaited('createContext: wasm', wasmSource as () => WasmSource | Promise<WasmSource>)();
  if (wasmSource instanceof WebAssembly.Module) return wasmSource;
  if (wasmSource instanceof ArrayBuffer || wasmSource instanceof Uint8Array)
    return compileBytes(wasmSource, 'the bytes given');
  // Node loads all of its `fetch` when `Response` is named, in each thread.
  const isAddress = typeof wasmSource === 'string' || wasmSource instanceof URL;
  if (!isAddress && typeof Response !== 'undefined' && wasmSource instanceof Response)
    return compileResponse(wasmSource, wasmSource.url || 'the response given');
  const url = toUrl(wasmSource as string | URL);
  const { href } = url;
  const known = compiled.get(href);
  const module = known instanceof Promise ? await known.catch(() => undefined) : known?.deref();
  if (module) return module;
  const compiling = compileUrl(url, readFile);
  compiled.set(href, compiling);
  try {
    const made = await compiling;
    compiled.set(href, new WeakRef(made));
    return made;
  } catch (error) {
    compiled.delete(href);
    throw error;
  }
}

/** Modules by their address: contexts and codecs share one as long as any of them is alive. */
const compiled = new Map<string, Promise<WebAssembly.Module> | WeakRef<WebAssembly.Module>>();

async function compileUrl(url: URL, readFile: ReadFile | undefined): Promise<WebAssembly.Module> {
  if (url.protocol === 'file:' && readFile) {
    let bytes: Uint8Array;
    try {
      bytes = await readFile(url);
    } catch (cause) {
      throw new EwaldError(
        'Load',
        tooManyFiles(cause)
          ? `the wasm core cannot be read: ${fileReason(cause)}`
          : `the wasm core is missing: ${messageOf(cause)}; ${remedy(url.pathname)}`,
        { cause },
      );
    }
    return compileBytes(bytes, url.pathname);
  }
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw new EwaldError(
      'Load',
      `the wasm core could not be fetched from ${url.href}: ${fetchReason(cause)}; ${remedy(url.href)}`,
      { cause },
    );
  }
  return compileResponse(response, url.href);
}

function toUrl(given: string | URL): URL {
  if (given instanceof URL) return given;
  const base = typeof location === 'undefined' ? undefined : location.href;
  try {
    return new URL(given, base);
  } catch {
    // A plain path on Node.
    return new URL(
      `file://${given.startsWith('/') ? '' : `${(globalThis as { process?: { cwd(): string } }).process?.cwd() ?? ''}/`}${given}`,
    );
  }
}

async function compileResponse(response: Response, where: string): Promise<WebAssembly.Module> {
  if (!response.ok)
    throw new EwaldError(
      'Load',
      `the wasm core was not served: HTTP ${response.status} for ${where}; ${remedy(where)}`,
    );
  return compileBytes(new Uint8Array(await response.arrayBuffer()), where);
}

async function compileBytes(bytes: ArrayBuffer | Uint8Array, where: string): Promise<WebAssembly.Module> {
  const view = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  if (view.length < 8 || view[0] !== 0 || view[1] !== 0x61 || view[2] !== 0x73 || view[3] !== 0x6d) {
    throw new EwaldError(
      'Load',
      `${where} is not a WebAssembly module: it has ${view.length} bytes and does not begin with \\0asm; ` +
        `${remedy(where)}`,
    );
  }
  try {
    return await WebAssembly.compile(view as BufferSource);
  } catch (cause) {
    const refusal = wasmRefusal(cause);
    if (refusal) throw new EwaldError('Load', `the wasm core cannot be compiled: ${refusal}`, { cause });
    throw new EwaldError(
      'Load',
      `${where} (${view.length} bytes) is damaged or truncated, or this engine lacks WebAssembly SIMD: ` +
        `${messageOf(cause)}; ${remedy(where)}`,
      { cause },
    );
  }
}
