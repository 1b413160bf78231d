/** koffi, which calls native functions; an optional peer that is loaded when a native library is opened. */

import { type NativeAccess, NativeSpace } from '../../memory/space.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import { importOptional } from '../../util/optional.js';

/** The part of koffi 3 that is used. */
export interface Koffi {
  readonly version: string;
  /** `deep` binds a library to its own functions first, where the loader can (glibc); null is the program. */
  load(path: string | null, options: { readonly deep: boolean }): KoffiLibrary;
  pointer(type: unknown): unknown;
  proto(result: unknown, parameters: readonly unknown[]): unknown;
  struct(fields: Record<string, unknown>): unknown;
  array(type: unknown, length: number, hint?: string): unknown;
  register(use: (...values: never[]) => unknown, type: unknown): bigint;
  unregister(address: bigint): void;
  address(value: unknown): bigint;
  view(address: bigint, bytes: number): ArrayBuffer;
  decode(address: bigint, type: unknown): unknown;
  encode(address: bigint, type: unknown, value: unknown): void;
  free(address: bigint): void;
}

export interface KoffiFunction {
  (...values: unknown[]): unknown;
  async(...values: unknown[]): void;
}

export interface KoffiLibrary {
  func(name: string, result: unknown, parameters: readonly unknown[]): KoffiFunction;
  symbol(name: string): bigint;
  unload(): void;
}

let loading: Promise<Koffi> | undefined;

/** Loads koffi. @throws `Load` with the command that installs it, if it is missing or too old. */
export function loadKoffi(): Promise<Koffi> {
  loading ??= importKoffi().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function importKoffi(): Promise<Koffi> {
  let module: { default?: Koffi } & Partial<Koffi>;
  try {
    module = (await importOptional('koffi')) as typeof module;
  } catch (cause) {
    const absent =
      (cause as { code?: string }).code === 'ERR_MODULE_NOT_FOUND' ||
      (cause as { code?: string }).code === 'MODULE_NOT_FOUND';
    const why = absent ? 'is not installed' : `does not load (${messageOf(cause).split('\n')[0]})`;
    throw new EwaldError(
      'Load',
      `native libraries are called through koffi, which ${why}; install it: npm install koffi`,
      { cause },
    );
  }
  const koffi = (module.default ?? module) as Koffi;
  if (!(Number.parseInt(koffi.version, 10) >= 3))
    throw new EwaldError(
      'Load',
      `native libraries require koffi 3; found ${koffi.version}; install it: npm install koffi@3`,
    );
  return koffi;
}

/** Sizes of C's types in this process. */
export const processModel = (): 'lp64' | 'llp64' => (process.platform === 'win32' ? 'llp64' : 'lp64');

/** Asynchronous calls: koffi runs a limited number of them at a time in a process, and later ones wait. */
class Turns {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  async run(fn: KoffiFunction, args: readonly unknown[]): Promise<unknown> {
    // Those that wait come first.
    if (this.#waiting.length > 0) await this.#next();
    for (;;) {
      try {
        return await this.#started(fn, args);
      } catch (error) {
        if (!/too many asynchronous calls/i.test(messageOf(error))) throw error;
        if (this.#running === 0)
          throw new EwaldError('Limit', 'other users of koffi have as many asynchronous calls running as it allows', {
            cause: error,
          });
        await this.#next();
      }
    }
  }

  #next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #started(fn: KoffiFunction, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      fn.async(...args, (error: unknown, value: unknown) => {
        this.#running--;
        if (error) reject(error);
        else resolve(value);
        this.#waiting.shift()?.();
      });
      this.#running++;
    });
  }
}

/** The asynchronous calls of the process. */
export const turns = new Turns();

let space: NativeSpace | undefined;

/** The memory of the process through koffi; one object for all libraries, since they share addresses. */
export function nativeSpace(koffi: Koffi): NativeSpace {
  if (!space) {
    const access: NativeAccess = {
      model: processModel(),
      address: (buffer) => koffi.address(new Uint8Array(buffer, 0, Math.min(1, buffer.byteLength))),
      view: (address, bytes) => koffi.view(address, bytes),
    };
    space = new NativeSpace(access);
  }
  return space;
}
